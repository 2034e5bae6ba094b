//! One case of a table: its alternatives, each judged, and those that are judged alike put together.

use super::choices::alternatives;
use super::cuttings;
use super::frames::T0_MS;
use super::notation::records;
use super::watch::{Notes, Watch};
use goldenpath_checkers::{
    Category, CheckResult, Finding, Judge, JudgeConfig, Judgement, Verdict, check_info,
};
use goldenpath_history::{Header, WitnessOf};
use goldenpath_protocol::EventType;
use goldenpath_simulator::History;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

/// Findings told per check; the others are counted.
const FINDINGS: usize = 3;

/// The cases of a file; what stands before the first is for its readers.
pub(super) fn cases(text: &str) -> impl Iterator<Item = &str> {
    text.split("\n# ").skip(1)
}

/// The section of a case.
pub(super) fn told(case: &str) -> String {
    let mut section = format!("\n# {}\n", case.trim_end());
    let asked: Vec<&str> =
        case.lines().filter_map(|line| line.strip_prefix("? ")).flat_map(str::split_whitespace).collect();
    // What is said, and of which alternatives, in the order of first saying.
    let mut said: Vec<(String, BTreeSet<usize>)> = Vec::new();
    let mut known: BTreeMap<String, usize> = BTreeMap::new();
    let alternatives = alternatives(case);
    for (chosen, (_, text)) in alternatives.iter().enumerate() {
        let judged = Judged::of(text, &asked);
        for id in &asked {
            for words in judged.says(id) {
                let at = *known.entry(words.clone()).or_insert(said.len());
                if at == said.len() {
                    said.push((words, BTreeSet::new()));
                }
                said[at].1.insert(chosen);
            }
        }
    }
    for (words, of) in said {
        let _ = writeln!(section, "= {words}");
        let names = |of_them: bool| {
            let chosen = (0..alternatives.len()).filter(|chosen| of.contains(chosen) == of_them);
            chosen.map(|chosen| alternatives[chosen].0.as_str()).collect::<Vec<_>>().join("; ")
        };
        let _ = match alternatives.len() - of.len() {
            0 => writeln!(section, "    of all"),
            few if few < of.len() => writeln!(section, "    of all but {}", names(false)),
            _ => writeln!(section, "    of {}", names(true)),
        };
    }
    section
}

/// A case's history, judged.
struct Judged {
    history: History,
    config: JudgeConfig,
    judgement: Judgement,
    /// What the index told.
    index: Notes,
}

impl Judged {
    fn of(text: &str, asked: &[&str]) -> Self {
        let mut lines = text.lines().skip(1);
        let history = lines.clone().filter(|line| !line.starts_with(['?', '!']));
        let records = records(&history.collect::<Vec<_>>().join("\n"));
        let mut header = Header::new("table", "ws://table.invalid/ws", "goldenpath");
        #[allow(clippy::cast_precision_loss, reason = "Unix milliseconds are below 2^53")]
        let t0 = T0_MS as f64;
        header.t0_unix_ms = Some(t0);
        let mut config = JudgeConfig { categories: Category::ALL.to_vec(), ..JudgeConfig::default() };
        let settings =
            lines.by_ref().filter_map(|line| line.strip_prefix("! ")).flat_map(str::split_whitespace);
        settings.for_each(|setting| set(setting, &mut header, &mut config));
        // Where one check is asked, no other need be made, as for a witness: that is most of the work.
        if let [check] = asked
            && check_info(check).is_some()
        {
            header.witness = Some(WitnessOf { check: (*check).to_owned(), lines: Vec::new() });
        }
        let history = History { header, records };
        let (mut judge, index) = (Judge::new(&history.header, config.clone()), Notes::default());
        judge.add(Box::new(Watch(Notes::clone(&index))));
        let judgement = judge.judge_all(&history.records);
        Self { history, config, judgement, index }
    }

