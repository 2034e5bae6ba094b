//! Histories that keep users apart, and such as leak.

use crate::fixture::{alarms, edit, judged, place, places, verdict};
use crate::{Reason, Verdict};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use goldenpath_history::{Record, RecordKind};
use goldenpath_simulator::{History, Scenario, healthy_variations, simulate};
use rstest::rstest;
use std::borrow::Cow;

const GROUPS: &[&str] = &["isolation/"];

fn session() -> History {
    simulate(&Scenario::golden_path().users(3).with_foreign_probes(), 5)
}

#[test]
fn healthy_histories_raise_no_alarm() {
    for (row, scenario) in healthy_variations() {
        let judgement = judged(&simulate(&scenario, 1));
        assert_eq!(alarms(&judgement, GROUPS), Vec::<String>::new(), "{row}");
    }
}

#[test]
fn a_healthy_session_passes_every_check_of_isolation() {
    let judgement = judged(&session());
    for check in judgement.checks.iter().filter(|check| check.id.starts_with("isolation/")) {
        assert_eq!(check.verdict, Verdict::Pass, "{}: {:?}", check.id, check.findings);
    }
}

/// Another user's reference that was sent before record `at`.
fn foreign_reference(history: &History, at: usize) -> String {
    let own = history.records[at].user.clone();
    let reference = |record: &Record<'_>| match &record.kind {
        RecordKind::Request { reference, .. } if record.user != own => {
            reference.as_deref().map(str::to_owned)
        }
        _ => None,
    };
    history.records.iter().find_map(reference).unwrap()
}

/// Puts the same event before another user too.
fn broadcast(history: &mut History, at: usize) -> usize {
    let mut copy = history.records[at].clone();
    let other = history.records[..at]
        .iter()
        .rev()
        .find(|record| record.conn.is_some() && record.user.is_some() && record.user != copy.user)
        .cloned()
        .unwrap();
    copy.conn = other.conn;
    copy.user = other.user;
    history.records.insert(at + 1, copy);
    at + 1
}

#[rstest]
#[case::broadcast("isolation/run-owner", |history: &mut History| {
    let at = places(history, "agent_thinking")[1];
    broadcast(history, at);
})]
#[case::relabelled("isolation/canary", |history: &mut History| {
    let at = *places(history, "agent_completed").last().unwrap();
    let secret = foreign_reference(history, at);
    edit(history, at, |frame| frame["summary"] = format!("as asked in {secret}").into());
})]
#[case::base64("isolation/canary", |history: &mut History| {
    let at = *places(history, "tool_completed").last().unwrap();
    let secret = STANDARD.encode(format!("prompt: {}", foreign_reference(history, at)));
    edit(history, at, |frame| frame["results"]["blob"] = secret.into());
})]
#[case::later_known("isolation/canary", |history: &mut History| {
    let at = place(history, "agent_started");
    let user = history.records[at].user.clone();
    let later = history.records.iter().rev().find_map(|record| match &record.kind {
        RecordKind::Request { reference: Some(reference), .. } if record.user != user => Some(reference.to_string()),
        _ => None,
    }).unwrap();
    edit(history, at, |frame| frame["task_description"] = format!("for {later}").into());
})]
#[case::a_foreign_run_id("isolation/canary", |history: &mut History| {
    let starts = places(history, "agent_started");
    let at = *starts.last().unwrap();
    let other = starts.iter().find(|start| history.records[**start].user != history.records[at].user).unwrap();
    let RecordKind::Frame { raw, .. } = &history.records[*other].kind else { panic!() };
    let run = serde_json::from_str::<serde_json::Value>(raw).unwrap()["run_id"].clone();
    edit(history, at, |frame| frame["task_description"] = format!("as in run {}", run.as_str().unwrap()).into());
})]
#[case::another_user("isolation/identity", |history: &mut History| {
    let at = place(history, "agent_thinking");
    edit(history, at, |frame| frame["user_id"] = "somebody-else".into());
})]
#[case::nobody("isolation/identity", |history: &mut History| {
    let at = place(history, "agent_thinking");
    edit(history, at, |frame| frame["user_id"] = serde_json::Value::Null);
})]
#[case::registry("isolation/identity", |history: &mut History| {
    for at in places(history, "agent_thinking") {
        edit(history, at, |frame| frame["run_id"] = "registry".into());
    }
})]
#[case::another_request("isolation/identity", |history: &mut History| {
    let at = place(history, "tool_executing");
    edit(history, at, |frame| frame["request_id"] = "0192aaaa-bbbb-7ccc-8ddd-eeeeffff0009".into());
})]
#[case::an_acceptance_for_another_user("isolation/canary", |history: &mut History| {
    let at = *places(history, "request_accepted").last().unwrap();
    broadcast(history, at);
})]
#[case::a_store_that_holds_anothers_prompt("isolation/canary", |history: &mut History| {
    let store = |record: &Record<'_>| matches!(&record.kind, RecordKind::Mark { name, .. } if name == "store");
    let at = history.records.iter().rposition(store).unwrap();
    let secret = foreign_reference(history, at);
    let RecordKind::Mark { note: Some(note), .. } = &mut history.records[at].kind else { panic!() };
    *note = Cow::Owned(note.replacen("\"summary\":\"", &format!("\"summary\":\"{secret} "), 1));
})]
#[case::thread("isolation/thread", |history: &mut History| {
    let at = place(history, "tool_executing");
    edit(history, at, |frame| frame["thread_id"] = "0192aaaa-bbbb-7ccc-8ddd-eeeeffff0003".into());
})]
#[case::foreign_read("isolation/foreign-access", |history: &mut History| {
    probe(history, "foreign_read", Some(200), Some("{\"run_id\":\"r\",\"state\":\"completed\"}"));
})]
#[case::foreign_thread("isolation/foreign-access", |history: &mut History| {
    probe(history, "foreign_thread", None, Some("{\"type\":\"request_accepted\"}"));
})]
#[case::foreign_resume("isolation/foreign-access", |history: &mut History| {
    let greeting = "{\"type\":\"connection_established\",\"recovered\":\"full\",\"replay\":4}";
    probe(history, "foreign_resume", Some(101), Some(greeting));
})]
fn a_leak_is_found(#[case] id: &str, #[case] leak: fn(&mut History)) {
    let mut history = session();
    leak(&mut history);
    let judgement = judged(&history);
    assert_eq!(verdict(&judgement, id), &Verdict::Fail, "{id}");
}

