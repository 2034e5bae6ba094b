//! Histories that keep delivery's promises, and such as break one each.

mod lost_streams;

use crate::fixture::{alarms, closed_at, edit, healthy, judged, place, places, repeat, verdict};
use crate::{Reason, Verdict};
use goldenpath_history::{Direction, Record, RecordKind, Trial};
use goldenpath_simulator::{Content, History, Resume, Scenario, healthy_variations, simulate};
use rstest::rstest;
use std::borrow::Cow;

const GROUPS: &[&str] = &["delivery/"];

fn two_tabs() -> History {
    simulate(&Scenario::golden_path().tabs(2), 11)
}

fn frames_where(history: &History, wanted: impl Fn(&serde_json::Value) -> bool) -> Vec<usize> {
    let is = |record: &Record<'_>| match &record.kind {
        RecordKind::Frame { dir: Direction::In, raw, .. } => {
            serde_json::from_str(raw).is_ok_and(|frame: serde_json::Value| wanted(&frame))
        }
        _ => false,
    };
    (0..history.records.len()).filter(|at| is(&history.records[*at])).collect()
}

/// Leaves out the records at `places`.
fn without(history: &mut History, places: &[usize]) {
    let mut at = 0;
    history.records.retain(|_| {
        at += 1;
        !places.contains(&(at - 1))
    });
}

#[test]
fn healthy_histories_raise_no_alarm() {
    for (row, scenario) in healthy_variations() {
        let judgement = judged(&simulate(&scenario, 1));
        assert_eq!(alarms(&judgement, GROUPS), Vec::<String>::new(), "{row}");
    }
}

#[test]
fn a_healthy_session_with_tabs_passes_every_check_of_delivery() {
    let judgement = judged(&two_tabs());
    for check in judgement.checks.iter().filter(|check| check.id.starts_with("delivery/")) {
        assert_eq!(check.verdict, Verdict::Pass, "{}: {:?}", check.id, check.findings);
        assert!(check.of > 0, "{}", check.id);
    }
}

