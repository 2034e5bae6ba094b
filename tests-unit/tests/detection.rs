//! Every fault of the catalogue, offline: a healthy history is broken by it, and the check that owns it must say so, on
//! every seed, blaming nobody whom the fault did not touch.

use crate::histories::event;
use goldenpath_checkers::{Category, CheckResult, Judge, JudgeConfig, Judgement, Verdict};
use goldenpath_faults::{Broken, FaultInfo, Need, Receipt, break_history, catalogue};
use goldenpath_history::Record;
use goldenpath_simulator::{
    Content, Ending, History, Resume, Scenario, Tools, healthy_trials, healthy_variations, simulate,
};
use std::collections::BTreeSet;

/// Seeds per row.
const SEEDS: u64 = 20;
/// Seeds per healthy variation.
const HEALTHY_SEEDS: u64 = 50;

/// All that the judge says of a history, by every category.
pub(crate) fn judge(history: &History) -> Judgement {
    let config = JudgeConfig { categories: Category::ALL.to_vec(), ..JudgeConfig::default() };
    let mut judge = Judge::new(&history.header, config);
    for (line, record) in history.numbered() {
        judge.observe(line, record);
    }
    judge.finish()
}

/// A healthy session that holds what a fault needs.
pub(crate) fn scenario(row: &FaultInfo) -> Scenario {
    row.needs.iter().fold(Scenario::golden_path().users(3).runs(3), |scenario, need| match need {
        Need::TwoTabs => scenario.tabs(2),
        Need::TwoThreads => scenario.at_once(2).runs(4),
        Need::ParallelTools => scenario.tools(Tools::Parallel(3)),
        Need::NestedAgents => scenario.with_nested_agents(),
        Need::FailingTool => scenario.ending(Ending::Degraded),
        Need::FailingRun => scenario.ending(Ending::Failed),
        Need::Cancel => scenario.ending(Ending::Cancelled),
        Need::Resume => scenario.resuming(Resume::MidRun),
        Need::ResumeTwice => scenario.resuming(Resume::Twice),
        Need::EndsWhileAway => scenario.resuming(Resume::EndsWhileAway),
        Need::Overrun => scenario.resuming(Resume::Overrun),
        Need::NewEpoch => scenario.tabs(2).resuming(Resume::NewEpoch),
        Need::Drain => scenario.with_drain(),
        Need::SlowReader => scenario.with_slow_readers(),
        Need::HalfOpen => scenario.with_half_open_peers(),
        Need::Cycles => scenario.with_cycles(40),
        Need::Idle => scenario.with_idle_time(),
        Need::Crowd => scenario.users(24),
        Need::Overload => scenario.with_overload(),
        Need::Outage => scenario.with_outage(),
        Need::OneFailingUser => scenario.with_one_failing_user(),
        Need::Retry => scenario.with_retries(),
        Need::Refusal => scenario.with_refused_requests(),
        Need::LargeResults => scenario.content(Content::NearLimit),
        Need::Unicode => scenario.content(Content::Unicode),
        Need::LongTexts => scenario.content(Content::Long),
        Need::ManyCalls => scenario.runs(18).tools(Tools::Sequential(4)),
        Need::Refresh => scenario.with_refresh(),
        Need::Expiry => scenario.with_expiry_probe(),
        Need::Revocation => scenario.with_revocation_probe(),
        Need::TokenProbes => scenario.with_token_probes(),
        Need::ForeignProbes => scenario.with_foreign_probes(),
    })
}

/// What the finding of a check is about, as far as its lines tell: users and runs.
fn concerned(records: &[Record<'static>], lines: &[u64]) -> BTreeSet<String> {
    let at = |line: &u64| records.get(usize::try_from(*line).ok()?.checked_sub(2)?);
    let mut names = BTreeSet::new();
    for record in lines.iter().filter_map(at) {
        names.extend(record.user.as_deref().map(str::to_owned));
        if let Some(event) = event(record) {
            names.extend(
                ["user_id", "run_id"].iter().filter_map(|key| event[*key].as_str()).map(str::to_owned),
            );
        }
    }
    names
}

fn touched(receipts: &[Receipt]) -> BTreeSet<String> {
    let names = |receipt: &Receipt| [receipt.user.clone(), receipt.run_id.clone(), receipt.other_run.clone()];
    receipts.iter().flat_map(names).flatten().collect()
}

/// Findings about users and runs that no receipt names.
pub(crate) fn wrongly_blamed<'a>(checks: &'a [CheckResult], broken: &Broken) -> Vec<(&'static str, &'a str)> {
    let touched = touched(&broken.receipts);
    let mut wrong = Vec::new();
    for check in checks {
        for finding in &check.findings {
            let concerned = concerned(&broken.records, &finding.records);
            if !concerned.is_empty() && concerned.is_disjoint(&touched) {
                wrong.push((check.id, finding.summary.as_str()));
            }
        }
    }
    wrong
}

