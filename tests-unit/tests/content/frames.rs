//! One whole event in one text frame.

use super::{asked, observed, of_frame};
use crate::story::{assert_told, brief};
use goldenpath_history::{Direction, RecordKind};

fn sent(raw: &str, opcode: &'static str) -> [String; 3] {
    let mut story = asked("What of it?");
    let opcode = Some(opcode.into());
    story.record("ada", RecordKind::Frame { dir: Direction::In, raw: raw.to_owned().into(), opcode });
    ["content/text-frames", "content/json", "content/schema"].map(|id| observed(&story, id))
}

#[test]
fn frames_are_text_and_hold_one_value() {
    assert_told(
        &[
            ("{\"type\":\"x.a\"}", ""),
            (
                "{\"type\":\"x.a\"} {\"type\":\"x.b\"}",
                "a second value in the same message: `{\"type\":\"x.b\"}`",
            ),
            ("[{\"type\":\"x.a\"}]", "an array"),
            ("\"x\"", ""),
        ],
        |raw| of_frame("content/text-frames", raw),
    );
    assert_eq!(sent("AAEC", "binary"), ["a binary frame", "", ""]);
    assert_eq!(sent("AAEC", "invalid_utf8"), ["", "bytes that are no UTF-8", ""]);
}

#[test]
fn frames_are_json() {
    assert_told(
        &[
            ("{\"type\":\"x.a\"}", ""),
            ("{\"type\":\"x.a\"} {\"type\":\"x.b\"}", "more than one value"),
            ("[1]", ""),
        ],
        |raw| of_frame("content/json", raw),
    );
    assert!(of_frame("content/json", "hello").starts_with("no JSON: "));
    assert!(of_frame("content/json", "{\"type\":").starts_with("no JSON: "));
}

#[test]
fn frames_are_flat_objects_of_known_types() {
    assert_told(
        &[
            ("{\"type\":\"x.a\"}", ""),
            ("{\"type\":\"x\"}", "the unknown type `x`"),
            ("{\"type\":\"agent_progress\"}", "the unknown type `agent_progress`"),
            (
                "{\"type\":\"system\",\"payload\":{}}",
                "the unknown type `system`, but `payload` holds an object: the shape is not flat",
            ),
            ("{\"type\":\"system\",\"payload\":[]}", "the unknown type `system`"),
            ("{\"type\":7}", "`type` is a number"),
            ("{\"a\":7}", "no `type`"),
            ("[1]", "an array"),
            ("7", "a number"),
            ("hello", ""),
        ],
        |raw| of_frame("content/schema", raw),
    );
}

#[test]
fn frames_are_encoded_once() {
    let twice = "\"{\\\"type\\\":\\\"x.a\\\"}\"";
    assert_eq!(of_frame("content/whole", twice), "a JSON string that holds JSON: `{\"type\":\"x.a\"}`");
    assert_eq!(of_frame("content/whole", "\"hello\""), "");
    let mut story = asked("What of it?");
    story.frame("ada", "\"hello\"");
    assert_eq!(brief(&story.says("content/whole")), "passes 1/1");
}

#[test]
fn each_kind_of_frame_is_judged_by_what_it_owes() {
    let mut story = asked("What of it?");
    let counts = |story: &crate::story::Story| {
        ["json", "text-frames", "schema", "meaningful", "unicode", "whole", "no-internals"]
            .map(|id| story.says(&format!("content/{id}")).of)
    };
    // A greeting and an acceptance.
    assert_eq!(counts(&story), [2, 2, 2, 0, 2, 0, 2]);
    story.event("run", "agent_thinking", serde_json::json!({}));
    assert_eq!(counts(&story), [3, 3, 3, 1, 3, 1, 3]);
    story.frame("ada", "{\"type\":\"x.a\"}");
    assert_eq!(counts(&story), [4, 4, 3, 1, 4, 1, 4]);
    story.frame("ada", "hello");
    assert_eq!(counts(&story), [5, 5, 3, 1, 5, 1, 5]);
    story.record("ada", RecordKind::Frame { dir: Direction::Out, raw: "hello".into(), opcode: None });
    assert_eq!(counts(&story), [5, 5, 3, 1, 5, 1, 5]);
    story.frame("ada", "{\"type\":\"pong\"}");
    let pong =
        story.says("content/schema").findings.into_iter().find(|finding| finding.records == [10]).unwrap();
    assert!(pong.summary.starts_with("user `ada`: `pong` is not what was promised: `n` is missing"));
    let finding = story.says("content/json").findings.remove(0);
    assert!(finding.summary.starts_with("user `ada`: `a frame` is not what was promised: no JSON"));
    assert_eq!(finding.records, [8]);
    let event = asked("x");
    let thought = {
        let mut event = event;
        event.event("run", "agent_thinking", serde_json::json!({}));
        event.says("content/schema").findings.remove(0)
    };
    assert_eq!(
        thought.summary,
        format!(
            "user `ada`, run `{}`: `agent_thinking` is not what was promised: `reasoning` is missing",
            crate::story::id("run")
        )
    );
}
