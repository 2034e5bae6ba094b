use crate::fixture::{edit, healthy, judged, place, places, rewrite, verdict};
use crate::{Verdict, unix_ms_of};
use goldenpath_history::RecordKind;
use goldenpath_protocol::Timestamp;
use goldenpath_simulator::{History, Scenario, simulate};
use rstest::rstest;
use serde_json::{Value, json};

fn shift(history: &mut History, at: usize, by_ms: i64) {
    edit(history, at, |event| {
        let made = unix_ms_of(event["timestamp"].as_str().expect("it is there")).expect("it is there");
        event["timestamp"] = json!(Timestamp::from_unix_ms(made + by_ms).to_string());
    });
}

fn all_events(history: &History) -> Vec<usize> {
    let kinds = goldenpath_protocol::EventType::ALL;
    let mut all: Vec<usize> = kinds.iter().flat_map(|kind| places(history, kind.as_str())).collect();
    all.sort_unstable();
    all
}

fn break_by(row: &str, history: &mut History) {
    let thinking = places(history, "agent_thinking")[1];
    match row {
        "S01" => edit(history, thinking, |event| {
            event.as_object_mut().expect("it is there").remove("timestamp");
        }),
        "S02" => edit(history, thinking, |event| {
            let text = event["timestamp"].as_str().expect("it is there").trim_end_matches('Z').to_owned();
            event["timestamp"] = json!(text);
        }),
        "S03" => edit(history, thinking, |event| {
            let text = event["timestamp"].as_str().expect("it is there")[..19].to_owned();
            event["timestamp"] = json!(format!("{text}Z"));
        }),
        "S04" => {
            let mut first = None;
            for at in all_events(history) {
                edit(history, at, |event| {
                    let frozen: &Value = first.get_or_insert_with(|| event["timestamp"].clone());
                    event["timestamp"] = frozen.clone();
                });
            }
        }
        "S04 later" => {
            // The first run's clock stops at its third event.
            let run = |history: &History, at: usize| {
                let RecordKind::Frame { raw, .. } = &history.records[at].kind else { return None };
                let event: Value = serde_json::from_str(raw).ok()?;
                Some((event["run_id"].clone(), event["seq"].as_u64()?, event["timestamp"].clone()))
            };
            let all = all_events(history);
            let (first, ..) = run(history, all[0]).expect("an event");
            let of_run: Vec<usize> =
                all.into_iter().filter(|at| run(history, *at).is_some_and(|(id, ..)| id == first)).collect();
            let (_, _, stopped) = run(history, of_run[2]).expect("an event");
            for at in of_run.into_iter().skip(2) {
                edit(history, at, |event| event["timestamp"] = stopped.clone());
            }
        }
        "S03 padded" => {
            for at in all_events(history) {
                edit(history, at, |event| {
                    let text = event["timestamp"].as_str().expect("it is there")[..19].to_owned();
                    event["timestamp"] = json!(format!("{text}.000Z"));
                });
            }
        }
        "S05" => shift(history, thinking, -400),
        "S06" => shift(history, thinking, -3_600_000),
        "S07" => shift(history, thinking, 30_000),
        "S08" => edit(history, thinking, |event| event["timestamp"] = json!(1_763_733_600.123)),
        "skew" => {
            history.header.t0_unix_ms = history.header.t0_unix_ms.map(|t0| t0 - 60_000.0);
        }
        other => panic!("no such row: {other}"),
    }
}

#[rstest]
#[case("S01", "timestamps/present")]
#[case("S02", "timestamps/format")]
#[case("S03", "timestamps/format")]
#[case("S03 padded", "timestamps/format")]
#[case("S04", "timestamps/monotone")]
#[case("S04 later", "timestamps/monotone")]
#[case("S05", "timestamps/monotone")]
#[case("S06", "timestamps/in-session")]
#[case("S07", "timestamps/in-session")]
#[case("S08", "timestamps/format")]
#[case("skew", "timestamps/skew")]
fn a_broken_promise_is_found(#[case] row: &str, #[case] owner: &str) {
    let mut history = healthy();
    assert_eq!(verdict(&judged(&history), owner), &Verdict::Pass);
    break_by(row, &mut history);
    let said = judged(&history);
    assert_eq!(verdict(&said, owner), &Verdict::Fail);
}

#[test]
fn a_clock_that_nobody_could_read_is_uncertain() {
    let mut history = healthy();
    for kind in ["connection_established", "pong"] {
        for at in places(&history, kind) {
            rewrite(&mut history, at, |raw| raw.replace("server_time", "other_time"));
        }
    }
    assert!(matches!(verdict(&judged(&history), "timestamps/skew"), Verdict::Inconclusive(_)));
    assert!(place(&history, "agent_started") > 0);
}

/// Whatever came in between: each event is held against every other of its run.
#[test]
fn an_event_that_comes_out_of_its_order_is_held_against_all_others() {
    let mut history = simulate(&Scenario::golden_path().users(1).runs(1), 7);
    let (started, thought) = (place(&history, "agent_started"), place(&history, "agent_thinking"));
    let call = place(&history, "tool_executing");
    // The last of them comes first, and one of the others was made before the one that it follows.
    shift(&mut history, thought, -60_000);
    let late = history.records.remove(call);
    history.records.insert(started, late);
    let ours = |records: &[u64]| records.contains(&(thought as u64 + 3));
    let judgement = judged(&history);
    let check = judgement.checks.iter().find(|check| check.id == "timestamps/monotone").expect("it is there");
    assert_eq!(check.verdict, Verdict::Fail);
    assert!(check.findings.iter().any(|finding| ours(&finding.records)), "{:?}", check.findings);
}

/// A run lasts from when anybody first heard of it, though its acceptance was told to somebody else.
#[test]
fn a_run_whose_clock_stands_still_lasts_from_its_acceptance_on() {
    let mut history = simulate(&Scenario::golden_path().users(2).runs(1), 7);
    let accepted = place(&history, "request_accepted");
    let user = history.records[accepted].user.clone();
    let events: Vec<usize> =
        all_events(&history).into_iter().filter(|at| history.records[*at].user == user).collect();
    let (first, last) = (events[0], events[events.len() - 1]);
    let stands = {
        let RecordKind::Frame { raw, .. } = &history.records[first].kind else { panic!() };
        serde_json::from_str::<Value>(raw).expect("an event is JSON")["timestamp"].clone()
    };
    let end_ns = history.records[last].t_ns;
    for at in events {
        edit(&mut history, at, |event| event["timestamp"] = stands.clone());
        history.records[at].t_ns = end_ns;
    }
    let greetings = places(&history, "connection_established");
    let other = greetings.into_iter().find(|at| history.records[*at].user != user).expect("another user");
    let (conn, other) = (history.records[other].conn, history.records[other].user.clone());
    (history.records[accepted].conn, history.records[accepted].user) = (conn, other);
    history.records.sort_by_key(|record| record.t_ns);
    assert_eq!(verdict(&judged(&history), "timestamps/monotone"), &Verdict::Fail);
    let accepted = places(&history, "request_accepted").remove(0);
    history.records.remove(accepted);
    assert_eq!(verdict(&judged(&history), "timestamps/monotone"), &Verdict::Pass);
}
