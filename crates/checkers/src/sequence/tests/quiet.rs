//! What is no break, and raises no alarm.

use super::{drop_first, run_of};
use crate::fixture::{alarms, edit, healthy, judged, place, places, verdict};
use crate::{Reason, Verdict};
use goldenpath_history::{Record, RecordKind};
use goldenpath_simulator::{History, Scenario, healthy_variations, simulate};
use serde_json::{Value, json};
use std::borrow::Cow;

/// Takes away all that was there of the first run until `before` of its events had come: another device of the user
/// asked for it. The connection joins just then.
fn begun_elsewhere(history: &mut History, before: usize) {
    let start = place(history, "agent_started");
    let (run, conn) = (run_of(history, start), history.records[start].conn);
    let event = match &history.records[start].kind {
        RecordKind::Frame { raw, .. } => serde_json::from_str::<Value>(raw).expect("an event is JSON"),
        _ => Value::Null,
    };
    let request = event["request_id"].as_str().expect("it is there").to_owned();
    let of_run = |record: &Record<'_>| match &record.kind {
        RecordKind::Frame { raw, .. } => raw.contains(&request) || raw.contains(&run),
        RecordKind::Request { request_id, .. } => **request_id == *request,
        _ => false,
    };
    let mut events = 0;
    history.records.retain(|record| {
        let numbered = matches!(&record.kind, RecordKind::Frame { raw, .. } if raw.contains("\"seq\":"));
        events += usize::from(of_run(record) && numbered);
        !of_run(record) || (numbered && events > before)
    });
    let greeting = places(history, "connection_established")
        .into_iter()
        .find(|at| history.records[*at].conn == conn)
        .expect("it is there");
    edit(history, greeting, |frame| frame["offset"] = json!(before));
}

#[test]
fn a_run_that_began_before_anybody_was_there_owes_only_its_rest() {
    for seed in 0..4 {
        let mut history = simulate(&Scenario::golden_path(), seed);
        begun_elsewhere(&mut history, 3);
        let found = alarms(&judged(&history), &["sequence/", "delivery/", "content/"]);
        assert!(found.is_empty(), "seed {seed}: {found:#?}");
    }
}

/// Events of the namespace `x.` may stand in the numbers of their run and stream.
#[test]
fn numbers_that_extensions_take_are_no_holes() {
    let mut history = simulate(&Scenario::golden_path().with_extra_types(), 3);
    let mut records = Vec::new();
    let mut added: std::collections::BTreeMap<String, u64> = std::collections::BTreeMap::new();
    let mut take = |key: &str, more: u64| {
        let taken = added.entry(key.to_owned()).or_default();
        *taken += more;
        *taken
    };
    for mut record in std::mem::take(&mut history.records) {
        let conn = format!("conn {:?}", record.conn);
        let mut after = None;
        let mut copy = record.clone();
        if let RecordKind::Frame { dir: goldenpath_history::Direction::In, raw, .. } = &mut record.kind
            && let Ok(mut event) = serde_json::from_str::<Value>(raw)
            && let (Some(run), Some(seq), Some(offset)) =
                (event["run_id"].as_str().map(str::to_owned), event["seq"].as_u64(), event["offset"].as_u64())
        {
            event["seq"] = json!(seq + take(&run, 0));
            event["offset"] = json!(offset + take(&conn, 0));
            if event["event_count"].is_u64() {
                event["event_count"] = event["seq"].clone();
            }
            *raw = Cow::Owned(event.to_string());
            if event["type"] == "tool_executing" {
                let progress = json!({"type": "x.progress", "run_id": run, "percent": 10,
                    "seq": seq + take(&run, 1), "offset": offset + take(&conn, 1)});
                if let RecordKind::Frame { raw, .. } = &mut copy.kind {
                    *raw = Cow::Owned(progress.to_string());
                }
                after = Some(copy);
            }
        } else if matches!(&record.kind, RecordKind::Mark { name, .. } if name == "store") {
            continue;
        }
        records.push(record);
        records.extend(after);
    }
    history.records = records;
    let found = alarms(&judged(&history), &["sequence/", "delivery/", "content/"]);
    assert!(found.is_empty(), "{found:#?}");
}

/// A tool's own findings may have a subject too, and sub-agents may start under one name.
#[test]
fn another_brands_tools_raise_no_alarm() {
    for parameters in [json!({"days": 90}), json!({"query": "invoices"})] {
        let mut history = healthy();
        for at in places(&history, "tool_executing") {
            edit(&mut history, at, |event| event["parameters"] = parameters.clone());
        }
        for at in places(&history, "tool_completed") {
            edit(&mut history, at, |event| event["results"]["subject"] = json!("Re: the bill of March"));
        }
        let found = alarms(&judged(&history), &["sequence/"]);
        assert!(found.is_empty(), "{found:#?}");
    }
}

#[test]
fn no_healthy_variation_raises_an_alarm() {
    for (row, scenario) in healthy_variations() {
        for seed in 0..4 {
            let said = judged(&simulate(&scenario, seed));
            let found = alarms(&said, &["sequence/", "content/", "timestamps/"]);
            assert!(found.is_empty(), "{row}, seed {seed}: {found:#?}");
        }
    }
}

#[test]
fn a_loss_of_our_own_is_no_finding() {
    let mut history = healthy();
    drop_first(&mut history, "agent_completed");
    let mut lost = history.records[0].clone();
    lost.kind = RecordKind::Lost { count: 1, why: Cow::Borrowed("the recorder's queue was full") };
    history.records.push(lost);
    let said = judged(&history);
    assert_eq!(verdict(&said, "sequence/one-terminal"), &Verdict::Inconclusive(Reason::CaptureIncomplete));
    assert_eq!(verdict(&said, "content/json"), &Verdict::Inconclusive(Reason::CaptureIncomplete));
}

/// What comes again is `delivery/unique-ids`' matter: the numbers go on from where they were.
#[test]
fn an_event_that_comes_again_does_not_take_the_numbering_back() {
    let mut history = healthy();
    let (started, thought) = (place(&history, "agent_started"), places(&history, "agent_thinking")[0]);
    let mut again = history.records[started].clone();
    again.t_ns = history.records[thought].t_ns;
    history.records.insert(thought + 1, again);
    let judgement = judged(&history);
    assert_eq!(verdict(&judgement, "sequence/seq-dense"), &Verdict::Pass);
    assert_eq!(verdict(&judgement, "delivery/unique-ids"), &Verdict::Fail);
}
