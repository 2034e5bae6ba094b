//! Streams that a server lost, and said so: what it still owes is answered by the store alone.

use super::{frames_where, respelt, without};
use crate::fixture::{alarms, edit, judged, judged_with, verdict};
use crate::{Category, JudgeConfig, Verdict};
use goldenpath_history::RecordKind;
use goldenpath_simulator::{History, Resume, Scenario, simulate};

/// A run that was accepted, and all of whose events were lost with its user's stream, as the user was told.
fn lost_with_its_stream() -> History {
    let mut history = simulate(&Scenario::golden_path().resuming(Resume::GapSignalled), 11);
    let gap = frames_where(&history, |frame| frame["recovered"] == "failed")[0];
    let user = history.records[gap].user.clone();
    let run = frames_where(&history, |frame| frame["type"] == "request_accepted")
        .into_iter()
        .rfind(|at| *at < gap && history.records[*at].user == user)
        .and_then(|at| match &history.records[at].kind {
            RecordKind::Frame { raw, .. } => serde_json::from_str::<serde_json::Value>(raw).ok(),
            _ => None,
        })
        .unwrap()["run_id"]
        .clone();
    let gone = frames_where(&history, |frame| frame["run_id"] == run && frame["seq"].is_u64());
    assert!(!gone.is_empty());
    without(&mut history, &gone);
    history
}

#[test]
fn what_was_lost_with_a_stream_is_answered_by_the_store_alone() {
    const IDS: &[&str] = &["delivery/request-answered", "delivery/success-rate", "load/explicit-refusal"];
    let all = |history: &History| {
        let categories = vec![Category::Integration, Category::Stress];
        judged_with(history, JudgeConfig { categories, ..JudgeConfig::default() })
    };
    let history = lost_with_its_stream();
    assert_eq!(alarms(&all(&history), IDS), Vec::<String>::new());
    let answered = |history: &History| {
        let said = all(history);
        assert_eq!(verdict(&said, IDS[0]), verdict(&said, IDS[2]));
        verdict(&said, IDS[0]).clone()
    };

    // Nobody has read it there, or it goes on there, or nobody was told that anything was lost.
    let mut unread = history.clone();
    unread.records.retain(|record| !matches!(&record.kind, RecordKind::Mark { name, .. } if name == "store"));
    assert_eq!(answered(&unread), Verdict::Fail);
    let mut open = history.clone();
    respelt(
        &mut open,
        |_, told| serde_json::json!({"run_id": told["run_id"], "status": 200, "body": {"state": "running"}}),
    );
    assert_eq!(answered(&open), Verdict::Fail);
    let mut untold = history.clone();
    let gap = frames_where(&untold, |frame| frame["recovered"] == "failed")[0];
    edit(&mut untold, gap, |frame| frame["recovered"] = "full".into());
    assert_eq!(answered(&untold), Verdict::Fail);
    // One that was to be answered, and failed.
    let mut failed = history;
    respelt(
        &mut failed,
        |_, told| serde_json::json!({"run_id": told["run_id"], "status": 200, "body": {"state": "failed"}}),
    );
    let said = judged(&failed);
    let rate = said.checks.iter().find(|check| check.id == "delivery/success-rate").unwrap();
    assert!(rate.n + 1 == rate.of, "{rate:?}");
}