/// What is done to a healthy history, and the check that must fail of it.
#[rstest]
#[case::in_the_middle("delivery/no-loss", |history: &mut History| {
    let at = place(history, "tool_executing");
    without(history, &[at]);
})]
#[case::before_the_end("delivery/no-loss", |history: &mut History| {
    let end = place(history, "agent_completed");
    let last = *places(history, "response_delta").iter().rfind(|at| **at < end).unwrap();
    without(history, &[last]);
})]
#[case::a_count_that_says_more("delivery/no-loss", |history: &mut History| {
    let at = place(history, "agent_completed");
    edit(history, at, |frame| frame["event_count"] = (frame["event_count"].as_u64().unwrap() + 1).into());
})]
#[case::a_count_that_says_less("delivery/no-loss", |history: &mut History| {
    let at = place(history, "agent_completed");
    edit(history, at, |frame| frame["event_count"] = (frame["event_count"].as_u64().unwrap() - 1).into());
})]
#[case::an_acceptance_of_nothing("delivery/request-answered", |history: &mut History| {
    let at = place(history, "request_accepted");
    edit(history, at, |frame| frame["request_id"] = "0192aaaa-bbbb-7ccc-8ddd-eeeeffff0007".into());
})]
#[case::a_whole_run_in_the_middle("delivery/no-loss", |history: &mut History| {
    let run = {
        let at = place(history, "agent_started");
        let RecordKind::Frame { raw, .. } = &history.records[at].kind else { panic!() };
        serde_json::from_str::<serde_json::Value>(raw).unwrap()["run_id"].clone()
    };
    let gone = frames_where(history, |frame| frame["run_id"] == run && frame["seq"].is_u64());
    without(history, &gone);
})]
#[case::a_delta("delivery/deltas-concatenate", |history: &mut History| {
    let at = place(history, "response_delta");
    without(history, &[at]);
})]
#[case::a_cut_answer("delivery/deltas-concatenate", |history: &mut History| {
    let at = place(history, "agent_completed");
    edit(history, at, |frame| {
        let whole = frame["final_response"].as_str().unwrap().to_owned();
        frame["final_response"] = whole.chars().take(whole.chars().count() * 6 / 10).collect::<String>().into();
    });
})]
#[case::no_answer("delivery/request-answered", |history: &mut History| {
    let gone = frames_where(history, |frame| frame["seq"].is_u64());
    without(history, &gone);
})]
#[case::twice_under_its_id("delivery/unique-ids", |history: &mut History| {
    let at = place(history, "agent_thinking");
    repeat(history, at);
})]
#[case::twice_under_a_new_id("delivery/unique-ids", |history: &mut History| {
    let at = place(history, "tool_completed");
    repeat(history, at);
    edit(history, at + 1, |frame| {
        frame["event_id"] = "0192aaaa-bbbb-7ccc-8ddd-eeeeffff0000".into();
        frame["seq"] = 900.into();
    });
})]
#[case::a_thought_under_a_new_id("delivery/unique-ids", |history: &mut History| {
    let at = place(history, "agent_thinking");
    repeat(history, at);
    edit(history, at + 1, |frame| frame["event_id"] = "0192aaaa-bbbb-7ccc-8ddd-eeeeffff0000".into());
})]
#[case::two_runs_for_a_request("delivery/one-run-per-request", |history: &mut History| {
    let starts = places(history, "agent_started");
    let at = starts[0];
    let copy = history.records[at].clone();
    history.records.insert(at + 1, copy);
    edit(history, at + 1, |frame| {
        frame["run_id"] = "0192aaaa-bbbb-7ccc-8ddd-eeeeffff0001".into();
        frame["event_id"] = "0192aaaa-bbbb-7ccc-8ddd-eeeeffff0002".into();
    });
})]
#[case::success("delivery/success-rate", |history: &mut History| {
    let at = place(history, "agent_completed");
    without(history, &[at]);
})]
#[case::store("delivery/stream-equals-store", |history: &mut History| {
    let store = |record: &Record<'_>| matches!(&record.kind, RecordKind::Mark { name, .. } if name == "store");
    let at = history.records.iter().position(store).unwrap();
    let RecordKind::Mark { note: Some(note), .. } = &mut history.records[at].kind else { panic!() };
    *note = Cow::Owned(note.replacen("completed", "failed", 1));
})]
fn a_broken_promise_is_found(#[case] id: &str, #[case] break_it: fn(&mut History)) {
    let mut history = healthy();
    break_it(&mut history);
    let judgement = judged(&history);
    assert_eq!(verdict(&judgement, id), &Verdict::Fail, "{id}");
    let check = judgement.checks.iter().find(|check| check.id == id).unwrap();
    assert!(!check.findings.is_empty() && !check.findings[0].records.is_empty());
}

#[test]
fn a_tab_that_saw_less_or_otherwise_is_found() {
    let healthy = two_tabs();
    assert_eq!(verdict(&judged(&healthy), "delivery/tabs-agree"), &Verdict::Pass);
    let conns: Vec<u32> = {
        let at = place(&healthy, "agent_started");
        let user = healthy.records[at].user.clone();
        let of_user = healthy.records.iter().filter(|record| record.user == user);
        let mut conns: Vec<u32> = of_user.filter_map(|record| record.conn).collect();
        conns.sort_unstable();
        conns.dedup();
        conns
    };
    let on_second = |history: &History, kind: &str| -> Vec<usize> {
        places(history, kind).into_iter().filter(|at| history.records[*at].conn == Some(conns[1])).collect()
    };
    let mut less = healthy.clone();
    let gone = on_second(&less, "tool_completed");
    without(&mut less, &gone[..1]);
    assert_eq!(verdict(&judged(&less), "delivery/tabs-agree"), &Verdict::Fail);
    let mut nothing = healthy.clone();
    let gone = frames_where(&nothing, |frame| frame["seq"].is_u64());
    let gone: Vec<usize> =
        gone.into_iter().filter(|at| nothing.records[*at].conn == Some(conns[1])).collect();
    without(&mut nothing, &gone);
    assert_eq!(verdict(&judged(&nothing), "delivery/tabs-agree"), &Verdict::Fail);
    let mut otherwise = healthy;
    let at = on_second(&otherwise, "agent_thinking")[0];
    let mut as_long = otherwise.clone();
    edit(&mut otherwise, at, |frame| {
        frame["reasoning"] = "Something else altogether was thought here.".into()
    });
    assert_eq!(verdict(&judged(&otherwise), "delivery/tabs-agree"), &Verdict::Fail);
    edit(&mut as_long, at, |frame| {
        let reversed: String = frame["reasoning"].as_str().unwrap().chars().rev().collect();
        frame["reasoning"] = reversed.into();
    });
    assert_eq!(verdict(&judged(&as_long), "delivery/tabs-agree"), &Verdict::Fail);
}

