//! The command as a process: exit codes and what is left behind. Guards what CI pipelines branch on.

use std::path::Path;
use std::process::{Command, Output};

fn goldenpath(directory: &Path, arguments: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_goldenpath"));
    let inherited =
        std::env::vars().filter(|(name, _)| name.starts_with("GOLDENPATH_") || name == "WEBSOCKET_TEST_URL");
    for (name, _) in inherited {
        command.env_remove(name);
    }
    command.current_dir(directory).args(arguments).output().expect("the command starts")
}

fn stderr(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

#[test]
fn a_target_that_is_down_is_inconclusive_and_leaves_a_report() {
    let directory = tempfile::tempdir().expect("a directory");
    let output = goldenpath(
        directory.path(),
        &["validate", "--target", "ws://127.0.0.1:1", "--format", "json", "--output-dir", "out"],
    );
    assert_eq!(output.status.code(), Some(3), "{}", stderr(&output));
    let said: serde_json::Value = serde_json::from_slice(&output.stdout).expect("stdout is one document");
    assert_eq!(said["deployment_decision"]["approved"], false);
    let report = directory.path().join("out/latest/comprehensive_validation_report.json");
    let kept: serde_json::Value =
        serde_json::from_slice(&std::fs::read(report).expect("a report")).expect("JSON");
    assert_eq!(kept, said);
}

#[test]
fn a_wrong_call_is_refused_before_anything_is_left() {
    let directory = tempfile::tempdir().expect("a directory");
    for (arguments, says) in [
        (vec!["validate", "--categories", "functionl"], "did you mean `functional`?"),
        (vec!["validate", "--environment", "stagin"], "valid: embedded, local"),
        (vec!["validate", "--target", "http://x/"], "`ws` and `wss`"),
        (vec!["validate", "--sede", "1"], "--seed"),
        (vec!["check", "nowhere.jsonl"], "nowhere.jsonl"),
        (vec!["explain", "sequence/tool-pair"], "did you mean `sequence/tool-pairs`?"),
        (vec!["serve", "--store", "postgres://x"], "not supported by this version"),
    ] {
        let output = goldenpath(directory.path(), &arguments);
        assert_eq!(output.status.code(), Some(2), "{arguments:?}: {}", stderr(&output));
        assert!(stderr(&output).contains(says), "{arguments:?}: {}", stderr(&output));
    }
    assert_eq!(std::fs::read_dir(directory.path()).expect("a directory").count(), 0);
}

#[test]
fn a_file_that_cannot_be_read_names_its_line_and_is_inconclusive() {
    let directory = tempfile::tempdir().expect("a directory");
    std::fs::write(directory.path().join("x.jsonl"), "no history\n").expect("a file");
    let output = goldenpath(directory.path(), &["check", "x.jsonl"]);
    assert_eq!(output.status.code(), Some(3));
    assert!(stderr(&output).contains("x.jsonl: line 1"), "{}", stderr(&output));
}

/// The example of a lost event, as a newcomer runs it; `UPDATE_EXPECT=1` rewrites what it prints.
#[test]
fn the_example_history_is_blocked_for_the_event_it_lost() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let output = goldenpath(&root, &["check", "examples/histories/lost-tool-completed.jsonl"]);
    assert_eq!(output.status.code(), Some(1), "{}", stderr(&output));
    let said = String::from_utf8_lossy(&output.stdout);
    expect_test::expect_file!["../../../examples/histories/lost-tool-completed.txt"].assert_eq(&said);
}
