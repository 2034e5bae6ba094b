//! What comes before it may: before its request, or before the acceptance of it.

use super::move_before;
use crate::Verdict;
use crate::fixture::{edit, healthy, judged, place, places, request_of, verdict};
use goldenpath_history::RecordKind;
use goldenpath_simulator::{History, Scenario, simulate};
use serde_json::Value;

/// The place where the second request of the first user was recorded, and that of its run's first event.
fn second_request_and_start(history: &History) -> (usize, usize) {
    let user = history.records[place(history, "agent_started")].user.clone();
    let asked: Vec<usize> = (0..history.records.len())
        .filter(|at| matches!(history.records[*at].kind, RecordKind::Request { .. }))
        .filter(|at| history.records[*at].user == user)
        .collect();
    let start = places(history, "agent_started")
        .into_iter()
        .find(|at| *at > asked[1] && history.records[*at].user == user);
    (asked[1], start.expect("it began"))
}

#[test]
fn a_run_that_borrows_an_answered_request_until_it_is_asked_for_is_early() {
    let mut history = healthy();
    let (asked, start) = second_request_and_start(&history);
    let first = place(&history, "agent_started");
    let borrowed = {
        let RecordKind::Frame { raw, .. } = &history.records[first].kind else { unreachable!() };
        serde_json::from_str::<Value>(raw).expect("an event is JSON")["request_id"].clone()
    };
    edit(&mut history, start, |event| event["request_id"] = borrowed);
    move_before(&mut history, start, asked);
    assert_eq!(verdict(&judged(&history), "sequence/after-request"), &Verdict::Fail);
}

#[test]
fn an_event_that_overtakes_the_acceptance_of_its_request_is_early() {
    let mut history = healthy();
    assert_eq!(verdict(&judged(&history), "sequence/after-request"), &Verdict::Pass);
    let (accepted, start) = (place(&history, "request_accepted"), place(&history, "agent_started"));
    assert!(accepted < start);
    move_before(&mut history, start, accepted);
    assert_eq!(verdict(&judged(&history), "sequence/after-request"), &Verdict::Fail);
}

/// Its first event is too early; the rest of the run is judged as any other.
#[test]
fn a_run_that_began_too_early_is_judged_to_its_end() {
    let mut history = simulate(&Scenario::golden_path().users(1).runs(1), 7);
    let (early, lost) = (place(&history, "agent_started"), place(&history, "tool_completed"));
    let request = request_of(&history, early);
    history.records.remove(lost);
    move_before(&mut history, early, request);
    let judgement = judged(&history);
    for id in ["sequence/after-request", "sequence/tool-pairs", "delivery/no-loss"] {
        assert_eq!(verdict(&judgement, id), &Verdict::Fail, "{id}");
    }
}

/// It says that it is another user's; who asked, and was told that it is theirs, had it too early all the same.
#[test]
fn a_run_that_began_too_early_under_another_users_name_is_early() {
    let mut history = simulate(&Scenario::golden_path().users(2).runs(1), 7);
    let starts = places(&history, "agent_started");
    let mine = history.records[starts[0]].user.clone();
    let theirs = starts
        .iter()
        .find_map(|at| history.records[*at].user.clone().filter(|_| history.records[*at].user != mine));
    let theirs = theirs.expect("another user");
    edit(&mut history, starts[0], |event| event["user_id"] = (&*theirs).into());
    assert_eq!(verdict(&judged(&history), "sequence/after-request"), &Verdict::Pass);
    let request = request_of(&history, starts[0]);
    move_before(&mut history, starts[0], request);
    assert_eq!(verdict(&judged(&history), "sequence/after-request"), &Verdict::Fail);
}