#[test]
fn swapped_neighbours_are_no_loss() {
    let mut history = healthy();
    let at = place(&history, "tool_executing");
    let conn = history.records[at].conn;
    let neighbours = frames_where(&history, |frame| frame["seq"].is_u64());
    let next = neighbours.into_iter().find(|next| *next > at && history.records[*next].conn == conn).unwrap();
    let (here, there) = (history.records[at].kind.clone(), history.records[next].kind.clone());
    history.records[at].kind = there;
    history.records[next].kind = here;
    assert_ne!(verdict(&judged(&history), "delivery/no-loss"), &Verdict::Fail);
}

/// Another user's event is the isolation checks' to name; it must not look like a loss beside.
#[rstest]
#[case::in_the_own_stream(true)]
#[case::with_its_owners_offset(false)]
fn a_foreign_event_leaves_no_hole(#[case] in_the_own_stream: bool) {
    let mut history = simulate(&Scenario::golden_path().users(2), 11);
    let starts = places(&history, "agent_thinking");
    let (own, foreign) = (starts[0], history.records[starts[0]].user.clone());
    let theirs = *starts.iter().find(|at| history.records[**at].user != foreign).unwrap();
    let mut shown = history.records[theirs].clone();
    (shown.conn, shown.user, shown.t_ns) = {
        let record = &history.records[own];
        (record.conn, record.user.clone(), record.t_ns)
    };
    history.records.insert(own + 1, shown);
    if in_the_own_stream {
        let conn = history.records[own].conn;
        let mut offset = None;
        for at in frames_where(&history, |frame| frame["offset"].is_u64()) {
            if at >= own && history.records[at].conn == conn {
                edit(&mut history, at, |frame| {
                    let next = offset.map_or(frame["offset"].as_u64().unwrap(), |last: u64| last + 1);
                    offset = Some(next);
                    frame["offset"] = next.into();
                });
            }
        }
    }
    let judgement = judged(&history);
    assert_eq!(verdict(&judgement, "delivery/no-loss"), &Verdict::Pass);
    assert_eq!(verdict(&judgement, "isolation/run-owner"), &Verdict::Fail);
}

#[test]
fn records_lost_by_the_capture_are_no_evidence() {
    let mut history = healthy();
    let at = place(&history, "tool_executing");
    history.records[at].kind = RecordKind::Lost { count: 1, why: Cow::Borrowed("the queue was full") };
    assert_eq!(
        verdict(&judged(&history), "delivery/no-loss"),
        &Verdict::Inconclusive(Reason::CaptureIncomplete)
    );
}

#[test]
fn a_refusal_is_an_answer() {
    let mut history = healthy();
    let at = places(&history, "agent_started")[0];
    let (user, request) = {
        let RecordKind::Frame { raw, .. } = &history.records[at].kind else { panic!() };
        let frame: serde_json::Value = serde_json::from_str(raw).unwrap();
        (history.records[at].user.clone(), frame["request_id"].clone())
    };
    let gone = frames_where(&history, |frame| frame["request_id"] == request);
    let first = gone[0];
    let refusal = serde_json::json!({
        "type": "error", "code": "run_limit", "message": "too many runs", "request_id": request, "retryable": true
    });
    let refused = Record {
        t_ns: history.records[first].t_ns,
        conn: history.records[first].conn,
        user,
        kind: RecordKind::Frame { dir: Direction::In, raw: refusal.to_string().into(), opcode: None },
    };
    without(&mut history, &gone);
    history.records.insert(first, refused);
    assert_eq!(
        alarms(&judged(&history), &["delivery/request-answered", "delivery/success-rate"]),
        Vec::<String>::new()
    );
}

