//! Broken promises, each found by the check that owns it.

use super::{drop_all_of_run, drop_first, move_before, run_of, swap_raw};
use crate::fixture::{assert_found, closed_at, edit, healthy, place, places, repeat, request_of};
use goldenpath_history::{Record, RecordKind};
use goldenpath_simulator::{Ending, History, Resume, Scenario, simulate};
use rstest::rstest;
use serde_json::json;
use std::borrow::Cow;

fn break_by(row: &str, history: &mut History) {
    match row {
        "L01" => drop_all_of_run(history, "agent_started"),
        "L02" => drop_all_of_run(history, "agent_thinking"),
        "L03" => drop_all_of_run(history, "tool_executing"),
        "L04" => drop_first(history, "tool_completed"),
        "L05" => drop_first(history, "agent_completed"),
        "L06" => {
            let at = place(history, "agent_completed");
            history.records[at] = closed_at(history, at, 1000);
        }
        "D03" => {
            let at = place(history, "agent_completed");
            repeat(history, at);
            edit(history, at + 1, |event| event["event_id"] = json!("0190a000-0000-7000-8000-00000000d003"));
        }
        "D06" => {
            let at = place(history, "agent_completed");
            repeat(history, at);
        }
        "O01" => {
            let at = places(history, "agent_thinking")[0];
            swap_raw(history, at, at - 1);
        }
        "O02" => {
            let run = run_of(history, place(history, "agent_completed"));
            let of_run = |kind| places(history, kind).into_iter().rfind(|at| run_of(history, *at) == run);
            let (end, tool) = (
                of_run("agent_completed").expect("it is there"),
                of_run("tool_completed").expect("it is there"),
            );
            move_before(history, end, tool);
        }
        "O03" => {
            let run = run_of(history, place(history, "agent_completed"));
            let end = place(history, "agent_completed");
            let delta = places(history, "response_delta")
                .into_iter()
                .find(|at| run_of(history, *at) == run)
                .expect("it is there");
            let mut copy = history.records[delta].clone();
            copy.t_ns = history.records[end].t_ns + 1;
            history.records.insert(end + 1, copy);
        }
        "O04" => {
            let at = places(history, "agent_thinking")[1];
            edit(history, at, |event| event["seq"] = json!(1));
        }
        "O08" => {
            let at = place(history, "tool_completed");
            edit(history, at, |event| event["execution_id"] = json!("0190a000-0000-7000-8000-0000000000ff"));
        }
        "O09" => {
            let at = places(history, "tool_completed")[0];
            edit(history, at, |event| event["results"]["subject"] = json!("somebody's cat"));
        }
        "O10" => drop_first(history, "tool_completed"),
        "O11" => {
            let at = place(history, "agent_started");
            let request = request_of(history, at);
            move_before(history, at, request);
        }
        "O12" => {
            let at = place(history, "tool_completed");
            edit(history, at, |event| event["tool_name"] = json!("weather"));
        }
        "O13" => {
            for record in &mut history.records {
                if let RecordKind::Request { expect, .. } = &mut record.kind {
                    expect.outcome = goldenpath_history::Outcome::Cancelled;
                }
            }
        }
        "O14" => {
            let at = place(history, "agent_completed");
            edit(history, at, |event| event["success"] = json!(false));
        }
        "E01" => {
            let at = place(history, "tool_completed");
            edit(history, at, |event| {
                event["error"] = json!({"code": "timeout", "message": "it took too long"})
            });
        }
        "E01b" => {
            let at = place(history, "tool_completed");
            edit(history, at, |event| {
                event["success"] = json!(false);
                event["error"] = json!({"code": "timeout", "message": "it took too long"});
            });
        }
        "E01c" => {
            let at = place(history, "tool_completed");
            edit(history, at, |event| event["results"]["success"] = json!(false));
        }
        "D02" => {
            let at = place(history, "tool_completed");
            repeat(history, at);
            edit(history, at + 1, |event| event["event_id"] = json!("0190a000-0000-7000-8000-00000000d002"));
        }
        other => panic!("no such row: {other}"),
    }
}

#[rstest]
#[case("L01", "sequence/five-in-order")]
#[case("L02", "sequence/five-in-order")]
#[case("L03", "sequence/five-in-order")]
#[case("L04", "sequence/tool-pairs")]
#[case("L05", "sequence/one-terminal")]
#[case("L06", "sequence/one-terminal")]
#[case("D02", "sequence/tool-pairs")]
#[case("D03", "sequence/one-terminal")]
#[case("D06", "sequence/one-terminal")]
#[case("O01", "sequence/seq-dense")]
#[case("O02", "sequence/tool-pairs")]
#[case("O03", "sequence/nothing-after-terminal")]
#[case("O04", "sequence/seq-dense")]
#[case("O08", "sequence/tool-pairs")]
#[case("O09", "sequence/tool-pairs")]
#[case("O10", "sequence/tool-pairs")]
#[case("O11", "sequence/after-request")]
#[case("O12", "sequence/tool-pairs")]
#[case("O13", "sequence/terminal-true")]
#[case("O14", "sequence/terminal-true")]
#[case("E01", "sequence/terminal-true")]
#[case("E01b", "sequence/terminal-true")]
#[case("E01c", "sequence/terminal-true")]
fn a_broken_promise_is_found(#[case] row: &str, #[case] owner: &str) {
    assert_found(healthy(), owner, |history| break_by(row, history));
}

