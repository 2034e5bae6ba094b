//! What the judge says, word for word: of every known fault, of every fault that no list names, and of every healthy variation. A test that
//! asks for a verdict alone would not notice another count, another limit or a sentence about the wrong event; these pages would.
//!
//! `INSTA_UPDATE=always cargo test -p tests-unit words` writes them anew; the difference is to be read like code.

use crate::adversary;
use crate::determinism::Told;
use goldenpath_checkers::{
    Category, CheckResult, Finding, Judge, JudgeConfig, Judgement, Metrics, ReadAhead, Verdict,
};
use goldenpath_detection::healthy_cases;
use goldenpath_faults::catalogue;
use goldenpath_history::Batch;
use goldenpath_simulator::History;
use std::collections::BTreeMap;
use std::fmt::Write as _;

/// The seed of every session told here.
const SEED: u64 = 11;
/// Findings told per check; the others are counted.
const FINDINGS: usize = 2;

/// The judge of a history, by every category.
fn judge(history: &History) -> Judge {
    let config = JudgeConfig { categories: Category::ALL.to_vec(), ..JudgeConfig::default() };
    Judge::new(&history.header, config)
}

/// All that is said of a history.
pub(crate) fn said(history: &History) -> Judgement {
    judge(history).judge_all(&history.records)
}

/// The same of records that were read ahead, in batches of few.
fn said_ahead(history: &History) -> Judgement {
    let mut judge = judge(history);
    let mut batch = Batch::default();
    let mut records = history.numbered().peekable();
    while records.peek().is_some() {
        batch.clear(usize::MAX);
        records.by_ref().take(7).for_each(|(line, record)| batch.push(Ok((line, record.clone()))));
        let ahead = ReadAhead::of(batch);
        ahead.rows().for_each(|row| judge.observe_read(row.unwrap()));
        batch = ahead.into_batch();
    }
    judge.finish()
}

/// One check in a line.
fn line(check: &CheckResult) -> String {
    let verdict = match &check.verdict {
        Verdict::Pass => "passes".to_owned(),
        Verdict::Fail => "fails".to_owned(),
        Verdict::Inconclusive(why) => format!("is open, {why:?}"),
        Verdict::NotObservable(why) => format!("cannot be seen, {why}"),
        Verdict::NotRun(why) => format!("is not run, {why}"),
    };
    let mut line = format!("{} {verdict}, {} of {}", check.id, check.n, check.of);
    for (name, number) in [("value", check.value), ("limit", check.limit)] {
        let _ = number.map(|number| write!(line, ", {name} {number:.4}"));
    }
    line
}

/// The first findings of a check, whole.
fn findings(page: &mut String, findings: &[Finding]) {
    for Finding { summary, expected, observed, records, witness } in findings.iter().take(FINDINGS) {
        let _ = writeln!(
            page,
            "  {summary}\n    expected {expected}\n    observed {observed}\n    lines {records:?}"
        );
        assert_eq!(*witness, None, "nobody cut a witness yet");
    }
    if findings.len() > FINDINGS {
        let _ = writeln!(page, "  and {} more", findings.len() - FINDINGS);
    }
}

/// What is said of a history, read ahead or not, otherwise than of another.
fn differs(page: &mut String, history: &History, than: &Judgement) {
    let said = said(history);
    assert_eq!(said, said_ahead(history), "read ahead it is judged otherwise");
    differences(page, &said, than);
}

/// What one judgement says otherwise than another.
pub(crate) fn differences(page: &mut String, said: &Judgement, than: &Judgement) {
    for (check, healthy) in said.checks.iter().zip(&than.checks) {
        if check != healthy {
            let _ = writeln!(page, "{}", line(check));
            findings(page, &check.findings);
        }
    }
    if said.coverage != than.coverage {
        let _ = writeln!(page, "missing {:?}", said.coverage.missing);
    }
    if said.metrics != than.metrics {
        let _ = writeln!(page, "{}", metrics(&said.metrics));
    }
}

fn metrics(metrics: &Metrics) -> String {
    let share = |number: Option<f64>| number.map_or("-".to_owned(), |number| format!("{number:.3}"));
    let Metrics { avg_latency_ms, p50_latency_ms, p95_latency_ms, p99_latency_ms, max_latency_ms, .. } =
        metrics;
    let latencies = [avg_latency_ms, p50_latency_ms, p95_latency_ms, p99_latency_ms, max_latency_ms];
    format!(
        "{} events, success {}, connections {}, latency {}, throughput {}, growth {}",
        metrics.total_events,
        share(metrics.success_rate_percent),
        share(metrics.connection_success_rate_percent),
        latencies.map(|number| share(*number)).join(" "),
        share(metrics.throughput_events_per_second),
        share(metrics.memory_growth_mb),
    )
}

#[test]
fn every_known_fault_is_told_in_these_words() {
    let mut pages: BTreeMap<char, String> = BTreeMap::new();
    for row in catalogue() {
        let (healthy, broken) = Told::Broken(row).sessions(SEED);
        let page = pages.entry(row.id.chars().next().unwrap()).or_default();
        let _ = writeln!(page, "\n# {} {}", row.id, row.summary);
        differs(page, &broken.history, &said(&healthy));
    }
    for (group, page) in pages {
        insta::assert_snapshot!(format!("faults_{group}"), page);
    }
}

#[test]
fn every_fault_that_no_list_names_is_told_in_these_words() {
    for (name, rows) in adversary::ALL {
        let mut page = String::new();
        for row in *rows {
            let (healthy, broken) = row.sessions(SEED);
            let _ = writeln!(page, "\n# {}", row.summary());
            differs(&mut page, &broken.history, &said(&healthy));
        }
        insta::assert_snapshot!(format!("adversary_{name}"), page);
    }
}

#[test]
fn every_healthy_variation_is_told_in_these_words() {
    let mut page = String::new();
    let mut usual: Option<Judgement> = None;
    for case in healthy_cases() {
        let (history, _) = Told::Healthy(case.clone()).sessions(SEED);
        let _ = writeln!(page, "\n# {}", case.variation);
        match &usual {
            Some(usual) => differs(&mut page, &history, usual),
            None => {
                let said = said(&history);
                said.checks.iter().for_each(|check| {
                    let _ = writeln!(page, "{}", line(check));
                });
                let _ = writeln!(page, "exercised {:?}", said.coverage.exercised);
                let _ = writeln!(page, "{}", metrics(&said.metrics));
                usual = Some(said);
            }
        }
    }
    insta::assert_snapshot!("healthy", page);
}
