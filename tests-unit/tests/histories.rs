//! Healthy histories, small surgery on them, and what the judge says of the result. Shared by the tests of checks.

use goldenpath_checkers::{CheckResult, Judge, JudgeConfig, Judgement, Verdict};
use goldenpath_history::{Direction, Record, RecordKind};
use goldenpath_simulator::{History, Scenario, simulate};
use serde_json::Value;

/// A healthy history of two users with one run each, every event and every answer in it.
pub(crate) fn healthy(seed: u64) -> History {
    simulate(&Scenario::golden_path().users(2).runs(1), seed)
}

/// All that the judge says of a history.
pub(crate) fn judge(history: &History) -> Judgement {
    Judge::new(&history.header, JudgeConfig::default()).judge_all(&history.records)
}

/// What one check says.
pub(crate) fn verdict_of(history: &History, id: &str) -> CheckResult {
    judge(history)
        .checks
        .into_iter()
        .find(|check| check.id == id)
        .unwrap_or_else(|| panic!("no check `{id}`"))
}

/// Asserts that the check passes the healthy history and fails the broken one, with evidence.
pub(crate) fn must_fail(id: &str, broken: &History, healthy: &History) {
    let before = verdict_of(healthy, id);
    assert_eq!(before.verdict, Verdict::Pass, "{id} blames a healthy history: {:#?}", before.findings);
    let after = verdict_of(broken, id);
    assert_eq!(after.verdict, Verdict::Fail, "{id} misses it: {after:#?}");
    let finding = after.findings.first().unwrap_or_else(|| panic!("{id} fails without a finding"));
    assert!(!finding.summary.is_empty() && !finding.expected.is_empty() && !finding.observed.is_empty());
    assert!(!finding.records.is_empty(), "{id} names no record: {finding:#?}");
    for line in &finding.records {
        assert!(
            *line >= 2 && *line <= 1 + broken.records.len() as u64,
            "{id} names line {line}, which is not there"
        );
    }
}

/// The received frame as JSON, if it is a received frame that is JSON.
pub(crate) fn event(record: &Record<'_>) -> Option<Value> {
    match &record.kind {
        RecordKind::Frame { dir: Direction::In, raw, .. } => serde_json::from_str(raw).ok(),
        _ => None,
    }
}

/// Whether the record is a received event of this type.
pub(crate) fn is(record: &Record<'_>, event_type: &str) -> bool {
    event(record).is_some_and(|event| event["type"] == event_type)
}

/// A copy without the records that `lost` picks.
pub(crate) fn without(history: &History, mut lost: impl FnMut(&Record<'static>) -> bool) -> History {
    let mut broken = history.clone();
    let before = broken.records.len();
    broken.records.retain(|record| !lost(record));
    assert!(broken.records.len() < before, "the fault never acted");
    broken
}

/// A copy in which `edit` rewrote the received events of one type; `edit` says what the event becomes.
pub(crate) fn rewritten(history: &History, event_type: &str, mut edit: impl FnMut(&mut Value)) -> History {
    let mut broken = history.clone();
    let mut acted = false;
    for record in &mut broken.records {
        if !is(record, event_type) {
            continue;
        }
        let mut value = event(record).unwrap();
        edit(&mut value);
        if let RecordKind::Frame { raw, .. } = &mut record.kind {
            *raw = value.to_string().into();
            acted = true;
        }
    }
    assert!(acted, "the fault never acted: no `{event_type}`");
    broken
}
