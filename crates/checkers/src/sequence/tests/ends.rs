//! Ends, and what a run may leave out before them.

use super::swap_raw;
use crate::Verdict;
use crate::fixture::{edit, healthy, judged, place, places, verdict};
use goldenpath_history::RecordKind;
use goldenpath_simulator::{Scenario, Tools, simulate};
use serde_json::json;
use std::borrow::Cow;

#[test]
fn a_run_that_ends_otherwise_long_after_its_end_has_two_terminals() {
    let mut history = simulate(&Scenario::golden_path().runs(1), 7);
    let end = place(&history, "agent_completed");
    let mut again = history.records[end].clone();
    let last = history.records.iter().position(|record| matches!(record.kind, RecordKind::Close { .. }));
    let last = last.expect("connections end");
    for record in &mut history.records[last..] {
        record.t_ns += 20_000_000_000;
    }
    again.t_ns = history.records[last].t_ns;
    history.records.insert(last, again);
    edit(&mut history, last, |event| {
        event["type"] = json!("agent_failed");
        event["event_id"] = json!("0190a000-0000-7000-8000-00000000d004");
        event["error"] = json!({ "code": "internal", "message": "it took too long", "retryable": true });
    });
    let mut sample = history.records[last].clone();
    sample.conn = None;
    sample.kind = RecordKind::Sample { name: Cow::Borrowed("goldenpath_connections"), value: 2.0 };
    history.records.insert(last, sample);
    assert_eq!(verdict(&judged(&history), "sequence/one-terminal"), &Verdict::Fail);
}

#[test]
fn a_failure_inside_the_results_of_an_answer_is_no_success() {
    let mut history = healthy();
    let end = place(&history, "agent_completed");
    edit(&mut history, end, |event| event["results"] = json!({ "success": false, "items": [] }));
    assert_eq!(verdict(&judged(&history), "sequence/terminal-true"), &Verdict::Fail);
}

/// A failed run may stop early, but what it shows is a beginning of the five, in order.
#[test]
fn a_failed_run_shows_an_ordered_beginning_of_the_five() {
    let scenario = Scenario::golden_path().users(1).runs(1).tools(Tools::Sequential(1));
    let mut history = simulate(&scenario, 7);
    let answer = place(&history, "agent_completed");
    edit(&mut history, answer, |event| event["type"] = json!("agent_failed"));
    assert_eq!(verdict(&judged(&history), "sequence/five-in-order"), &Verdict::Pass);
    let (asked, answered) = (place(&history, "tool_executing"), place(&history, "tool_completed"));
    swap_raw(&mut history, asked, answered);
    assert_eq!(verdict(&judged(&history), "sequence/five-in-order"), &Verdict::Fail);
}

/// One tab is shown another event under the same id: its user has seen two ends.
#[test]
fn an_end_under_the_id_of_another_event_is_an_end() {
    let mut history = simulate(&Scenario::golden_path().users(1).runs(1).tabs(2), 7);
    let second_tab = places(&history, "agent_thinking")[1];
    edit(&mut history, second_tab, |event| event["type"] = json!("agent_failed"));
    assert_eq!(verdict(&judged(&history), "sequence/one-terminal"), &Verdict::Fail);
}
