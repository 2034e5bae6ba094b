//! Ctrl-C and SIGTERM: whatever was under way, a valid partial report is left, and the exit code says so.
#![cfg(unix)]

use crate::support::{Running, report, session, wait_for};
use rstest::rstest;

#[rstest]
#[case::at_once("INT", "functional", " seed ")]
#[case::functional("INT", "functional", "functional: began")]
#[case::integration("TERM", "functional,integration", "integration: began")]
#[case::performance("INT", "performance", "performance: began")]
#[case::security("TERM", "security", "security: began")]
fn an_interrupted_run_leaves_a_report_and_is_not_approved(
    #[case] signal: &str,
    #[case] categories: &str,
    #[case] when: &str,
) {
    let directory = tempfile::tempdir().unwrap();
    let output = directory.path().join("out");
    let arguments = ["validate", "--users", "2", "--categories", categories, "--output-dir", "out"];
    let run = Running::start(directory.path(), &arguments);
    wait_for(when, || {
        let log = session(&output)?.join("validation_execution.log.partial");
        std::fs::read_to_string(log).ok()?.contains(when).then_some(())
    });
    run.signal(signal);
    let ran = run.end().ended_with(130);
    assert!(ran.err.contains("interrupted"), "{}", ran.said());
    let session = session(&output).unwrap();
    let decision = report(&session).deployment_decision;
    assert!(!decision.approved && decision.reason.contains("interrupted"), "{decision:?}");
    assert!(session.join("history.jsonl.zst").exists() && session.join("junit.xml").exists());
    // What was cut by us is nobody's fault.
    let history = session.join("history.jsonl.zst");
    crate::support::goldenpath(directory.path(), &["check", history.to_str().unwrap()]).ended_with(3);
}