fn probe(history: &mut History, kind: &str, status: Option<u16>, answer: Option<&str>) {
    let last = history.records.last().unwrap().clone();
    let note = serde_json::json!({
        "kind": kind, "owner": "user-b", "target": "r1", "status": status, "answer": answer
    });
    let user = history.records.iter().find_map(|record| record.user.clone());
    let kind = RecordKind::Mark { name: Cow::Borrowed("probe"), note: Some(note.to_string().into()) };
    history.records.push(Record { user, conn: None, kind, ..last });
}

/// The text of a field of the first event of a type that came to another user than this one.
fn anothers(history: &History, kind: &str, field: &str, not: Option<&str>) -> String {
    let at =
        places(history, kind).into_iter().find(|at| history.records[*at].user.as_deref() != not).unwrap();
    let RecordKind::Frame { raw, .. } = &history.records[at].kind else { panic!() };
    serde_json::from_str::<serde_json::Value>(raw).unwrap()[field].as_str().unwrap().to_owned()
}

/// An answer of the last run that tells what another user's tools found, without a reference.
fn with_foreign_names(written: fn(&str) -> String) -> History {
    let mut history = session();
    let at = *places(&history, "agent_completed").last().unwrap();
    let user = history.records[at].user.clone();
    let theirs = anothers(&history, "agent_completed", "final_response", user.as_deref());
    let told = theirs.split("Reference:").next().unwrap().to_owned();
    edit(&mut history, at, |frame| frame["final_response"] = written(&told).into());
    history
}

#[test]
fn names_that_only_anothers_tools_found_are_a_leak_plain_or_encoded() {
    let hex = |text: &str| text.bytes().map(|byte| format!("{byte:02x}")).collect::<String>();
    let percent = |text: &str| text.bytes().map(|byte| format!("%{byte:02X}")).collect::<String>();
    for written in [str::to_owned as fn(&str) -> String, |text| STANDARD.encode(text), hex, percent] {
        assert_eq!(verdict(&judged(&with_foreign_names(written)), "isolation/canary"), &Verdict::Fail);
    }
}

