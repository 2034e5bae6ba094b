//! What a prompt asks for, found by its words.

use super::named::{is_region, is_tag, service};
use super::period::{dates, last_days};
use crate::tools::Parameters;
use crate::workload::Workload;

/// How the answer should look at the bill.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Aspect {
    /// Against an amount that the user named.
    Budget(f64),
    /// Everything, part by part.
    Breadth,
    /// What is wasted.
    Efficiency,
    /// What could be used instead.
    Alternatives,
    /// No special wish.
    Overview,
}

/// A prompt understood.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Question {
    pub(super) workload: Workload,
    pub(super) aspect: Aspect,
    /// Service, region, tag and days that were named; 30 days when none were.
    pub(super) scope: Parameters,
    /// The reference to quote, where the prompt asks for that.
    pub(super) reference: Option<String>,
    /// Whether the prompt speaks of costs at all.
    pub(super) about_costs: bool,
}

impl Question {
    /// Understands a prompt; words it does not know are left aside.
    pub(super) fn of(prompt: &str) -> Self {
        let asked: String =
            prompt.lines().filter(|line| reference(line).is_none()).collect::<Vec<_>>().join("\n");
        let lower = asked.to_lowercase();
        let words: Vec<&str> = lower
            .split(|letter: char| !(letter.is_alphanumeric() || "-=_:$.,/".contains(letter)))
            .map(|word| word.trim_matches(['.', ',', ':', '/', '-']))
            .filter(|word| !word.is_empty())
            .collect();
        let dates = dates(&words);
        let scope = Parameters {
            service: service(&asked, &words),
            region: words.iter().find(|word| is_region(word)).map(|word| (*word).to_owned()),
            tag: words.iter().find(|word| is_tag(word)).map(|word| (*word).to_owned()),
            days: if dates.is_some() { None } else { Some(last_days(&words).unwrap_or(30)) },
            dates,
            ..Parameters::default()
        };
        let named = scope.service.is_some() || scope.region.is_some() || scope.tag.is_some();
        let workload = workload(&lower, &words);
        let money =
            ["cost", "spend", "bill", "price", "pric", "budget", "sav", "expens", "optimi", "cheap", "pay"];
        Self {
            workload,
            aspect: aspect(&lower, &words),
            about_costs: named
                || workload != Workload::All
                || money.iter().any(|stem| words.iter().any(|word| word.starts_with(stem))),
            scope: Parameters {
                workload: (workload != Workload::All || !named).then_some(workload),
                ..scope
            },
            reference: wants_reference(&lower).then(|| prompt.lines().rev().find_map(reference)).flatten(),
        }
    }

    /// Whether a service, region, tag or period was named, which data may lack.
    pub(super) fn is_narrow(&self) -> bool {
        self.scope.service.is_some()
            || self.scope.region.is_some()
            || self.scope.tag.is_some()
            || self.scope.dates.is_some()
    }

    /// The same question without the parts that the data may lack.
    pub(super) fn widened(&self) -> Self {
        let workload = if self.is_narrow() { self.workload } else { Workload::All };
        let scope = Parameters { workload: Some(workload), days: Some(30), ..Parameters::default() };
        Self { workload, scope, ..self.clone() }
    }

    /// What the question is about, in words.
    pub(super) fn topic(&self) -> String {
        let whole = match self.workload {
            Workload::All => "cloud costs",
            Workload::Ai => "AI infrastructure",
            Workload::Training => "model training pipeline",
            Workload::DataProcessing => "data processing",
        };
        let named = [&self.scope.service, &self.scope.region, &self.scope.tag];
        let named: Vec<_> = named.into_iter().flatten().map(String::as_str).collect();
        match (named.is_empty(), self.workload) {
            (true, _) => whole.to_owned(),
            (false, Workload::All) => named.join(", "),
            (false, _) => format!("{whole} ({})", named.join(", ")),
        }
    }
}

fn reference(line: &str) -> Option<String> {
    line.trim().strip_prefix("Reference:").map(|id| id.trim().to_owned()).filter(|id| !id.is_empty())
}

fn wants_reference(lower: &str) -> bool {
    [
        "quote the reference",
        "include the reference",
        "repeat the reference",
        "quote this reference",
        "cite the reference",
    ]
    .iter()
    .any(|wish| lower.contains(wish))
}

fn workload(lower: &str, words: &[&str]) -> Workload {
    let has = |stems: &[&str]| stems.iter().any(|stem| lower.contains(stem));
    if has(&["data process", "data pipeline", "etl", "data engineering", "batch job", "data platform"]) {
        Workload::DataProcessing
    } else if has(&["training", "fine-tun", "finetun", "gpu"]) {
        Workload::Training
    } else if words.iter().any(|word| matches!(*word, "ai" | "ml" | "llm" | "llms" | "inference"))
        || has(&["machine learning", "artificial intelligence", "ai/ml"])
    {
        Workload::Ai
    } else {
        Workload::All
    }
}

