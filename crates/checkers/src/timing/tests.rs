//! Histories that are on time, and such as are late in one way each.

use crate::fixture::{alarms, edit, healthy, judged, place, places, request_of, verdict};
use crate::{Reason, Verdict};
use goldenpath_history::{Direction, Record, RecordKind};
use goldenpath_simulator::{History, Resume, Scenario, healthy_variations, simulate};
use rstest::rstest;
use std::borrow::Cow;

const GROUPS: &[&str] = &["timing/"];
const MS: u64 = 1_000_000;

/// Delays the record at `place` and everything after it, as a socket that is held does.
fn delay(history: &mut History, place: usize, ms: u64) {
    for record in &mut history.records[place..] {
        record.t_ns += ms * MS;
    }
}

#[test]
fn healthy_histories_raise_no_alarm() {
    for (row, scenario) in healthy_variations() {
        let judgement = judged(&simulate(&scenario, 1));
        assert_eq!(alarms(&judgement, GROUPS), Vec::<String>::new(), "{row}");
    }
}

#[test]
fn a_healthy_session_passes_every_check_of_timing() {
    let judgement = judged(&simulate(&Scenario::full_session(), 4));
    for check in judgement.checks.iter().filter(|check| check.id.starts_with("timing/")) {
        assert_eq!(check.verdict, Verdict::Pass, "{}: {:?} {:?}", check.id, check.value, check.findings);
    }
}

#[rstest]
#[case::started("timing/agent-started", "agent_started", 1_001)]
#[case::first("timing/first-event", "agent_started", 101)]
#[case::thinking("timing/agent-thinking", "agent_thinking", 2_001)]
#[case::executing("timing/tool-executing", "tool_executing", 3_001)]
#[case::completed("timing/tool-completed", "tool_completed", 5_001)]
#[case::answer("timing/agent-completed", "agent_completed", 30_001)]
#[case::whole("timing/whole-answer", "agent_completed", 45_001)]
#[case::silent("timing/silence", "agent_completed", 12_000)]
#[case::cold("timing/cold-start", "tool_completed", 5_001)]
#[case::latency("timing/delivery-latency", "agent_started", 9_000)]
fn what_comes_late_is_found(#[case] id: &str, #[case] kind: &str, #[case] ms: u64) {
    let mut history = healthy();
    let at = place(&history, kind);
    delay(&mut history, at, ms);
    let judgement = judged(&history);
    assert_eq!(verdict(&judgement, id), &Verdict::Fail, "{id}");
}

/// The reader was away, and the rest of the run was replayed to it: nobody was slow.
#[test]
fn what_is_replayed_was_late_for_its_reader_alone() {
    for away_ms in [15_000, 50_000] {
        let mut history = simulate(&Scenario::golden_path().runs(1).resuming(Resume::MidRun), 4);
        let replay_end = place(&history, "replay_end");
        let conn = history.records[replay_end].conn;
        let greeting = places(&history, "connection_established")
            .into_iter()
            .find(|at| history.records[*at].conn == conn)
            .unwrap();
        delay(&mut history, greeting, away_ms);
        let moved = history.records.remove(replay_end);
        let end =
            places(&history, "agent_completed").into_iter().find(|at| history.records[*at].conn == conn);
        let t_ns = history.records[end.unwrap()].t_ns;
        history.records.insert(end.unwrap() + 1, Record { t_ns, ..moved });
        // The session goes on.
        let last = history.records.last().unwrap().t_ns;
        let kind = RecordKind::Sample { name: Cow::Borrowed("scheduler_lag_ms"), value: 0.2 };
        history.records.push(Record { t_ns: last + 60_000 * MS, conn: None, user: None, kind });
        let judgement = judged(&history);
        let user = history.records[greeting].user.clone().unwrap();
        let about_it = |alarm: &String| alarm.contains(&*user);
        let found = alarms(&judgement, &["timing/", "sequence/one-terminal", "value/con"]);
        assert_eq!(found.into_iter().filter(about_it).collect::<Vec<_>>(), Vec::<String>::new(), "{away_ms}");
    }
}

