//! These tests can fail: a bug is planted into what a healthy session recorded, and the judge must name it.

use crate::backend::Backend;
use crate::driving::{LAG, Ran, Seen, judge, kept};
use goldenpath_checkers::Verdict;
use goldenpath_history::{Direction, Record, RecordKind};
use goldenpath_protocol::EventType;
use serde_json::{Value, json};

/// What every history here is judged by before a bug is planted.
pub(crate) const HEALTHY: [&str; 4] =
    ["sequence/five-in-order", "delivery/no-loss", "value/gates", "isolation/run-owner"];

pub(crate) type Records = Vec<Record<'static>>;

/// A received frame as JSON; `None` for every other record.
pub(crate) fn frame(record: &Record<'_>) -> Option<Value> {
    match &record.kind {
        RecordKind::Frame { dir: Direction::In, raw, .. } => serde_json::from_str(raw).ok(),
        _ => None,
    }
}

/// The place of the first frame of one type in one run.
pub(crate) fn place(records: &Records, run: &Ran, kind: &str) -> usize {
    let wanted = |frame: Value| frame["run_id"] == run.run_id.as_str() && frame["type"] == kind;
    records.iter().position(|record| frame(record).is_some_and(wanted)).unwrap()
}

/// Changes one recorded frame.
pub(crate) fn change(record: &mut Record<'static>, change: impl FnOnce(&mut Value)) {
    let mut json = frame(record).unwrap();
    change(&mut json);
    record.kind = RecordKind::Frame { dir: Direction::In, raw: json.to_string().into(), opcode: None };
}

/// Takes from an event what it tells its reader.
pub(crate) fn silence(kind: EventType, event: &mut Value) {
    match kind {
        EventType::AgentStarted => event["task_description"] = "".into(),
        EventType::AgentThinking => event["reasoning"] = "".into(),
        EventType::ToolExecuting => event["tool_purpose"] = "".into(),
        EventType::ToolCompleted => event["results"] = json!({}),
        _ => event["final_response"] = "".into(),
    }
}

/// Whether a record is an event of this type in this run.
pub(crate) fn is(record: &Record<'_>, run: &Ran, kind: &str) -> bool {
    frame(record).is_some_and(|frame| frame["run_id"] == run.run_id.as_str() && frame["type"] == kind)
}

/// Whether a record is an event of this run.
pub(crate) fn is_of(record: &Record<'_>, run: &Ran) -> bool {
    frame(record).is_some_and(|frame| frame["run_id"] == run.run_id.as_str() && frame["seq"].is_u64())
}

/// The place of the next event of a run.
pub(crate) fn next(records: &[Record<'_>], run: &Ran, at: usize) -> usize {
    (at + 1..records.len()).find(|n| is_of(&records[*n], run)).unwrap()
}

/// The place of the event of a run before this one.
pub(crate) fn previous(records: &[Record<'_>], run: &Ran, at: usize) -> usize {
    (0..at).rev().find(|n| is_of(&records[*n], run)).unwrap()
}

/// Asserts that the history with the bug in it fails each of `caught`, and that the one without it does not.
pub(crate) fn assert_caught(seen: &Seen, caught: &[&str], plant: impl FnOnce(&mut Records)) {
    let mut records = seen.records.clone();
    plant(&mut records);
    let verdict = |records: &Records, id: &str| {
        let judgement = judge(&seen.header, records, &[HEALTHY.as_slice(), caught].concat());
        judgement.checks.into_iter().find(|check| check.id == id).unwrap().verdict
    };
    for id in caught {
        assert_ne!(verdict(&seen.records, id), Verdict::Fail, "{id} fails without the bug");
        assert_eq!(verdict(&records, id), Verdict::Fail, "{id} does not see the bug");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_bug_in_a_recorded_session_is_named_by_its_check() {
    let backend = Backend::open().await;
    let (runs, seen) =
        kept(&backend, &HEALTHY, async |stage| stage.everybody_asks(&stage.users(2), 1).await).await;
    let (mine, theirs) = (&runs[0], runs.iter().find(|run| run.user != runs[0].user).unwrap());

    // A result is lost on its way.
    assert_caught(&seen, &["sequence/tool-pairs", "sequence/seq-dense", "delivery/no-loss"], |records| {
        records.remove(place(records, mine, "tool_completed"));
    });
    // An event is delivered to every connected user.
    assert_caught(&seen, &["isolation/run-owner"], |records| {
        let at = place(records, mine, "agent_thinking");
        let copy =
            Record { conn: Some(theirs.conn), user: Some(theirs.user.clone().into()), ..records[at].clone() };
        records.insert(at + 1, copy);
    });
    // The answer is empty, and the run calls itself completed.
    assert_caught(&seen, &["content/meaningful", "value/gates"], |records| {
        let at = place(records, mine, "agent_completed");
        change(&mut records[at], |event| event["final_response"] = "".into());
    });
    // One canned text for everybody.
    assert_caught(&seen, &["value/facts"], |records| {
        for run in &runs {
            let at = place(records, run, "agent_completed");
            change(&mut records[at], |event| {
                event["final_response"] =
                    "We looked at your costs. You could save money by reviewing what you use, by buying \
                    commitments for what runs all day, and by removing what nobody uses any more."
                        .into();
            });
        }
    });
    // An event is sent twice.
    assert_caught(&seen, &["delivery/unique-ids"], |records| {
        let at = place(records, mine, "tool_executing");
        records.insert(at + 1, records[at].clone());
    });
    // The first sign of life comes late: everything after the request of one run is half a second later, on a machine that was
    // never late itself.
    assert_caught(&seen, &["timing/first-event"], |records| {
        records.retain(|record| !matches!(&record.kind, RecordKind::Sample { name, .. } if name == LAG));
        let at = place(records, mine, "agent_started");
        for record in &mut records[at..] {
            record.t_ns += 500_000_000;
        }
    });
    // The work is never shown: no thoughts, no tools.
    assert_caught(&seen, &["sequence/five-in-order"], |records| {
        records.retain(|record| {
            !frame(record).is_some_and(|event| {
                event["run_id"] == mine.run_id.as_str() && event["type"] == "agent_thinking"
            })
        });
    });
    // The end never comes.
    assert_caught(&seen, &["delivery/success-rate"], |records| {
        for run in runs.iter().take(2) {
            records.remove(place(records, run, "agent_completed"));
        }
    });
}
