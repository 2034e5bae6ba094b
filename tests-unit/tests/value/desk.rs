//! One user, one run, one answer; and what the checks of value say of it.

use crate::story::Story;
use goldenpath_checkers::{CheckResult, JudgeConfig};
use goldenpath_history::Expect;
use serde_json::{Value, json};

/// A run and its answer.
#[derive(Clone)]
pub(super) struct Desk {
    pub(super) prompt: Option<String>,
    pub(super) parameters: Value,
    pub(super) results: Vec<Value>,
    pub(super) insights: u32,
}

impl Desk {
    /// Nothing is known but the answer.
    pub(super) fn bare() -> Self {
        Self { prompt: None, parameters: json!({}), results: Vec::new(), insights: 0 }
    }

    /// A prompt is answered.
    pub(super) fn asked(prompt: &str) -> Self {
        Self { prompt: Some(prompt.to_owned()), ..Self::bare() }
    }

    /// After a tool gave this.
    pub(super) fn knowing(self, results: Value) -> Self {
        Self { results: vec![results], ..self }
    }

    pub(super) fn story(&self, answer: &str) -> Story {
        let mut story = Story::new();
        let expect = Expect { min_insights: self.insights, ..Expect::default() };
        story.connect("ada").ask("ada", "run", self.prompt.as_deref(), expect).begin("run");
        for results in &self.results {
            story.tool("run", &self.parameters, results);
        }
        story.answer("run", answer);
        story
    }

    pub(super) fn says(&self, id: &str, answer: &str) -> CheckResult {
        self.story(answer).says(id)
    }

    /// What the first finding of a check observed; nothing when it passes.
    fn observed(&self, id: &str, answer: &str) -> String {
        self.says(id, answer).findings.into_iter().next().map(|finding| finding.observed).unwrap_or_default()
    }

    /// The gates that stop the answer, each with its excerpt.
    pub(super) fn gates(&self, answer: &str) -> String {
        self.observed("value/gates", answer)
    }

    /// Only the gates' names.
    pub(super) fn stopped(&self, answer: &str) -> String {
        let found = self.says("value/gates", answer).findings.into_iter().next();
        let summary = found.map(|finding| finding.summary).unwrap_or_default();
        summary.split_once("is junk: ").map(|(_, gates)| gates.to_owned()).unwrap_or_default()
    }

    /// What the answer lacks, as it was observed.
    pub(super) fn lacks(&self, answer: &str) -> String {
        self.observed("value/demands", answer)
    }

    /// How many facts of the tools an answer quotes, of how many, and which there were.
    pub(super) fn facts(&self, answer: &str) -> (String, String) {
        let limits = [("value/facts".to_owned(), 10_000.0)].into();
        let config = JudgeConfig { limits, ..JudgeConfig::default() };
        let check = self.story(answer).says_under("value/facts", config);
        let Some(finding) = check.findings.into_iter().next() else {
            return (format!("all, {:?} of {}", check.value, check.of), String::new());
        };
        let counts = finding.observed.split(':').next().unwrap_or_default().to_owned();
        let examples = finding.expected.split_once("such as ").map(|(_, after)| after.to_owned());
        (counts, examples.unwrap_or_default())
    }
}

/// How many insights an answer has, and each of them.
pub(super) fn insights(answer: &str) -> String {
    let desk = Desk { insights: 1_000, ..Desk::bare() };
    let finding = desk.says("value/demands", answer).findings.into_iter().next().unwrap();
    let few_words = finding.expected.starts_with("at least 12 different words");
    let told = if few_words { finding.observed.split_once("`; ").unwrap().1 } else { &finding.observed };
    told.to_owned()
}

/// How many different words of content an answer has, up to eleven.
pub(super) fn content_words(answer: &str) -> String {
    let lacks = Desk::bare().lacks(answer);
    lacks.split(':').next().unwrap_or_default().to_owned()
}
