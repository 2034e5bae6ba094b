//! Backends that give back what they took, and one that does not.

use crate::fixture::{judged_with, verdict};
use crate::{Category, JudgeConfig, Reason, Verdict};
use goldenpath_history::{Header, Record, RecordKind, Trial};
use goldenpath_simulator::{Ending, History, Scenario, simulate};
use rstest::rstest;

fn says(name: &'static str, values: &[f64], id: &str) -> Verdict {
    let sample = |(at, value): (u64, &f64)| Record {
        t_ns: at * 1_000_000_000,
        conn: None,
        user: None,
        kind: RecordKind::Sample { name: name.into(), value: *value },
    };
    let records = (0..).zip(values).map(sample).collect();
    let history = History { header: Header::new("s", "t", "goldenpath"), records };
    let config = JudgeConfig { categories: vec![Category::Stress], ..JudgeConfig::default() };
    verdict(&judged_with(&history, config), id).clone()
}

fn memory(megabytes: impl Fn(f64) -> f64) -> Vec<f64> {
    (0..60).map(|at| megabytes(f64::from(at)) * 1e6).collect()
}

const MEMORY: &str = "process_resident_memory_bytes";

#[rstest]
#[case::warms_up(memory(|at| 80.0 + at.min(15.0) * 10.0), Verdict::Pass)]
#[case::leaks(memory(|at| 80.0 + at * 10.0), Verdict::Fail)]
#[case::too_short(vec![1e6, 2e6], Verdict::Inconclusive(Reason::TooFewSamples))]
#[case::none(vec![], Verdict::Inconclusive(Reason::NoCoverage))]
fn memory_comes_to_a_plateau(#[case] samples: Vec<f64>, #[case] verdict: Verdict) {
    assert_eq!(says(MEMORY, &samples, "resources/memory-plateau"), verdict);
}

#[rstest]
#[case(&[100e6, 599e6, 120e6], Verdict::Pass)]
#[case(&[100e6, 601e6, 120e6], Verdict::Fail)]
#[case(&[100e6, f64::NAN], Verdict::Inconclusive(Reason::TooFewSamples))]
fn memory_grows_no_further_than_its_limit(#[case] samples: &[f64], #[case] verdict: Verdict) {
    assert_eq!(says(MEMORY, samples, "resources/memory-growth"), verdict);
}

#[rstest]
#[case(&[40.0, 900.0, 44.0], Verdict::Pass)]
#[case(&[40.0, 900.0, 140.0], Verdict::Fail)]
fn descriptors_are_given_back(#[case] samples: &[f64], #[case] verdict: Verdict) {
    assert_eq!(says("process_open_fds", samples, "resources/descriptors"), verdict);
}

#[rstest]
#[case::one_after_the_other((0..60).map(|at| 40.0 + f64::from(at / 10)).collect(), Verdict::Fail)]
#[case::come_and_go((0..60).map(|at| 40.0 + f64::from(at % 7)).collect(), Verdict::Pass)]
fn descriptors_do_not_rise_on_and_on(#[case] samples: Vec<f64>, #[case] verdict: Verdict) {
    assert_eq!(says("process_open_fds", &samples, "resources/descriptors"), verdict);
}

#[rstest]
#[case::a_small_leak(memory(|at| 80.0 + at * 0.2), Verdict::Fail)]
#[case::a_cache_that_fills(memory(|at| if at > 30.0 { 92.0 } else { 80.0 }), Verdict::Pass)]
fn a_small_rise_that_goes_on_is_a_leak(#[case] samples: Vec<f64>, #[case] verdict: Verdict) {
    assert_eq!(says(MEMORY, &samples, "resources/memory-plateau"), verdict);
}

fn judged(history: &History, id: &str) -> Verdict {
    let config = JudgeConfig { categories: vec![Category::Stress], ..JudgeConfig::default() };
    verdict(&judged_with(history, config), id).clone()
}

