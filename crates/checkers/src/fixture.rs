//! For this crate's tests: simulated histories, broken by hand, and what the judge says of them.

use crate::{Judge, JudgeConfig, Judgement, ReadAhead, Verdict};
use goldenpath_history::{Batch, ClosedBy, Direction, Record, RecordKind};
use goldenpath_simulator::{History, Scenario, simulate};
use serde_json::Value;
use std::borrow::Cow;

/// A healthy history of two users with two runs each.
pub(crate) fn healthy() -> History {
    simulate(&Scenario::golden_path(), 7)
}

/// What the judge says.
pub(crate) fn judged(history: &History) -> Judgement {
    judged_with(history, JudgeConfig::default())
}

/// What the judge says under `config`: the same of records that were read ahead as of any.
pub(crate) fn judged_with(history: &History, config: JudgeConfig) -> Judgement {
    let said = Judge::new(&history.header, config.clone()).judge_all(&history.records);
    let ahead = judged_ahead(history, config);
    assert_eq!(format!("{said:#?}"), format!("{ahead:#?}"), "read ahead it is judged otherwise");
    said
}

/// What the judge says of records read ahead, in batches of few.
fn judged_ahead(history: &History, config: JudgeConfig) -> Judgement {
    let mut judge = Judge::new(&history.header, config);
    let mut batch = Batch::default();
    let mut records = history.numbered().peekable();
    while records.peek().is_some() {
        batch.clear(usize::MAX);
        records.by_ref().take(7).for_each(|(line, record)| batch.push(Ok((line, record.clone()))));
        let ahead = ReadAhead::of(batch);
        ahead.rows().for_each(|row| judge.observe_read(row.expect("a record")));
        batch = ahead.into_batch();
    }
    judge.finish()
}

/// The verdict of one check.
pub(crate) fn verdict<'a>(judgement: &'a Judgement, id: &str) -> &'a Verdict {
    &judgement.checks.iter().find(|check| check.id == id).expect("a check of the catalogue").verdict
}

/// Asserts that a check passes a history, and fails it once it is broken, with evidence for each finding.
#[track_caller]
pub(crate) fn assert_found(mut history: History, id: &str, break_it: impl FnOnce(&mut History)) {
    let seed = history.header.seed;
    assert_eq!(verdict(&judged(&history), id), &Verdict::Pass, "seed {seed}");
    break_it(&mut history);
    let said = judged(&history);
    let check = said.checks.iter().find(|check| check.id == id).expect("a check of the catalogue");
    assert_eq!(check.verdict, Verdict::Fail, "seed {seed}");
    assert!(check.n < check.of && !check.findings.is_empty(), "{check:?}");
    assert!(check.findings.iter().all(|finding| !finding.records.is_empty()), "{check:?}");
}

/// The ids of all checks of `groups` that fail, with their first finding.
pub(crate) fn alarms(judgement: &Judgement, groups: &[&str]) -> Vec<String> {
    judgement
        .checks
        .iter()
        .filter(|check| groups.iter().any(|group| check.id.starts_with(group)))
        .filter(|check| check.verdict == Verdict::Fail)
        .map(|check| format!("{}: {:?}", check.id, check.findings.first()))
        .collect()
}

/// The places of the received events of type `kind`.
pub(crate) fn places(history: &History, kind: &str) -> Vec<usize> {
    let wanted = format!("\"type\":\"{kind}\"");
    (0..history.records.len())
        .filter(|at| {
            matches!(&history.records[*at].kind,
                RecordKind::Frame { dir: Direction::In, raw, .. } if raw.contains(&wanted))
        })
        .collect()
}

/// The first place of an event of type `kind`.
pub(crate) fn place(history: &History, kind: &str) -> usize {
    *places(history, kind).first().expect("an event of this type")
}

/// The place of the first request of the user whom the record `at` came to.
pub(crate) fn request_of(history: &History, at: usize) -> usize {
    let user = &history.records[at].user;
    let asked =
        |record: &Record<'_>| record.user == *user && matches!(record.kind, RecordKind::Request { .. });
    history.records.iter().position(asked).expect("a request of this user")
}

/// Rewrites the raw text of one frame.
pub(crate) fn rewrite(history: &mut History, at: usize, change: impl FnOnce(&str) -> String) {
    if let RecordKind::Frame { raw, .. } = &mut history.records[at].kind {
        *raw = Cow::Owned(change(raw));
    }
}

/// Rewrites the JSON of one frame.
pub(crate) fn edit(history: &mut History, at: usize, change: impl FnOnce(&mut Value)) {
    rewrite(history, at, |raw| {
        let mut value = serde_json::from_str(raw).expect("an event is JSON");
        change(&mut value);
        value.to_string()
    });
}

/// Marks one frame's opcode.
pub(crate) fn opcode(history: &mut History, at: usize, name: &'static str) {
    if let RecordKind::Frame { opcode, .. } = &mut history.records[at].kind {
        *opcode = Some(Cow::Borrowed(name));
    }
}

/// The record after which the frame `at` would come again.
pub(crate) fn repeat(history: &mut History, at: usize) {
    let copy = history.records[at].clone();
    history.records.insert(at + 1, copy);
}

/// A Close by the server on the connection of the frame `at`.
pub(crate) fn closed_at(history: &History, at: usize, code: u16) -> Record<'static> {
    let frame = &history.records[at];
    Record {
        kind: RecordKind::Close { code: Some(code), reason: None, by: ClosedBy::Server },
        ..frame.clone()
    }
}