/// A tool is waited for from the nearest start, be it the first or one that came again.
#[test]
fn a_tool_is_waited_for_from_a_second_start_too() {
    let mut history = simulate(&Scenario::golden_path().users(1).runs(1), 4);
    let call = place(&history, "tool_executing");
    delay(&mut history, call, 3_001);
    assert_eq!(verdict(&judged(&history), "timing/tool-executing"), &Verdict::Fail);
    let started = history.records[place(&history, "agent_started")].clone();
    let t_ns = history.records[call].t_ns - MS;
    history.records.insert(call, Record { t_ns, ..started });
    assert_eq!(verdict(&judged(&history), "timing/tool-executing"), &Verdict::Fail, "the same event");
    edit(&mut history, call, |event| event["event_id"] = "0192aaaa-bbbb-7ccc-8ddd-eeeeffff0000".into());
    assert_eq!(verdict(&judged(&history), "timing/tool-executing"), &Verdict::Pass);
}

/// The first run is the one that was asked for first, however late its events come.
#[test]
fn a_cold_start_that_is_overtaken_is_found() {
    let mut history = healthy();
    let started = place(&history, "agent_started");
    let RecordKind::Frame { raw, .. } = &history.records[started].kind else { panic!() };
    let run = serde_json::from_str::<serde_json::Value>(raw).unwrap()["run_id"].to_string();
    let end = history.records.iter().map(|record| record.t_ns).max().unwrap();
    for record in &mut history.records {
        match &record.kind {
            RecordKind::Frame { raw, .. } if raw.contains(&run) && raw.contains("\"seq\"") => {
                record.t_ns += 1_500 * MS;
            }
            RecordKind::Close { .. } => record.t_ns = end,
            _ => {}
        }
    }
    history.records.sort_by_key(|record| record.t_ns);
    assert_eq!(verdict(&judged(&history), "timing/cold-start"), &Verdict::Fail);
}

/// Of two runs of one request the first counts, though the second was over, and settled, long before it.
#[test]
fn a_cold_start_is_not_hidden_by_a_second_run_of_its_request() {
    let mut history = healthy();
    let started = place(&history, "agent_started");
    let RecordKind::Frame { raw, .. } = &history.records[started].kind else { panic!() };
    let run = serde_json::from_str::<serde_json::Value>(raw).unwrap()["run_id"].as_str().unwrap().to_owned();
    let end = history.records.iter().map(|record| record.t_ns).max().unwrap();
    let mut second = Vec::new();
    for (at, record) in history.records.iter_mut().enumerate() {
        match &mut record.kind {
            RecordKind::Frame { raw, .. } if raw.contains(&run) && raw.contains("\"seq\"") => {
                let kind = RecordKind::Frame {
                    dir: Direction::In,
                    raw: Cow::Owned(
                        raw.replace(&run, "second").replace("\"event_id\":\"", "\"event_id\":\"x"),
                    ),
                    opcode: None,
                };
                second.push(Record { kind, ..record.clone() });
                // The first of them stays: the first run is heard of before the second.
                if at > started {
                    record.t_ns += end + 20_000 * MS;
                }
            }
            RecordKind::Close { .. } => record.t_ns = 3 * end + 20_000 * MS,
            _ => {}
        }
    }
    history.records.extend(second);
    history.records.sort_by_key(|record| record.t_ns);
    assert_eq!(verdict(&judged(&history), "timing/cold-start"), &Verdict::Fail);
}

