//! Whose the labels of an event say that it is, of which run, request and thread.

use super::two_users;
use crate::story::{Story, brief, id};
use goldenpath_history::{Direction, Expect, RecordKind};
use serde_json::{Value, json};

const IDENTITY: &str = "isolation/identity";
const THREAD: &str = "isolation/thread";

/// What is said of one event of Ada's run that is labelled otherwise.
fn labelled(labels: Value) -> String {
    let mut story = two_users();
    story.event("ada's", "agent_thinking", labels);
    let check = story.says(IDENTITY);
    check.findings.first().map(|finding| finding.observed.clone()).unwrap_or_default()
}

#[test]
fn the_user_is_the_tokens() {
    assert_eq!(labelled(json!({})), "");
    assert_eq!(labelled(json!({ "user_id": "bob" })), "`bob`");
    assert_eq!(labelled(json!({ "user_id": null })), "null");
    assert_eq!(labelled(json!({ "user_id": 7 })), "a number");
    assert_eq!(labelled(json!({ "user_id": "" })), "``");
    let mut story = two_users();
    story.event("ada's", "agent_thinking", json!({ "user_id": "bob" }));
    let finding = story.says(IDENTITY).findings.remove(0);
    assert_eq!(finding.summary, "user `ada` received a frame with a wrong `user_id`");
    assert_eq!(finding.expected, "`user_id` is the token's: `ada`");
    assert_eq!(finding.records, [8]);
    // Also in a greeting; other control frames name nobody.
    let mut greeted = two_users();
    greeted.frame("bob", json!({ "type": "connection_established", "user_id": "ada" }).to_string());
    assert_eq!(brief(&greeted.says(IDENTITY)), "fails 2/3 [`ada`]");
    let mut pong = two_users();
    pong.frame("bob", json!({ "type": "pong", "user_id": "ada" }).to_string());
    assert_eq!(brief(&pong.says(IDENTITY)), "passes 2/2");
}

#[test]
fn ids_are_no_words_for_nobody() {
    for word in [
        "",
        "null",
        "None",
        " nil ",
        "undefined",
        "NaN",
        "registry",
        "default",
        "anonymous",
        "unknown",
        "placeholder",
        "system",
        "TODO",
        "...",
        "-",
        "0",
    ] {
        assert_eq!(labelled(json!({ "thread_id": word })), format!("`{word}`"));
    }
    for word in ["user", "nulls", "placeholders", "00", "t"] {
        assert_eq!(labelled(json!({ "thread_id": word })), "", "{word}");
    }
    assert_eq!(labelled(json!({ "thread_id": null })), "null");
    assert_eq!(labelled(json!({ "thread_id": 7 })), "");
    assert_eq!(labelled(json!({ "request_id": "none" })), "`none`");
    let mut story = two_users();
    story.event("ada's", "agent_thinking", json!({ "thread_id": "none" }));
    let finding = story.says(IDENTITY).findings.remove(0);
    assert_eq!(finding.summary, "user `ada` received a frame with a wrong `thread_id`");
    assert_eq!(finding.expected, "`thread_id` is a real id");
    let mut no_run = two_users();
    no_run.event("ada's", "agent_thinking", json!({ "run_id": "none" }));
    assert_eq!(brief(&no_run.says(IDENTITY)), "fails 2/3 [`none`]");
}

#[test]
fn the_request_is_the_one_that_began_the_run() {
    let other = id("request another");
    assert_eq!(labelled(json!({ "request_id": other })), format!("`{other}`, which did not begin this run"));
    let mut story = two_users();
    story.ask("ada", "second", None, Expect::default());
    let second = id("request second");
    story.event("ada's", "agent_thinking", json!({ "request_id": second }));
    assert_eq!(brief(&story.says(IDENTITY)), format!("fails 2/3 [`{second}`, which did not begin this run]"));
    // An event of another user's run is judged by its owner only.
    let mut foreign = two_users();
    foreign.event_to("bob", "ada's", "agent_thinking", json!({ "user_id": "bob", "request_id": other }));
    assert_eq!(brief(&foreign.says(IDENTITY)), "passes 3/3");
}

/// A run that no acceptance announced: its events name a request that nobody knows, or that is known later.
fn unknown(requests: &[&str], accepted: bool) -> String {
    let mut story = Story::new();
    story.connect("ada");
    let request = |story: &mut Story, name: &str| {
        let kind = RecordKind::Request {
            request_id: id(name).into(),
            intended_t_ns: 0,
            scenario: "costs".into(),
            reference: None,
            prompt: None,
            expect: Expect::default(),
        };
        story.record("ada", kind);
    };
    request(&mut story, "first");
    for (seq, name) in requests.iter().enumerate() {
        let event = json!({
            "type": "agent_thinking", "event_id": id(&format!("event {seq}")), "user_id": "ada", "run_id": id("run"),
            "thread_id": id("thread"), "request_id": id(name), "seq": seq + 1, "offset": seq + 1, "agent_name": "a",
            "timestamp": "2026-03-01T12:00:00.000Z", "reasoning": "So", "step_number": 1,
        });
        story.frame("ada", event.to_string());
    }
    if accepted {
        let accepted = json!({
            "type": "request_accepted", "request_id": id("first"), "run_id": id("run"), "thread_id": id("thread"),
            "duplicate": false,
        });
        story.frame("ada", accepted.to_string());
    }
    let check = story.says(IDENTITY);
    let said = brief(&check);
    said.replace(&id("other"), "OTHER").replace(&id("third"), "THIRD")
}

