use crate::fixture::{alarms, closed_at, edit, healthy, judged, place, places, repeat, verdict};
use crate::{Reason, Verdict};
use goldenpath_history::RecordKind;
use goldenpath_simulator::{History, healthy_variations, simulate};
use rstest::rstest;
use serde_json::{Value, json};
use std::borrow::Cow;

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
    crate::fixture::rewrite(history, a, |_| second);
    crate::fixture::rewrite(history, b, |_| first);
}

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
            let request = history
                .records
                .iter()
                .position(|r| matches!(r.kind, RecordKind::Request { .. }))
                .expect("it is there");
            let conn = history.records[at].conn;
            let request = (0..history.records.len())
                .find(|i| {
                    history.records[*i].conn == conn
                        && matches!(history.records[*i].kind, RecordKind::Request { .. })
                })
                .unwrap_or(request);
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
fn a_broken_promise_is_found(#[case] row: &str, #[case] owner: &str) {
    let mut history = healthy();
    assert_eq!(verdict(&judged(&history), owner), &Verdict::Pass);
    break_by(row, &mut history);
    let said = judged(&history);
    assert_eq!(verdict(&said, owner), &Verdict::Fail);
    let check = said.checks.iter().find(|check| check.id == owner).expect("listed");
    assert!(!check.findings.is_empty() && check.n < check.of, "{check:?}");
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