#[test]
fn a_client_that_was_late_itself_accuses_nobody() {
    let mut history = healthy();
    let at = place(&history, "tool_completed");
    delay(&mut history, at, 5_001);
    noticed(&mut history, at, 5_000.0);
    let judgement = judged(&history);
    assert_eq!(
        verdict(&judgement, "timing/tool-completed"),
        &Verdict::Inconclusive(Reason::ClientOverloaded)
    );
    assert_eq!(alarms(&judgement, &["timing/"]), Vec::<String>::new());
}

/// The client's own lag, told at the end of the time that it was noticed in.
fn noticed(history: &mut History, at: usize, lag_ms: f64) {
    let t_ns = history.records[at].t_ns;
    let kind = RecordKind::Sample { name: Cow::Borrowed("scheduler_lag_ms"), value: lag_ms };
    history.records.insert(at + 1, Record { t_ns, conn: None, user: None, kind });
}

/// What a lag of a tenth of a second cannot explain is held against the backend, whatever the check.
#[rstest]
#[case::first("timing/first-event", "agent_started", 1_001)]
#[case::cold("timing/cold-start", "tool_completed", 6_001)]
#[case::latency("timing/delivery-latency", "agent_started", 9_000)]
fn a_little_lag_is_no_excuse(#[case] id: &str, #[case] kind: &str, #[case] ms: u64) {
    let mut history = healthy();
    let at = place(&history, kind);
    delay(&mut history, at, ms);
    noticed(&mut history, at, 100.0);
    assert_eq!(verdict(&judged(&history), id), &Verdict::Fail, "{id}");
}

/// As much lag as there was delay: nobody can tell whose it was.
#[test]
fn lag_of_the_same_size_leaves_a_cold_start_open() {
    let mut history = healthy();
    let at = place(&history, "tool_completed");
    delay(&mut history, at, 6_001);
    noticed(&mut history, at, 6_001.0);
    assert_eq!(
        verdict(&judged(&history), "timing/cold-start"),
        &Verdict::Inconclusive(Reason::ClientOverloaded)
    );
}

#[rstest]
#[case::a_little(100.0, Verdict::Fail)]
#[case::a_day(86_400_000.0, Verdict::Inconclusive(Reason::ClientOverloaded))]
fn an_untrue_duration_is_excused_only_by_as_much_lag(#[case] lag_ms: f64, #[case] says: Verdict) {
    let mut history = healthy();
    let at = place(&history, "tool_completed");
    edit(&mut history, at, |frame| frame["duration_ms"] = 86_400_000.into());
    noticed(&mut history, at, lag_ms);
    assert_eq!(verdict(&judged(&history), "timing/durations-true"), &says);
}

/// Holds all events of every run but its last, and flushes them just before it.
fn flushed(history: &mut History) {
    let ends = places(history, "agent_completed");
    for end in ends {
        let RecordKind::Frame { raw, .. } = &history.records[end].kind else { panic!() };
        let run =
            serde_json::from_str::<serde_json::Value>(raw).unwrap()["run_id"].as_str().unwrap().to_owned();
        let end_ns = history.records[end].t_ns;
        for record in &mut history.records {
            if matches!(&record.kind, RecordKind::Frame { raw, .. } if raw.contains(&run) && raw.contains("\"seq\""))
            {
                record.t_ns = record.t_ns.max(end_ns - MS).min(end_ns);
            }
        }
    }
    history.records.sort_by_key(|record| record.t_ns);
}

#[test]
fn a_run_that_is_flushed_at_its_end_is_found() {
    let mut history = healthy();
    flushed(&mut history);
    assert_eq!(verdict(&judged(&history), "timing/streamed"), &Verdict::Fail);
}

#[rstest]
#[case::a_little(30.0, Verdict::Fail)]
#[case::a_minute(60_000.0, Verdict::Inconclusive(Reason::ClientOverloaded))]
fn a_flush_is_excused_only_by_as_much_lag(#[case] lag_ms: f64, #[case] says: Verdict) {
    let mut history = healthy();
    flushed(&mut history);
    for end in places(&history, "agent_completed").into_iter().rev() {
        noticed(&mut history, end, lag_ms);
    }
    assert_eq!(verdict(&judged(&history), "timing/streamed"), &says);
}