/// What one sample of a gauge shows from its last three on.
fn with_last_samples(history: &History, wanted: &str, more: f64) -> History {
    let mut history = history.clone();
    let gauges = history.records.iter_mut().rev().filter_map(|record| match &mut record.kind {
        RecordKind::Sample { name, value } if name == wanted => Some(value),
        _ => None,
    });
    gauges.take(3).for_each(|value| *value += more);
    history
}

#[test]
fn work_ends_with_its_run() {
    let history = simulate(&Scenario::golden_path().ending(Ending::Cancelled), 5);
    assert_eq!(judged(&history, "resources/work-stops"), Verdict::Pass);
    let works_on = with_last_samples(&history, "goldenpath_runs_active", 1.0);
    assert_eq!(judged(&works_on, "resources/work-stops"), Verdict::Fail);
    let nobody_cancelled = simulate(&Scenario::golden_path(), 5);
    assert_eq!(judged(&nobody_cancelled, "resources/work-stops"), Verdict::Inconclusive(Reason::NoCoverage));
}

/// Where nobody has waited for anything for so long, one sample tells; beside open runs it may have been read a moment before.
#[test]
fn one_sample_of_work_tells_when_everything_has_ended() {
    let healthy = simulate(&Scenario::golden_path().users(6).runs(3).ending(Ending::Cancelled), 5);
    let with_one_more = |wanted: fn(f64) -> bool| {
        let mut history = healthy.clone();
        let sampled = history.records.iter_mut().rev().find_map(|record| match &mut record.kind {
            RecordKind::Sample { name, value } if name == "goldenpath_runs_active" && wanted(*value) => {
                Some(value)
            }
            _ => None,
        });
        *sampled.expect("such a sample") += 20.0;
        judged(&history, "resources/work-stops")
    };
    assert_eq!(with_one_more(|_| true), Verdict::Fail);
    assert_eq!(with_one_more(|active| active > 0.0), Verdict::Pass);
}

fn is_event(kind: &RecordKind<'_>, name: &str) -> bool {
    matches!(kind, RecordKind::Frame { raw, .. } if raw.contains(&format!("\"type\":\"{name}\"")))
}

#[test]
fn a_failure_stays_its_own() {
    let mut history = simulate(&Scenario::golden_path().users(3).with_one_failing_user(), 5);
    assert_eq!(judged(&history, "resources/contained"), Verdict::Pass);
    history.records.retain(|record| !is_event(&record.kind, "agent_completed"));
    assert_eq!(judged(&history, "resources/contained"), Verdict::Fail);
    let nothing_failed = simulate(&Scenario::golden_path(), 5);
    assert_eq!(judged(&nothing_failed, "resources/contained"), Verdict::Inconclusive(Reason::NoCoverage));
}

#[test]
fn service_is_back_after_an_outage() {
    let history = simulate(&Scenario::golden_path().users(3).with_outage(), 5);
    assert_eq!(judged(&history, "resources/recovers"), Verdict::Pass);
    let healed =
        history.records.iter().position(|record| Trial::of(&record.kind) == Some(Trial::OutageHealed));
    let healed_ns = history.records[healed.expect("a healed outage")].t_ns;
    let mut down = history.clone();
    down.records.retain(|record| record.t_ns < healed_ns || !is_event(&record.kind, "agent_completed"));
    assert_eq!(judged(&down, "resources/recovers"), Verdict::Fail);
    let mut slow = history;
    for record in slow.records.iter_mut().filter(|record| record.t_ns > healed_ns) {
        if is_event(&record.kind, "agent_completed") {
            record.t_ns += 6_000_000_000;
        }
    }
    slow.records.sort_by_key(|record| record.t_ns);
    assert_eq!(judged(&slow, "resources/recovers"), Verdict::Fail);
    assert_eq!(
        judged(&simulate(&Scenario::golden_path(), 5), "resources/recovers"),
        Verdict::Inconclusive(Reason::NoCoverage)
    );
}