/// Drops what the run showed from record `at` on, and lets the session go on for longer than any run may.
fn hang_from(history: &mut History, run: &str, at: usize) {
    for place in (at..history.records.len()).rev() {
        if run_of(history, place) == run {
            history.records.remove(place);
        }
    }
    let last = history.records.last().expect("it is there").t_ns;
    history.records.push(Record {
        t_ns: last + 60_000_000_000,
        conn: None,
        user: None,
        kind: RecordKind::Sample { name: Cow::Borrowed("scheduler_lag_ms"), value: 0.2 },
    });
}

/// The places of what is replayed to the first connection that resumes, and of the first live event after it.
fn replay_of(history: &History) -> (Vec<usize>, usize) {
    let end = place(history, "replay_end");
    let conn = history.records[end].conn;
    let of_conn = |at: &usize| history.records[*at].conn == conn && !run_of(history, *at).is_empty();
    let replayed = (0..end).filter(of_conn).collect();
    (replayed, (end..history.records.len()).find(of_conn).expect("the run goes on"))
}

#[rstest]
#[case::l15("sequence/one-terminal", Scenario::golden_path().ending(Ending::Failed), |history: &mut History| {
    let run = run_of(history, place(history, "agent_started"));
    let thought = places(history, "agent_thinking").into_iter().rfind(|at| run_of(history, *at) == run);
    hang_from(history, &run, thought.expect("it is there") + 1);
})]
#[case::e02("sequence/tool-pairs", Scenario::golden_path().ending(Ending::Degraded), |history: &mut History| {
    let failed = |at: &usize| matches!(&history.records[*at].kind,
        RecordKind::Frame { raw, .. } if raw.contains("\"success\":false"));
    let at = places(history, "tool_completed").into_iter().find(failed).expect("a tool fails");
    history.records.remove(at);
})]
#[case::e02_in_a_failed_run("sequence/tool-pairs", Scenario::golden_path().ending(Ending::Failed), |history: &mut History| {
    drop_first(history, "tool_completed");
})]
#[case::e03("sequence/terminal-true", Scenario::golden_path(), |history: &mut History| {
    // The model was made to answer 429; the run tells of no failure, and a canned text is its answer.
    for record in &mut history.records {
        if let RecordKind::Request { expect, .. } = &mut record.kind {
            expect.outcome = goldenpath_history::Outcome::Failed;
        }
    }
    let at = place(history, "agent_completed");
    edit(history, at, |event| event["final_response"] = json!("Costs can be optimized in many ways; here are some."));
})]
#[case::e03_in_a_tool("sequence/terminal-true", Scenario::golden_path(), |history: &mut History| {
    for record in &mut history.records {
        if let RecordKind::Request { expect, .. } = &mut record.kind {
            expect.failing_tool = true;
        }
    }
})]
#[case::e04("sequence/one-terminal", Scenario::golden_path(), |history: &mut History| {
    let at = place(history, "tool_completed");
    let run = run_of(history, at);
    hang_from(history, &run, at);
})]
#[case::o05("sequence/seq-dense", Scenario::golden_path().resuming(Resume::MidRun), |history: &mut History| {
    let (replayed, live) = replay_of(history);
    move_before(history, live, replayed[0]);
})]
#[case::o06("sequence/seq-dense", Scenario::golden_path().resuming(Resume::MidRun), |history: &mut History| {
    let (replayed, _) = replay_of(history);
    assert!(replayed.len() > 1, "too little is replayed to be sorted");
    move_before(history, replayed[replayed.len() - 1], replayed[0]);
})]
#[case::an_offset_from_before_it_joined("sequence/seq-dense", Scenario::golden_path(), |history: &mut History| {
    let at = place(history, "connection_established");
    edit(history, at, |frame| frame["offset"] = json!(7));
})]
#[case::a_left_out_thought("sequence/five-in-order", Scenario::golden_path().ending(Ending::Failed), |history: &mut History| {
    drop_all_of_run(history, "agent_thinking");
})]
#[case::an_event_in_the_middle_before_its_request("sequence/after-request", Scenario::golden_path(), |history: &mut History| {
    let at = place(history, "agent_thinking");
    let request = request_of(history, at);
    move_before(history, at, request);
})]
fn what_a_run_in_trouble_hides_is_found(
    #[case] owner: &str,
    #[case] scenario: Scenario,
    #[case] break_it: fn(&mut History),
) {
    for seed in 0..4 {
        assert_found(simulate(&scenario, seed), owner, break_it);
    }
}