/// The note of a store's answer, as somebody else would have spelt it.
fn respelt(history: &mut History, respell: impl Fn(&str, serde_json::Value) -> serde_json::Value) {
    for record in &mut history.records {
        if let RecordKind::Mark { name, note: Some(note) } = &mut record.kind
            && name == "store"
        {
            let told: serde_json::Value = serde_json::from_str(note).unwrap();
            *note = Cow::Owned(respell(note, told).to_string());
        }
    }
}

#[test]
fn a_store_that_spells_otherwise_or_is_busy_tells_no_other_story() {
    let mut history = simulate(&Scenario::golden_path().content(Content::Unicode), 3);
    respelt(&mut history, |_, told| {
        let body = told["body"].to_string();
        let escape = |c: char| {
            let mut units = [0; 2];
            c.encode_utf16(&mut units).iter().map(|unit| format!("\\u{unit:04x}")).collect::<String>()
        };
        let body: String =
            body.chars().map(|c| if c.is_ascii() { c.to_string() } else { escape(c) }).collect();
        serde_json::json!({"run_id": told["run_id"], "status": 200, "body": body})
    });
    assert_eq!(verdict(&judged(&history), "delivery/stream-equals-store"), &Verdict::Pass);
    let mut history = healthy();
    respelt(&mut history, |_, told| serde_json::json!({"run_id": told["run_id"], "status": 429, "body": {}}));
    assert_eq!(
        verdict(&judged(&history), "delivery/stream-equals-store"),
        &Verdict::Inconclusive(Reason::TargetUnavailable)
    );
}

#[rstest]
#[case("tool_purpose")]
#[case("agent_name")]
#[case("summary")]
#[case("duration_ms")]
fn a_field_that_the_store_tells_otherwise_is_found(#[case] field: &str) {
    let mut history = healthy();
    respelt(&mut history, |_, mut told| {
        let events = told["body"]["events"].as_array_mut().unwrap();
        let event = events.iter_mut().find(|event| !event[field].is_null()).unwrap();
        event[field] = if event[field].is_string() { "something else".into() } else { 98_765.into() };
        told
    });
    assert_eq!(verdict(&judged(&history), "delivery/stream-equals-store"), &Verdict::Fail);
}

/// It asked, lost its connection at once, and came back without asking for what it missed.
#[test]
fn a_run_whose_beginning_nobody_asked_to_see_owes_only_its_rest() {
    let mut history = simulate(&Scenario::golden_path().users(2).runs(1).resuming(Resume::GapSignalled), 5);
    let greeting = frames_where(&history, |frame| frame["recovered"] == "failed")[0];
    let (user, back) = (history.records[greeting].user.clone(), history.records[greeting].conn);
    let asked = |record: &Record<'_>| {
        record.user == user
            && matches!(&record.kind, RecordKind::Frame { dir: Direction::Out, raw, .. } if raw.contains("agent_request"))
    };
    let asked = history.records.iter().position(asked).unwrap();
    let gone: Vec<usize> = frames_where(&history, |_| true)
        .into_iter()
        .filter(|at| {
            let record = &history.records[*at];
            *at > asked && record.user == user && record.conn != back
        })
        .collect();
    without(&mut history, &gone);
    let judgement = judged(&history);
    assert_eq!(alarms(&judgement, &["delivery/", "sequence/", "value/con"]), Vec::<String>::new());
}