fn aspect(lower: &str, words: &[&str]) -> Aspect {
    let has = |stems: &[&str]| stems.iter().any(|stem| lower.contains(stem));
    if has(&["alternativ", "audit", "replace", "instead"]) {
        Aspect::Alternatives
    } else if has(&["efficien", "waste", "idle", "unused"]) {
        Aspect::Efficiency
    } else if has(&["entire", "whole", "everything", "complete", "all of my", "full "]) {
        Aspect::Breadth
    } else {
        words.iter().find_map(|word| named_amount(word)).map_or(Aspect::Overview, Aspect::Budget)
    }
}

/// `$50k`, `$50,000`, `$1.2m`, with or without `/month`.
fn named_amount(word: &str) -> Option<f64> {
    let figure = word.strip_prefix('$')?.split('/').next()?.replace(',', "");
    let (digits, scale) = match figure.strip_suffix('k') {
        Some(digits) => (digits, 1e3),
        None => figure.strip_suffix('m').map_or((figure.as_str(), 1.0), |digits| (digits, 1e6)),
    };
    digits.parse::<f64>().ok().map(|value| value * scale).filter(|value| value.is_finite() && *value > 0.0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;

    #[rstest]
    #[case("between 1999-01-05 and 1999-01-31", Some(("1999-01-05", "1999-01-31")))]
    #[case("from 2024-09-30 back to 2024-09-01", Some(("2024-09-01", "2024-09-30")))]
    #[case("on 2024-09-12", Some(("2024-09-12", "2024-09-12")))]
    #[case("in 2024-09", Some(("2024-09-01", "2024-09-30")))]
    #[case("ticket 2024-13-45", None)]
    fn named_days_bound_the_question(#[case] prompt: &str, #[case] expected: Option<(&str, &str)>) {
        let found = Question::of(&format!("What did we spend {prompt}?")).scope.dates;
        assert_eq!(found, expected.map(|(from, to)| (from.to_owned(), to.to_owned())));
    }

    #[rstest]
    #[case(
        "I'm spending $50k/month on AI infrastructure. Help me optimize costs.",
        Workload::Ai,
        Aspect::Budget(50_000.0)
    )]
    #[case(
        "Analyze my entire AI infrastructure and provide cost optimization",
        Workload::Ai,
        Aspect::Breadth
    )]
    #[case(
        "Review my model training pipeline for efficiency improvements",
        Workload::Training,
        Aspect::Efficiency
    )]
    #[case(
        "Audit my data processing costs and recommend alternatives",
        Workload::DataProcessing,
        Aspect::Alternatives
    )]
    #[case("What does the cloud cost us?", Workload::All, Aspect::Overview)]
    fn prompts_are_understood(#[case] prompt: &str, #[case] workload: Workload, #[case] aspect: Aspect) {
        let question = Question::of(prompt);
        assert_eq!((question.workload, question.aspect), (workload, aspect));
        assert!(question.about_costs);
        assert_eq!(question.scope.days, Some(30));
    }

    #[test]
    fn names_in_a_prompt_become_parameters() {
        let question = Question::of("What did S3 cost in us-west-2 for team=research over the last 2 weeks?");
        assert_eq!(question.scope.service.as_deref(), Some("Amazon Simple Storage Service"));
        assert_eq!(question.scope.region.as_deref(), Some("us-west-2"));
        assert_eq!(question.scope.tag.as_deref(), Some("team=research"));
        assert_eq!(question.scope.days, Some(14));
    }

    #[rstest]
    #[case("our bill in January 2019", "2019-01-01", "2019-01-31")]
    #[case("our bill of 2024-09.", "2024-09-01", "2024-09-30")]
    #[case("costs in 2019?", "2019-01-01", "2019-12-31")]
    fn periods_are_found(#[case] prompt: &str, #[case] from: &str, #[case] to: &str) {
        assert_eq!(Question::of(prompt).scope.dates, Some((from.to_owned(), to.to_owned())));
    }

    #[test]
    fn the_reference_is_quoted_only_when_asked_for() {
        let line = "Reference: gp-0123456789abcdef0123456789abcdef";
        assert_eq!(Question::of(&format!("Optimize costs\n{line}")).reference, None);
        let asked = Question::of(&format!("Optimize costs and quote the reference.\n{line}"));
        assert_eq!(asked.reference.as_deref(), Some("gp-0123456789abcdef0123456789abcdef"));
    }

    #[test]
    fn small_talk_is_not_about_costs() {
        assert!(!Question::of("Hello, how are you?").about_costs);
    }
}