    fn says(&self, id: &str) -> Vec<String> {
        let (checks, coverage) = (&self.judgement.checks, &self.judgement.coverage);
        match id {
            "coverage" => coverage.exercised.iter().map(|what| format!("exercised: {what}")).collect(),
            "missing" => coverage.missing.iter().map(|what| format!("missing: {what}")).collect(),
            "metrics" => vec![format!("{:?}", self.judgement.metrics)],
            "index" => self.index.lock().unwrap().lines().map(str::to_owned).collect(),
            "every" => checks.iter().map(words).collect(),
            _ => match id.split_once(':') {
                Some(("witness", of)) => vec![cuttings::witness(&self.history, &self.config, of)],
                Some(("slices", of)) => {
                    let findings = self.finding(of).into_iter();
                    findings.map(|finding| cuttings::slices(&self.history, of, finding)).collect()
                }
                _ => self
                    .check(id)
                    .map(|check| vec![words(check)])
                    .unwrap_or_else(|| panic!("no check is `{id}`")),
            },
        }
    }
}

impl Judged {
    fn check(&self, id: &str) -> Option<&CheckResult> {
        self.judgement.checks.iter().find(|check| check.id == id)
    }

    fn finding(&self, id: &str) -> Option<&Finding> {
        self.check(id)?.findings.first()
    }
}

/// A setting of a case.
fn set(setting: &str, header: &mut Header, config: &mut JudgeConfig) {
    let (name, value) = setting.split_once('=').unwrap_or((setting, ""));
    match name {
        "auth" => header.auth_mode = Some(value.to_owned()),
        "sla" => header.sla = true,
        "seed" => header.seed = value.parse().unwrap(),
        "t0" => header.t0_unix_ms = (value != "-").then(|| value.parse().unwrap()),
        "asked" => header.categories = value.split(',').map(str::to_owned).collect(),
        "categories" => {
            let category = |name: &str| name.parse().unwrap_or_else(|why| panic!("{setting}: {why}"));
            config.categories = value.split(',').filter(|name| !name.is_empty()).map(category).collect();
        }
        "limit" => {
            let (id, limit) = value.split_once(':').unwrap();
            config.limits.insert(id.to_owned(), limit.parse().unwrap());
        }
        "unseen" => drop(config.not_observable.insert(value.to_owned(), "of no interest".to_owned())),
        "absent" if value == "-" => {}
        "absent" => {
            let event = EventType::from_name(value).unwrap_or_else(|| panic!("no event is `{value}`"));
            config.absent_events.push(event);
        }
        "incomplete" => config.complete = false,
        "untimed" => config.judge_timing = false,
        "unquoted" => config.quotes_reference = false,
        "-" => {}
        _ => panic!("no setting is `{setting}`"),
    }
}

/// What a check says, whole.
fn words(check: &CheckResult) -> String {
    let mut words = match &check.verdict {
        Verdict::Pass => format!("{} passes", check.id),
        Verdict::Fail => format!("{} fails", check.id),
        Verdict::Inconclusive(why) => format!("{} is open, {why:?}", check.id),
        Verdict::NotObservable(why) => format!("{} cannot be seen, {why}", check.id),
        Verdict::NotRun(why) => format!("{} is not run, {why}", check.id),
    };
    let _ = write!(words, ", {} of {}", check.n, check.of);
    for (name, number) in [("value", check.value), ("limit", check.limit)] {
        let _ = number.map(|number| write!(words, ", {name} {number:.4}"));
    }
    for finding in check.findings.iter().take(FINDINGS) {
        let lines = finding.records.iter().map(u64::to_string).collect::<Vec<_>>().join(" ");
        let _ = write!(
            words,
            "\n  {}; expected {}; observed {} (lines {lines})",
            finding.summary, finding.expected, finding.observed
        );
    }
    if check.findings.len() > FINDINGS {
        let _ = write!(words, "\n  and {} more", check.findings.len() - FINDINGS);
    }
    words
}