/// The answer overtook a piece of it; together they are still one text or not.
#[test]
fn pieces_that_come_after_the_answer_are_pieces_of_it() {
    let mut history = simulate(&Scenario::golden_path().users(1).runs(1), 11);
    let (first, answer) = (place(&history, "response_delta"), place(&history, "agent_completed"));
    history.records[first..=answer].rotate_right(1);
    assert_eq!(verdict(&judged(&history), "delivery/deltas-concatenate"), &Verdict::Pass);
    let lost = places(&history, "response_delta")[1];
    history.records.remove(lost);
    assert_eq!(verdict(&judged(&history), "delivery/deltas-concatenate"), &Verdict::Fail);
}

/// Who has accepted a request, by whatever name of its run, refuses it no more by closing the connection.
#[test]
fn a_close_is_no_refusal_of_what_was_accepted() {
    let broken_off = |history: &mut History, from: usize| {
        let conn = history.records[from].conn;
        let close = closed_at(history, from, 4002);
        let mut at = 0;
        history.records.retain(|record| {
            at += 1;
            at <= from || record.conn != conn
        });
        history.records.insert(from, close);
    };
    let accepted = |history: &History| *places(history, "request_accepted").last().unwrap();
    let mut refused = healthy();
    let at = accepted(&refused);
    broken_off(&mut refused, at);
    assert_eq!(verdict(&judged(&refused), "delivery/request-answered"), &Verdict::Pass);
    let mut dropped = healthy();
    let at = accepted(&dropped);
    edit(&mut dropped, at, |frame| frame["run_id"] = 0.into());
    broken_off(&mut dropped, at + 1);
    assert_eq!(verdict(&judged(&dropped), "delivery/request-answered"), &Verdict::Fail);
}

/// Who was there before the request is owed the whole run, though its first event came even before that.
#[test]
fn a_run_that_began_too_early_still_begins_with_its_first_number() {
    let mut history = simulate(&Scenario::golden_path().users(1).runs(1), 5);
    let started = place(&history, "agent_started");
    let asked =
        history.records.iter().position(|record| matches!(record.kind, RecordKind::Request { .. })).unwrap();
    let t_ns = history.records[asked].t_ns;
    let early = Record { t_ns, ..history.records.remove(started) };
    history.records.insert(asked, early);
    for (seq, expected) in [(1, Verdict::Pass), (2, Verdict::Fail)] {
        edit(&mut history, asked, |event| event["seq"] = seq.into());
        let said = judged(&history);
        assert_eq!(verdict(&said, "delivery/no-loss"), &expected);
        assert_eq!(verdict(&said, "sequence/seq-dense"), &expected);
    }
}

/// Two tabs are compared though one of them saw an event before the request.
#[test]
fn a_tab_that_saw_an_event_too_early_is_compared_all_the_same() {
    let mut history = simulate(&Scenario::golden_path().users(1).runs(1).tabs(2), 11);
    let thought = place(&history, "agent_thinking");
    let asked =
        history.records.iter().position(|record| matches!(record.kind, RecordKind::Request { .. })).unwrap();
    assert_eq!(verdict(&judged(&history), "delivery/tabs-agree"), &Verdict::Pass);
    let t_ns = history.records[asked].t_ns;
    let early = Record { t_ns, ..history.records.remove(thought) };
    history.records.insert(asked, early);
    assert_eq!(verdict(&judged(&history), "delivery/tabs-agree"), &Verdict::Fail);
}