#[test]
fn a_request_that_is_unknown_yet_is_judged_at_the_end() {
    assert_eq!(unknown(&["first"], false), "passes 2/2");
    assert_eq!(unknown(&["other"], false), "passes 2/2");
    assert_eq!(unknown(&["other", "other"], false), "passes 3/3");
    assert_eq!(unknown(&["other"], true), "fails 1/2 [`OTHER`, which did not begin this run]");
    assert_eq!(unknown(&["other", "other"], true), "fails 2/3 [`OTHER`, which did not begin this run]");
    assert_eq!(
        unknown(&["other", "third"], true),
        "fails 1/3 [`OTHER`, which did not begin this run] [`THIRD`, which did not begin this run]"
    );
    let nine = ["o1", "o2", "o3", "o4", "o5", "o6", "o7", "o8", "o9"];
    assert!(unknown(&nine, true).starts_with("fails 2/10"), "{}", unknown(&nine, true));
    assert!(unknown(&nine[..8], true).starts_with("fails 1/9"));
}

#[test]
fn events_reach_the_owner_of_their_run() {
    let mut story = two_users();
    story.event("ada's", "agent_thinking", json!({}));
    assert_eq!(story.says("isolation/run-owner").n, 1);
    story.event_to("bob", "ada's", "agent_thinking", json!({}));
    let check = story.says("isolation/run-owner");
    assert_eq!((check.n, check.of), (1, 2));
    let finding = &check.findings[0];
    assert_eq!(
        finding.summary,
        format!("user `bob` received `agent_thinking` of run `{}`, which is user `ada`'s", id("ada's"))
    );
    assert_eq!(finding.records, [7, 9]);
    let mut first = two_users();
    first.event_to("bob", "ada's", "agent_thinking", json!({}));
    assert_eq!(first.says("isolation/run-owner").findings[0].records, [7, 8]);
}

#[test]
fn a_run_stays_in_its_thread() {
    let mut story = two_users();
    story.event("ada's", "agent_thinking", json!({}));
    assert_eq!(brief(&story.says(THREAD)), "passes 1/1");
    story.event("ada's", "agent_thinking", json!({ "thread_id": "elsewhere" }));
    let check = story.says(THREAD);
    assert_eq!(brief(&check), "fails 1/2 [thread `elsewhere`]");
    assert_eq!(check.findings[0].records, [7, 9]);
    assert_eq!(check.findings[0].expected, format!("thread `{}`", id("thread")));
    let mut first = two_users();
    first.event("ada's", "agent_thinking", json!({ "thread_id": "elsewhere" }));
    assert_eq!(first.says(THREAD).findings[0].records, [7, 8]);
    let mut foreign = two_users();
    foreign.event_to("bob", "ada's", "agent_thinking", json!({ "thread_id": "elsewhere" }));
    assert_eq!(brief(&foreign.says(THREAD)), "open (NoCoverage) 0/0");
}

#[test]
fn a_run_is_in_the_thread_that_its_request_named() {
    let asked = |named: Option<&str>, kind: &str| {
        let mut story = two_users();
        let mut sent = json!({ "type": kind, "request_id": id("request ada's"), "message": "What?" });
        if let Some(named) = named {
            sent["thread_id"] = json!(named);
        }
        story.record(
            "ada",
            RecordKind::Frame { dir: Direction::Out, raw: sent.to_string().into(), opcode: None },
        );
        story.event("ada's", "agent_thinking", json!({}));
        let check = story.says(THREAD);
        (
            brief(&check),
            check.findings.first().map(|finding| (finding.expected.clone(), finding.records.clone())),
        )
    };
    // Also a second run of the request, of whose thread only a trace is left.
    let second = |thread: &str| {
        let mut story = two_users();
        let sent =
            json!({ "type": "agent_request", "request_id": id("request ada's"), "thread_id": id("thread") });
        story.record(
            "ada",
            RecordKind::Frame { dir: Direction::Out, raw: sent.to_string().into(), opcode: None },
        );
        story.event("ada's", "agent_thinking", json!({}));
        story.event("ada's", "agent_thinking", json!({ "run_id": id("again"), "thread_id": thread }));
        story.says(THREAD).findings.first().map(|finding| finding.expected.clone()).unwrap_or_default()
    };
    assert_eq!(second(&id("thread")), "");
    assert_eq!(second("elsewhere"), "the thread that the request named");
    let own = id("thread");
    assert_eq!(asked(Some(&own), "agent_request"), ("passes 1/1".to_owned(), None));
    assert_eq!(asked(None, "agent_request"), ("passes 1/1".to_owned(), None));
    assert_eq!(asked(Some("elsewhere"), "other"), ("passes 1/1".to_owned(), None));
    assert_eq!(
        asked(Some("elsewhere"), "agent_request"),
        (format!("fails 1/2 [thread `{own}`]"), Some(("thread `elsewhere`".to_owned(), vec![6, 7])))
    );
}