/// Of a run whose first thoughts were replayed to who came back, the first live one tells nothing of when it began to think.
#[rstest]
#[case::replayed(true, false)]
#[case::never_shown(false, true)]
fn thoughts_that_were_missed_are_not_late(#[case] replayed: bool, #[case] late: bool) {
    let mut history = simulate(&Scenario::golden_path().users(1).runs(1).resuming(Resume::MidRun), 11);
    let thought = history.records[place(&history, "agent_thinking")].clone();
    for at in places(&history, "agent_thinking").into_iter().rev() {
        history.records.remove(at);
    }
    // One before the last live event, when all tools are done; and one that was missed.
    let end = place(&history, "agent_completed");
    let shown = [Some(end), replayed.then(|| place(&history, "replay_end"))];
    for at in shown.into_iter().flatten() {
        let beside = &history.records[at];
        let (conn, t_ns) = (beside.conn, beside.t_ns);
        history.records.insert(at, Record { conn, t_ns, ..thought.clone() });
        edit(&mut history, at, |frame| {
            frame["event_id"] = format!("0192aaaa-bbbb-7ccc-8ddd-eeeeffff{at:04}").into()
        });
    }
    assert_eq!(*verdict(&judged(&history), "timing/streamed") == Verdict::Fail, late);
}

/// One run, of which all from the return on was replayed, up to the event before its end or the end itself.
fn replayed_up_to(end_too: bool) -> History {
    let mut history = simulate(&Scenario::golden_path().users(1).runs(1).resuming(Resume::MidRun), 11);
    let over = history.records.remove(place(&history, "replay_end"));
    let end = place(&history, "agent_completed");
    let t_ns = history.records[end].t_ns;
    history.records.insert(end + usize::from(end_too), Record { t_ns, ..over });
    history
}

/// A run that came in a replay alone may have been streamed or not.
#[test]
fn what_came_in_a_replay_alone_is_not_judged_as_streamed() {
    let mut history = replayed_up_to(true);
    assert_eq!(verdict(&judged(&history), "timing/streamed"), &Verdict::Pass);
    let back = *places(&history, "connection_established").last().unwrap();
    let mut at = 0;
    history.records.retain(|record| {
        at += 1;
        let event = matches!(&record.kind, RecordKind::Frame { raw, .. } if raw.contains("\"seq\":"));
        at > back || !event
    });
    assert!(!places(&history, "agent_thinking").is_empty());
    let says = Verdict::Inconclusive(Reason::NoCoverage);
    assert_eq!(verdict(&judged(&history), "timing/streamed"), &says);
}

/// Where a thought stands in its run is told by a replay too.
#[rstest]
#[case::after_all_tools(true, Verdict::Fail)]
#[case::where_it_was(false, Verdict::Pass)]
fn a_replayed_thought_after_the_work_is_found(#[case] after: bool, #[case] says: Verdict) {
    let mut history = replayed_up_to(false);
    let thought = history.records[place(&history, "agent_thinking")].clone();
    for at in places(&history, "agent_thinking").into_iter().rev() {
        history.records.remove(at);
    }
    let (end, replay_end) = (place(&history, "agent_completed"), place(&history, "replay_end"));
    let RecordKind::Frame { raw, .. } = &history.records[end].kind else { panic!() };
    let last = serde_json::from_str::<serde_json::Value>(raw).unwrap();
    for at in [end, replay_end] {
        let beside = &history.records[at];
        let (conn, t_ns) = (beside.conn, beside.t_ns);
        history.records.insert(at, Record { conn, t_ns, ..thought.clone() });
        edit(&mut history, at, |frame| {
            frame["event_id"] = format!("0192aaaa-bbbb-7ccc-8ddd-eeeeffff{at:04}").into();
            frame["timestamp"] = last["timestamp"].clone();
            if after {
                frame["seq"] = last["seq"].clone();
            }
        });
    }
    assert_eq!(verdict(&judged(&history), "timing/streamed"), &says);
}