#[test]
fn data_that_users_share_is_no_leak() {
    let mut history = with_foreign_names(str::to_owned);
    let last = *places(&history, "tool_completed").last().unwrap();
    let user = history.records[last].user.clone();
    let told = history.records.iter().position(|record| {
        matches!(&record.kind, RecordKind::Frame { raw, .. } if raw.contains("\"agent_completed\"")
            && record.user != user)
    });
    let RecordKind::Frame { raw, .. } = &history.records[told.unwrap()].kind else { panic!() };
    let shared = serde_json::from_str::<serde_json::Value>(raw).unwrap()["final_response"].clone();
    let text = shared.as_str().unwrap().split("Reference:").next().unwrap().to_owned();
    // Their own tool finds the same: whose it is, nobody can say.
    edit(&mut history, last, |frame| frame["results"]["everybodys"] = text.into());
    assert_eq!(alarms(&judged(&history), GROUPS), Vec::<String>::new());
}

/// The last answer's summary tells of this, which another user's tool found.
fn with_a_word_of_anothers(word: Option<&str>, spelt: fn(&str) -> String) -> History {
    let mut history = session();
    let at = *places(&history, "agent_completed").last().unwrap();
    let user = history.records[at].user.clone();
    let theirs = anothers(&history, "agent_completed", "summary", user.as_deref());
    let name = theirs.split(' ').next().unwrap().to_owned();
    assert!(name.contains('-'), "{theirs}");
    let found = places(&history, "tool_completed");
    let found = found.into_iter().find(|at| history.records[*at].user != user).unwrap();
    if let Some(word) = word {
        edit(&mut history, found, |frame| frame["results"]["image"] = word.into());
    }
    let told = spelt(word.unwrap_or(&name));
    edit(&mut history, at, |frame| frame["summary"] = format!("Much like {told}.").into());
    history
}

#[test]
fn one_name_that_tells_something_is_a_leak_in_capitals_too() {
    for spelt in [str::to_owned as fn(&str) -> String, str::to_uppercase] {
        let judgement = judged(&with_a_word_of_anothers(None, spelt));
        assert_eq!(verdict(&judgement, "isolation/canary"), &Verdict::Fail);
    }
}

#[test]
fn one_digest_alone_may_be_chance() {
    for digest in ["9f86d081884c7d65", "0192aaaa-bbbb-7ccc-8ddd-eeeeffff0003"] {
        let judgement = judged(&with_a_word_of_anothers(Some(digest), str::to_owned));
        assert_eq!(alarms(&judgement, GROUPS), Vec::<String>::new(), "{digest}");
    }
}

#[test]
fn what_goes_to_its_owner_twice_is_no_leak() {
    let judgement = judged(&simulate(&Scenario::golden_path().users(2).tabs(3), 9));
    assert_eq!(alarms(&judgement, GROUPS), Vec::<String>::new());
}

/// An acceptance that is told to somebody else does not make the run theirs, and its owner no intruder.
#[test]
fn a_run_is_its_askers_whoever_is_told_of_it() {
    let mut history = session();
    let accepted = place(&history, "request_accepted");
    let own = history.records[accepted].user.clone();
    let other = history.records[..accepted]
        .iter()
        .find(|record| record.user != own && record.conn.is_some())
        .map(|record| (record.conn, record.user.clone()))
        .expect("another user");
    (history.records[accepted].conn, history.records[accepted].user) = other;
    assert_eq!(verdict(&judged(&history), "isolation/run-owner"), &Verdict::Pass);
}