/// A connection whose greeting nobody recorded shows only the last of three runs: what that misses is known by what a
/// heartbeat said before. One that tells of more than ever comes there may have been about what came earlier.
#[rstest]
#[case::nobody_knows_where_it_joined(None, Verdict::Pass)]
#[case::nothing_was_written_yet(Some(0), Verdict::Pass)]
#[case::after_the_first_run(Some(1), Verdict::Fail)]
#[case::after_the_second_run(Some(2), Verdict::Pass)]
#[case::after_the_last_run(Some(3), Verdict::Pass)]
fn without_a_greeting_a_heartbeat_tells_where_the_stream_stands(
    #[case] runs_before: Option<usize>,
    #[case] expected: Verdict,
) {
    let mut history = simulate(&Scenario::golden_path().users(1).runs(3), 11);
    let starts = places(&history, "agent_started");
    let ends = places(&history, "agent_completed");
    let shown = frames_where(&history, |frame| frame["seq"].is_u64());
    assert!(ends[1] < starts[2] && shown.len() > 3, "one run after another");
    let offset = |at: usize| {
        let RecordKind::Frame { raw, .. } = &history.records[at].kind else { panic!() };
        serde_json::from_str::<serde_json::Value>(raw).unwrap()["offset"].as_u64().unwrap()
    };
    let told = runs_before.map(|runs| if runs == 0 { 0 } else { offset(ends[runs - 1]) });
    let heartbeat = told.map(|told| {
        let raw = serde_json::json!({"type": "heartbeat", "offset": told}).to_string();
        let kind = RecordKind::Frame { dir: Direction::In, raw: raw.into(), opcode: None };
        Record { kind, ..history.records[starts[0]].clone() }
    });
    let mut gone: Vec<usize> = shown.into_iter().filter(|at| *at < starts[2]).collect();
    gone.extend(places(&history, "connection_established"));
    gone.extend(places(&history, "heartbeat"));
    let first = starts[0] - gone.iter().filter(|at| **at < starts[0]).count();
    without(&mut history, &gone);
    history.records.splice(first..first, heartbeat);
    assert_eq!(verdict(&judged(&history), "delivery/no-loss"), &expected);
}

/// Nobody was away: what is lost after a greeting that comes again is no gap that was told.
#[test]
fn a_second_greeting_excuses_no_loss() {
    let mut history = simulate(&Scenario::golden_path().users(1).runs(1), 11);
    let greeting = history.records[place(&history, "connection_established")].clone();
    let (call, tail) = (place(&history, "tool_executing"), places(&history, "response_delta")[0]);
    let t_ns = history.records[call].t_ns;
    history.records.remove(tail);
    history.records.insert(call, Record { t_ns, ..greeting });
    let judgement = judged(&history);
    assert_eq!(verdict(&judgement, "delivery/no-loss"), &Verdict::Fail);
    assert_eq!(verdict(&judgement, "sequence/five-in-order"), &Verdict::Pass);
}

/// Who comes back without a resume misses what nobody read; one whose link lets nothing through reads nothing either.
#[rstest]
#[case::nobody_else_was_there(None, false)]
#[case::one_to_whom_nothing_came(Some(Some(Trial::PeerVanished)), false)]
#[case::another_tab_was(Some(None), true)]
fn a_gap_that_nobody_asked_to_fill_is_no_loss(#[case] beside: Option<Option<Trial>>, #[case] lost: bool) {
    let mut history = simulate(&Scenario::golden_path().users(1).runs(1).resuming(Resume::MidRun), 11);
    let end = place(&history, "replay_end");
    let opens = |record: &Record<'_>| matches!(record.kind, RecordKind::Open { .. });
    let open = history.records[..end].iter().rposition(opens).unwrap();
    let greeting = (open..end).find(|at| places(&history, "connection_established").contains(at)).unwrap();
    edit(&mut history, greeting, |frame| {
        frame["recovered"] = "fresh".into();
        frame["replay"] = 0.into();
    });
    without(&mut history, &(greeting + 1..=end).collect::<Vec<_>>());
    if let RecordKind::Open { url, .. } = &mut history.records[open].kind {
        *url = None;
    }
    if let Some(trial) = beside {
        let (first, joined) = (history.records[0].clone(), place(&history, "connection_established"));
        let of_another = |record: &Record<'static>| Record { conn: Some(99), ..record.clone() };
        let came = [of_another(&first), of_another(&history.records[joined])];
        let marked = trial.map(|trial| Record { kind: trial.mark(), ..came[1].clone() });
        history.records.splice(joined + 1..joined + 1, came.into_iter().chain(marked));
    }
    let verdict = verdict(&judged(&history), "delivery/no-loss").clone();
    assert_eq!(verdict == Verdict::Fail, lost, "{verdict:?}");
}
