//! What a user gets who asks for another's run.

use super::two_users;
use crate::story::{Story, brief, id};
use goldenpath_history::{Direction, RecordKind};
use serde_json::{Value, json};

const ID: &str = "isolation/foreign-access";

fn mark(story: &mut Story, name: &'static str, note: &Value) {
    story.record("bob", RecordKind::Mark { name: name.into(), note: Some(note.to_string().into()) });
}

/// What is said of one probe.
fn probed(kind: &str, status: Option<u16>, answer: Option<&str>) -> String {
    let mut story = two_users();
    let note =
        json!({ "kind": kind, "owner": "ada", "target": id("ada's"), "status": status, "answer": answer });
    mark(&mut story, "probe", &note);
    brief(&story.says(ID))
}

#[test]
fn an_answer_that_grants_is_told() {
    let read = |status: u16, answer: &str| probed("foreign_read", Some(status), Some(answer));
    assert_eq!(read(404, "no"), "passes 1/1");
    assert_eq!(read(199, "no"), "passes 1/1");
    assert_eq!(read(200, "{\"a\":1}"), "fails 0/1 [HTTP 200: {\"a\":1}]");
    assert_eq!(read(299, ""), "fails 0/1 [HTTP 299: ]");
    assert_eq!(read(300, ""), "passes 1/1");
    assert_eq!(read(200, "{\"type\":\"error\"}"), "passes 1/1");
    assert_eq!(probed("foreign_read", Some(200), None), "fails 0/1 [HTTP 200: ]");
    let sent = |answer: &str| probed("foreign_resume", None, Some(answer));
    assert_eq!(sent("{\"type\":\"request_accepted\"}"), "fails 0/1 [{\"type\":\"request_accepted\"}]");
    assert_eq!(sent("{\"type\":\"agent_cancelled\"}"), "fails 0/1 [{\"type\":\"agent_cancelled\"}]");
    assert_eq!(sent("{\"type\":\"pong\"}"), "passes 1/1");
    let greeted = |recovered: &str, replay: u64| {
        sent(
            &json!({ "type": "connection_established", "recovered": recovered, "replay": replay })
                .to_string(),
        )
    };
    assert_eq!(greeted("fresh", 0), "passes 1/1");
    assert_eq!(greeted("full", 0), "fails 0/1 [the stream was resumed]");
    assert_eq!(greeted("failed", 1), "fails 0/1 [the stream was resumed]");
    assert_eq!(probed("foreign_read", None, None), "open (TargetUnavailable) 0/0");
    assert_eq!(probed("foreign_cancel", None, None), "open (NoCoverage) 0/0");
    assert_eq!(probed("own_read", Some(200), None), "open (NoCoverage) 0/0");
    let mut other = two_users();
    mark(&mut other, "probing", &json!({ "kind": "foreign_read", "status": 200 }));
    assert_eq!(brief(&other.says(ID)), "open (NoCoverage) 0/0");
    mark(&mut other, "probe", &json!({ "kind": "foreign_read", "status": 200 }));
    let finding = other.says(ID).findings.remove(0);
    assert_eq!(finding.summary, "user `bob` could read what is user `another`'s: ``");
    assert_eq!(finding.records, [9]);
}

#[test]
fn a_run_that_ends_by_anothers_cancel_is_told() {
    let cancelled = |by: &str, target: &str, end: &str, own: bool, kind: &str| {
        let mut story = two_users();
        story.event("ada's", "agent_started", json!({}));
        let note =
            json!({ "kind": kind, "owner": "ada", "target": id(target), "status": null, "answer": null });
        story.record(by, RecordKind::Mark { name: "probe".into(), note: Some(note.to_string().into()) });
        if own {
            let raw = json!({ "type": "cancel", "run_id": id("ada's") }).to_string();
            story.record("ada", RecordKind::Frame { dir: Direction::Out, raw: raw.into(), opcode: None });
        }
        story.event("ada's", end, json!({}));
        let check = story.says(ID);
        (check.of, check.findings.first().map(|finding| finding.records.clone()))
    };
    assert_eq!(cancelled("bob", "ada's", "agent_cancelled", false, "foreign_cancel"), (1, Some(vec![9, 10])));
    assert_eq!(cancelled("bob", "ada's", "agent_cancelled", true, "foreign_cancel"), (0, None));
    assert_eq!(cancelled("bob", "ada's", "agent_completed", false, "foreign_cancel"), (0, None));
    assert_eq!(cancelled("bob", "another", "agent_cancelled", false, "foreign_cancel"), (0, None));
    assert_eq!(cancelled("ada", "ada's", "agent_cancelled", false, "foreign_cancel"), (0, None));
    assert_eq!(cancelled("bob", "ada's", "agent_cancelled", false, "foreign_read"), (0, None));
}
