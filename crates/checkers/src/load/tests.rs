//! Loads that are borne, and loads that are not.

use crate::fixture::{judged_with, verdict};
use crate::{Category, JudgeConfig, Reason, Verdict};
use goldenpath_history::{Direction, RecordKind};
use goldenpath_simulator::{History, Scenario, simulate};
use rstest::rstest;

fn says(history: &History, id: &str) -> Verdict {
    let config = JudgeConfig { categories: vec![Category::Stress], ..JudgeConfig::default() };
    verdict(&judged_with(history, config), id).clone()
}

fn crowd() -> History {
    simulate(&Scenario::golden_path().users(22).runs(2), 4)
}

/// Every terminal of one user comes so many milliseconds later, or never.
fn kept_waiting(by_ms: Option<u64>) -> History {
    let mut history = crowd();
    let user = history.records.iter().find_map(|record| record.user.clone());
    let ends = |kind: &RecordKind<'_>| matches!(kind, RecordKind::Frame { dir: Direction::In, raw, .. } if raw.contains("\"type\":\"agent_completed\""));
    match by_ms {
        None => history.records.retain(|record| record.user != user || !ends(&record.kind)),
        Some(by_ms) => {
            for record in
                history.records.iter_mut().filter(|record| record.user == user && ends(&record.kind))
            {
                record.t_ns += by_ms * 1_000_000;
            }
            history.records.sort_by_key(|record| record.t_ns);
        }
    }
    history
}

#[rstest]
#[case::all_alike(crowd(), Verdict::Pass)]
#[case::one_a_little_later(kept_waiting(Some(900)), Verdict::Pass)]
#[case::one_much_later(kept_waiting(Some(9_000)), Verdict::Fail)]
#[case::one_never(kept_waiting(None), Verdict::Fail)]
#[case::too_few(simulate(&Scenario::golden_path(), 4), Verdict::Inconclusive(Reason::NoCoverage))]
fn no_user_starves(#[case] history: History, #[case] verdict: Verdict) {
    assert_eq!(says(&history, "load/fairness"), verdict);
}

#[test]
fn what_is_not_served_is_refused_in_words() {
    let mut history = simulate(&Scenario::golden_path().with_overload().with_explicit_refusals(), 4);
    assert_eq!(says(&history, "load/explicit-refusal"), Verdict::Pass);
    let limited = |kind: &RecordKind<'_>| matches!(kind, RecordKind::Frame { dir: Direction::In, raw, .. } if raw.contains("\"run_limit\""));
    let mut bare = history.clone();
    history.records.retain(|record| !limited(&record.kind));
    assert_eq!(says(&history, "load/explicit-refusal"), Verdict::Fail);
    for record in &mut bare.records {
        if let RecordKind::Open { body, .. } = &mut record.kind {
            *body = None;
        }
    }
    assert_eq!(says(&bare, "load/explicit-refusal"), Verdict::Fail);
}

#[test]
fn where_nothing_was_refused_nothing_is_known_of_refusals() {
    assert_eq!(says(&crowd(), "load/explicit-refusal"), Verdict::Inconclusive(Reason::NoCoverage));
}
