//! Ids of a user's requests, runs and threads in what somebody else receives.

use super::{leaked, told, two_users};
use crate::story::{assert_told, id};
use serde_json::json;

#[test]
fn ids_that_no_two_users_have_by_chance_are_found() {
    let (request, run) = (id("request ada's"), id("ada's"));
    let names = |id: &str| format!("its id `{id}`");
    let cases = [
        (request.clone(), names(&request)),
        (format!("see {request}!"), names(&request)),
        (format!("\\n{request}"), names(&request)),
        (format!("\\u0041{request}"), names(&request)),
        (format!("x{request}"), String::new()),
        (format!("{request}x"), String::new()),
        (request[..35].to_owned(), String::new()),
        (request.to_uppercase(), String::new()),
        (run, String::new()),
    ];
    let cases: Vec<(&str, &str)> = cases.iter().map(|(text, told)| (text.as_str(), told.as_str())).collect();
    assert_told(&cases, leaked);
    let finding = {
        let mut story = two_users();
        story.frame("bob", json!({ "type": "x.a", "a": request }).to_string());
        story.says("isolation/canary").findings.remove(0)
    };
    assert_eq!(finding.records, [6, 8]);
    assert!(finding.observed.contains(&request));
}

#[test]
fn short_ids_and_words_may_be_anybodys() {
    let claimed = |request: &'static str| {
        let mut story = two_users();
        let kind = goldenpath_history::RecordKind::Request {
            request_id: request.into(),
            intended_t_ns: 0,
            scenario: "costs".into(),
            reference: None,
            prompt: None,
            expect: goldenpath_history::Expect::default(),
        };
        story.record("ada", kind).frame("bob", json!({ "type": "x.a", "a": request }).to_string());
        told(&story)
    };
    assert_eq!(claimed("abcdefghij0123456789"), "its id `abcdefghij0123456789`");
    assert_eq!(claimed("abcdefghij012345678"), "");
    assert_eq!(claimed("abcdefghijabcdefghij"), "");
    assert_eq!(claimed("01234567890123456789"), "");
    assert_eq!(claimed("abcdefghij-0123_4567"), "its id `abcdefghij-0123_4567`");
    assert_eq!(claimed("nbcdefghij0123456789"), "its id `nbcdefghij0123456789`");
}

#[test]
fn who_shows_an_id_first_owns_it() {
    let mut story = two_users();
    story.event("ada's", "agent_thinking", json!({ "reasoning": "So" }));
    let run = id("ada's");
    story.frame("bob", json!({ "type": "x.a", "a": run }).to_string());
    assert_eq!(told(&story), format!("its id `{run}`"));
    // Pieces of answers claim nothing.
    let mut pieces = two_users();
    pieces.event("ada's", "response_delta", json!({ "text": "So" }));
    pieces.frame("bob", json!({ "type": "x.a", "a": run }).to_string());
    assert_eq!(told(&pieces), "");
    // A thread that both were shown is the first one's.
    let thread = id("thread");
    let mut shared = two_users();
    shared.event("ada's", "agent_thinking", json!({ "reasoning": "So" }));
    shared.ask("bob", "bob's", None, goldenpath_history::Expect::default());
    shared.event("bob's", "agent_thinking", json!({ "reasoning": "So" }));
    assert_eq!(told(&shared), format!("its id `{thread}`"));
    // Also where both only show it in their own labels.
    let label = |story: &mut crate::story::Story, run: &str| {
        story.event(run, "agent_thinking", json!({ "reasoning": "So", "thread_id": id("label") }));
    };
    let mut labels = two_users();
    labels.ask("bob", "bob's", None, goldenpath_history::Expect::default());
    label(&mut labels, "ada's");
    label(&mut labels, "bob's");
    let leak = labels
        .says("isolation/canary")
        .findings
        .into_iter()
        .map(|finding| finding.summary)
        .collect::<String>();
    assert!(leak.contains(&id("label")), "{leak}");
    // The owner may see it, and what is found once to be nobody else's stays so.
    let mut own = two_users();
    own.event("ada's", "agent_thinking", json!({ "reasoning": "So" }));
    for _ in 0..2 {
        own.frame("ada", json!({ "type": "x.a", "a": run }).to_string());
    }
    assert_eq!(told(&own), "");
    own.frame("bob", json!({ "type": "x.a", "a": run }).to_string());
    assert_eq!(told(&own), format!("its id `{run}`"));
    // What reached Bob with Ada's label is not his for that.
    let mut foreign = two_users();
    foreign.event_to("bob", "ada's", "agent_thinking", json!({ "reasoning": "So" }));
    foreign.frame("ada", json!({ "type": "x.a", "a": run }).to_string());
    let check = foreign.says("isolation/canary");
    assert_eq!((check.n + 1, check.findings.len()), (check.of, 1));
}