/// A request's first run has ended, been settled and forgotten when a second one begins, in this thread or in the one named.
#[rstest]
#[case::another(Some("0192aaaa-bbbb-7ccc-8ddd-eeeeffff0003"), Verdict::Fail)]
#[case::the_one_named(None, Verdict::Pass)]
fn a_second_run_of_a_request_is_in_its_thread_too(#[case] thread: Option<&str>, #[case] expected: Verdict) {
    let mut history = session();
    // A user's first request leaves it to the server which thread it is in.
    let started = *places(&history, "agent_started").last().unwrap();
    let RecordKind::Frame { raw, .. } = &history.records[started].kind else { panic!() };
    let run = serde_json::from_str::<serde_json::Value>(raw).unwrap()["run_id"].as_str().unwrap().to_owned();
    let last = history.records.last().unwrap().t_ns;
    let again: Vec<usize> = (0..history.records.len())
        .filter(|at| {
            matches!(&history.records[*at].kind,
                RecordKind::Frame { raw, .. } if raw.contains(&run) && raw.contains("\"seq\""))
        })
        .collect();
    for at in again {
        let t_ns = last + 60_000_000_000 + history.records[at].t_ns;
        let copy = Record { t_ns, ..history.records[at].clone() };
        history.records.push(copy);
        let at = history.records.len() - 1;
        edit(&mut history, at, |frame| {
            frame["run_id"] = "0192aaaa-bbbb-7ccc-8ddd-eeeeffff0001".into();
            frame["event_id"] = format!("{}-again", frame["event_id"].as_str().unwrap()).into();
            if let Some(thread) = thread {
                frame["thread_id"] = thread.into();
            }
        });
    }
    assert_eq!(verdict(&judged(&history), "isolation/thread"), &expected);
}

/// An acceptance that speaks of another user's request, told to somebody else, says nothing of the thread that its run is in.
#[test]
fn the_thread_of_a_run_is_what_its_owner_is_told() {
    let mut history = session();
    let accepted = place(&history, "request_accepted");
    let own = history.records[accepted].user.clone();
    let last = *places(&history, "request_accepted").last().unwrap();
    assert_ne!(history.records[last].user, own);
    let RecordKind::Frame { raw, .. } = &history.records[last].kind else { panic!() };
    let theirs = serde_json::from_str::<serde_json::Value>(raw).unwrap();
    let t_ns = history.records[last].t_ns;
    let told = Record { t_ns, ..history.records[accepted].clone() };
    history.records.insert(last, told);
    edit(&mut history, last, |frame| {
        frame["request_id"] = theirs["request_id"].clone();
        frame["run_id"] = "0192aaaa-bbbb-7ccc-8ddd-eeeeffff0001".into();
    });
    assert_eq!(verdict(&judged(&history), "isolation/thread"), &Verdict::Pass);
}

/// A run's first event names a request that nobody sent, its others the one that began it: the label is wrong, the run not early, and
/// it is waited for as any other.
#[test]
fn a_wrong_request_is_found_out_by_the_events_after_it() {
    let mut history = simulate(&Scenario::golden_path().users(1).runs(1), 5);
    let started = place(&history, "agent_started");
    edit(&mut history, started, |frame| frame["request_id"] = "0192aaaa-bbbb-7ccc-8ddd-eeeeffff0009".into());
    let accepted = place(&history, "request_accepted");
    history.records.remove(accepted);
    let said = judged(&history);
    assert_eq!(verdict(&said, "isolation/identity"), &Verdict::Fail);
    for id in ["sequence/after-request", "timing/first-event", "timing/agent-started"] {
        assert_eq!(verdict(&said, id), &Verdict::Pass, "{id}");
    }
}

/// Users who came one after the other had no chance to see what is each other's, though one's run starts again beside the other's.
#[test]
fn a_run_that_has_ended_overlaps_with_none() {
    let mut history = simulate(&Scenario::golden_path().users(2).runs(1), 5);
    let started = place(&history, "agent_started");
    let first = history.records[started].user.clone();
    let end = history.records.iter().map(|record| record.t_ns).max().unwrap();
    for record in history.records.iter_mut().filter(|record| record.user != first) {
        record.t_ns += end + 1_000_000_000;
    }
    history.records.sort_by_key(|record| record.t_ns);
    let unseen = Verdict::Inconclusive(Reason::NoCoverage);
    assert_eq!(verdict(&judged(&history), "isolation/run-owner"), &unseen);
    let starts = places(&history, "agent_started");
    let (mine, theirs) = (starts[0], *starts.last().unwrap());
    assert_ne!(history.records[mine].user, history.records[theirs].user);
    let again = Record { t_ns: history.records[theirs].t_ns, ..history.records[mine].clone() };
    history.records.insert(theirs + 1, again);
    edit(&mut history, theirs + 1, |frame| frame["event_id"] = "0192aaaa-bbbb-7ccc-8ddd-eeeeffff0002".into());
    assert_eq!(verdict(&judged(&history), "isolation/run-owner"), &unseen);
}
