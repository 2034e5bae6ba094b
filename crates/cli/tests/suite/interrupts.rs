//! Ctrl-C and SIGTERM: whatever was under way, a valid partial report is left, and the exit code says so.
#![cfg(unix)]

use crate::support::{Place, report, wait_for};
use crate::validation::validate;
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
    let place = Place::new();
    let run = validate(categories).users(2).start(&place);
    wait_for(when, || {
        let log = place.session()?.join("validation_execution.log.partial");
        std::fs::read_to_string(log).ok()?.contains(when).then_some(())
    });
    run.signal(signal);
    let ran = run.end().ended_with(130);
    assert!(ran.err.contains("interrupted"), "{}", ran.said());
    let session = place.session().unwrap();
    let decision = report(&session).deployment_decision;
    assert!(!decision.approved && decision.reason.contains("interrupted"), "{decision:?}");
    assert!(session.join("history.jsonl.zst").exists() && session.join("junit.xml").exists());
    // What was cut by us is nobody's fault.
    place.check(session.join("history.jsonl.zst")).ended_with(3);
}
