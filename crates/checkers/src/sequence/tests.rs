//! What breaks sequences in these tests; and the tests, by what they are about.

mod broken;
mod early;
mod ends;
mod quiet;

use crate::fixture::{place, places, rewrite};
use goldenpath_history::RecordKind;
use goldenpath_simulator::History;
use serde_json::Value;

fn drop_first(history: &mut History, kind: &str) {
    let at = place(history, kind);
    history.records.remove(at);
}

/// Drops every event of one type, of the first run only.
fn drop_all_of_run(history: &mut History, kind: &str) {
    let first = run_of(history, place(history, "agent_started"));
    for at in places(history, kind).into_iter().rev() {
        if run_of(history, at) == first {
            history.records.remove(at);
        }
    }
}

fn run_of(history: &History, at: usize) -> String {
    let RecordKind::Frame { raw, .. } = &history.records[at].kind else { return String::new() };
    let event: Value = serde_json::from_str(raw).expect("an event is JSON");
    event["run_id"].as_str().unwrap_or_default().to_owned()
}

fn move_before(history: &mut History, from: usize, to: usize) {
    let mut record = history.records.remove(from);
    record.t_ns = history.records[to].t_ns;
    history.records.insert(to, record);
}

fn swap_raw(history: &mut History, a: usize, b: usize) {
    let raw = |history: &History, at: usize| match &history.records[at].kind {
        RecordKind::Frame { raw, .. } => raw.clone().into_owned(),
        _ => String::new(),
    };
    let (first, second) = (raw(history, a), raw(history, b));
    rewrite(history, a, |_| second);
    rewrite(history, b, |_| first);
}