#[test]
fn a_thought_after_the_work_is_found() {
    let mut history = healthy();
    let run_end = place(&history, "agent_completed");
    let user = history.records[run_end].user.clone();
    let thoughts: Vec<usize> = places(&history, "agent_thinking")
        .into_iter()
        .filter(|at| *at < run_end && history.records[*at].user == user)
        .collect();
    let t_ns = history.records[run_end].t_ns - 1;
    let mut moved = Vec::new();
    for at in thoughts.into_iter().rev() {
        let mut record = history.records.remove(at);
        record.t_ns = t_ns;
        moved.insert(0, record);
    }
    let run_end = place(&history, "agent_completed");
    history.records.splice(run_end..run_end, moved);
    assert_eq!(verdict(&judged(&history), "timing/streamed"), &Verdict::Fail);
}

#[rstest]
#[case("tool_completed")]
#[case("agent_completed")]
fn an_untrue_duration_is_found(#[case] kind: &str) {
    let mut history = healthy();
    let at = place(&history, kind);
    edit(&mut history, at, |frame| frame["duration_ms"] = 86_400_000.into());
    assert_eq!(verdict(&judged(&history), "timing/durations-true"), &Verdict::Fail);
}

#[test]
fn events_that_trickle_slower_than_they_are_made_are_found() {
    let mut history = healthy();
    // Two events a second come of a stream that was made much faster.
    let first = history.records[0].t_ns;
    let mut extra = 0;
    for record in &mut history.records {
        if matches!(&record.kind, RecordKind::Frame { raw, .. } if raw.contains("\"seq\"")) {
            extra += 500 * MS;
        }
        record.t_ns = record.t_ns.max(first) + extra;
    }
    assert_eq!(verdict(&judged(&history), "timing/throughput"), &Verdict::Fail);
}

/// One event slipped out before its request: what follows is waited for all the same.
#[test]
fn an_early_event_does_not_end_the_waiting() {
    let mut history = simulate(&Scenario::golden_path().users(1).runs(1), 7);
    let early = place(&history, "agent_started");
    let request = request_of(&history, early);
    history.records[request..=early].rotate_right(1);
    history.records[request].t_ns = history.records[request + 1].t_ns;
    let answer = place(&history, "agent_completed");
    delay(&mut history, answer, 46_000);
    let judgement = judged(&history);
    for id in ["timing/agent-completed", "timing/whole-answer", "timing/cold-start"] {
        assert_eq!(verdict(&judgement, id), &Verdict::Fail, "{id}");
    }
}

/// All that came of a run came before its request, and it is waited for all the same.
#[test]
fn a_run_that_shows_only_what_came_too_early_is_waited_for() {
    let mut history = simulate(&Scenario::golden_path().users(1).runs(1), 3);
    let started = place(&history, "agent_started");
    let asked =
        history.records.iter().position(|record| matches!(record.kind, RecordKind::Request { .. })).unwrap();
    let accepted = place(&history, "request_accepted");
    let mut early = history.records[started].clone();
    early.t_ns = history.records[asked].t_ns;
    history.records.truncate(accepted + 1);
    history.records.insert(asked, early);
    let last = history.records.last().unwrap().t_ns;
    let kind = RecordKind::Sample { name: Cow::Borrowed("scheduler_lag_ms"), value: 0.2 };
    history.records.push(Record { t_ns: last + 60_000 * MS, conn: None, user: None, kind });
    let judgement = judged(&history);
    for id in ["timing/whole-answer", "timing/silence", "timing/cold-start"] {
        assert_eq!(verdict(&judgement, id), &Verdict::Fail, "{id}");
    }
}
