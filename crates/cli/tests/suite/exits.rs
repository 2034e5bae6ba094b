//! Exit codes and what is left behind. Guards what CI pipelines branch on.

use crate::support::{OUT, Place, Running};
use std::path::Path;

#[test]
fn a_target_that_is_down_is_inconclusive_and_leaves_a_report() {
    let place = Place::new();
    let down = ["validate", "--target", "ws://127.0.0.1:1", "--format", "json", "--output-dir", OUT];
    let ran = place.goldenpath(&down).ended_with(3);
    let said: serde_json::Value = serde_json::from_str(&ran.out).expect("stdout is one document");
    assert_eq!(said["deployment_decision"]["approved"], false);
    let report = place.latest().join("comprehensive_validation_report.json");
    let kept: serde_json::Value =
        serde_json::from_slice(&std::fs::read(report).expect("a report")).expect("JSON");
    assert_eq!(kept, said);
}

#[test]
fn a_wrong_call_is_refused_before_anything_is_left() {
    let place = Place::new();
    for (arguments, says) in [
        (vec!["validate", "--categories", "functionl"], "did you mean `functional`?"),
        (vec!["validate", "--environment", "stagin"], "valid: embedded, local"),
        (vec!["validate", "--target", "http://x/"], "`ws` and `wss`"),
        (vec!["validate", "--sede", "1"], "--seed"),
        (vec!["check", "nowhere.jsonl"], "nowhere.jsonl"),
        (vec!["explain", "sequence/tool-pair"], "did you mean `sequence/tool-pairs`?"),
        (vec!["serve", "--store", "mysql://x"], "(valid: sqlite, postgres, postgresql)"),
        (vec!["serve", "--store", "postgers://x"], "did you mean `postgres`?"),
    ] {
        let ran = place.goldenpath(&arguments);
        assert_eq!(ran.code, Some(2), "{arguments:?}: {}", ran.said());
        assert!(ran.err.contains(says), "{arguments:?}: {}", ran.said());
    }
    assert_eq!(place.names(), [""; 0]);
}

#[test]
fn a_store_that_cannot_be_reached_is_named_without_its_password() {
    let place = Place::new();
    for (store, says) in [
        ("postgres://alice:s3cret@127.0.0.1:1/runs", "`127.0.0.1:1/runs`: failed to connect"),
        ("postgres://alice:s3cret@127.0.0.1:1/runs?pasword=s3cret", "`pasword` is no parameter"),
        ("postgres://alice:s3/cret@127.0.0.1:1/runs", "written %2F"),
    ] {
        let ran = place.goldenpath(&["serve", "--listen", "127.0.0.1:0", "--verbose", "--store", store]);
        assert_eq!(ran.code, Some(2), "{}", ran.said());
        assert!(ran.err.contains(says) && !ran.said().contains("cret"), "{}", ran.said());
    }
}

#[test]
fn a_log_that_cannot_be_reached_is_named_without_its_password() {
    let place = Place::new();
    for (log, says) in
        [("redis://:hunter2@127.0.0.1:1/0", "`127.0.0.1:1`"), ("redis:hunter2", "redis://HOST:PORT")]
    {
        let ran = place.goldenpath(&["serve", "--listen", "127.0.0.1:0", "--verbose", "--log", log]);
        assert_eq!(ran.code, Some(2), "{}", ran.said());
        assert!(ran.err.contains(says) && !ran.said().contains("hunter2"), "{}", ran.said());
    }
}

#[test]
fn a_file_that_cannot_be_read_names_its_line_and_is_inconclusive() {
    let place = Place::new();
    place.write("x.jsonl", "no history\n");
    let ran = place.check("x.jsonl").ended_with(3);
    assert!(ran.err.contains("x.jsonl: line 1"), "{}", ran.said());
}

/// The example of a lost event, as a newcomer runs it; `UPDATE_EXPECT=1` rewrites what it prints.
#[test]
fn the_example_history_is_blocked_for_the_event_it_lost() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let example = ["check", "examples/histories/lost-tool-completed.jsonl"];
    let ran = Running::start(&root, &example).end().ended_with(1);
    expect_test::expect_file!["../../../../examples/histories/lost-tool-completed.txt"].assert_eq(&ran.out);
}