/// The groups that a test below tries, by the letter that their rows begin with.
const TRIED: &str = "LDOSTCWPGERIAB";

/// A group without a test would be one whose faults nobody looks for.
#[test]
fn every_group_of_the_catalogue_is_tried() {
    let known: BTreeSet<char> = catalogue().filter_map(|row| row.id.chars().next()).collect();
    assert_eq!(known, TRIED.chars().collect());
}

/// Breaks and judges every row whose id begins with `group`.
fn every_seed_is_caught(group: char) {
    assert!(TRIED.contains(group), "group {group} is not on the list");
    let rows: Vec<&FaultInfo> = catalogue().filter(|row| row.id.starts_with(group)).collect();
    assert!(!rows.is_empty(), "no row in group {group}");
    let mut missed = Vec::new();
    for row in rows {
        for seed in 0..SEEDS {
            let healthy = simulate(&scenario(row), seed);
            let broken = break_history(&healthy.records, row, seed);
            assert!(!broken.receipts.is_empty(), "{} never acted, seed {seed}", row.id);
            let history = History { header: healthy.header, records: broken.records.clone() };
            let checks = judge(&history).checks;
            let failed: Vec<&str> =
                checks.iter().filter(|check| check.verdict == Verdict::Fail).map(|check| check.id).collect();
            if !failed.contains(&row.owner) {
                missed.push(format!(
                    "{} ({}), seed {seed}: {} says nothing, only {failed:?}",
                    row.id, row.summary, row.owner
                ));
            }
            for (check, summary) in wrongly_blamed(&checks, &broken) {
                missed.push(format!(
                    "{} ({}), seed {seed}: {check} blames the untouched: {summary}",
                    row.id, row.summary
                ));
            }
        }
    }
    assert!(missed.is_empty(), "{} wrong:\n{}", missed.len(), missed.join("\n"));
}

#[test]
fn every_loss_is_caught() {
    every_seed_is_caught('L');
}

#[test]
fn every_duplication_is_caught() {
    every_seed_is_caught('D');
}

#[test]
fn every_disorder_is_caught() {
    every_seed_is_caught('O');
}

#[test]
fn every_false_timestamp_is_caught() {
    every_seed_is_caught('S');
}

#[test]
fn every_fault_of_time_is_caught() {
    every_seed_is_caught('T');
}

#[test]
fn every_fault_of_content_is_caught() {
    every_seed_is_caught('C');
}

#[test]
fn every_end_of_a_connection_is_caught() {
    every_seed_is_caught('W');
}

#[test]
fn everything_that_load_brings_out_is_caught() {
    every_seed_is_caught('P');
}

#[test]
fn every_resource_that_is_kept_is_caught() {
    every_seed_is_caught('G');
}

#[test]
fn every_hidden_error_and_its_aftermath_is_caught() {
    every_seed_is_caught('E');
}

#[test]
fn no_session_that_a_fault_needs_is_blamed_before_it() {
    let mut known = BTreeSet::new();
    let mut alarms = Vec::new();
    for row in catalogue().filter(|row| known.insert(format!("{:?}", row.needs))) {
        for seed in 0..SEEDS {
            let history = simulate(&scenario(row), seed);
            for check in judge(&history).checks.iter().filter(|check| check.verdict == Verdict::Fail) {
                let why = check.findings.first().map_or("", |finding| finding.summary.as_str());
                alarms.push(format!("{:?}, seed {seed}: {} says {why}", row.needs, check.id));
            }
        }
    }
    assert!(alarms.is_empty(), "{} alarms:\n{}", alarms.len(), alarms.join("\n"));
}

#[test]
fn every_fault_of_a_resume_is_caught() {
    every_seed_is_caught('R');
}

#[test]
fn every_leak_is_caught() {
    every_seed_is_caught('I');
}

#[test]
fn every_fault_of_authentication_is_caught() {
    every_seed_is_caught('A');
}

#[test]
fn every_bad_answer_is_caught() {
    every_seed_is_caught('B');
}

#[test]
fn no_healthy_variation_is_blamed() {
    let mut alarms = Vec::new();
    for (row, scenario) in healthy_variations().chain(healthy_trials()) {
        for seed in 0..HEALTHY_SEEDS {
            let history = simulate(&scenario, seed);
            for check in judge(&history).checks.iter().filter(|check| check.verdict == Verdict::Fail) {
                let why = check.findings.first().map_or("", |finding| finding.summary.as_str());
                alarms.push(format!("{row}, seed {seed}: {} says {why}", check.id));
            }
        }
    }
    assert!(alarms.is_empty(), "{} alarms:\n{}", alarms.len(), alarms.join("\n"));
}
