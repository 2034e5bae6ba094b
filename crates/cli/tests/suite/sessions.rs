//! Whole runs: a seed repeats a run, a folder holds what was promised.

use crate::offline::assert_judged_alike;
use crate::support::{Backend, OUT, Place, records, report};
use crate::validation::validate;
use goldenpath_history::{Direction, RecordKind};
use goldenpath_report::CheckVerdict;
use std::collections::BTreeMap;
use std::path::Path;

/// Everything that the driver decides by the seed, per user in the user's own order.
fn asked(history: &Path) -> BTreeMap<String, Vec<String>> {
    let mut asked: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for record in records(history) {
        let said = match &record.kind {
            RecordKind::Request { request_id, scenario, reference, expect, .. } => {
                format!("{request_id} {scenario:?} {reference:?} {expect:?}")
            }
            RecordKind::Frame { dir: Direction::Out, raw, .. } if raw.contains("\"agent_request\"") => {
                let mut frame: serde_json::Value = serde_json::from_str(raw).unwrap();
                // Threads are the backend's to name.
                frame.as_object_mut().unwrap().remove("thread_id");
                frame.to_string()
            }
            _ => continue,
        };
        asked.entry(record.user.unwrap_or_default().into_owned()).or_default().push(said);
    }
    asked
}

#[test]
fn the_same_seed_asks_the_same_under_the_same_ids() {
    let run = |seed| {
        let place = Place::new();
        // What is asked is the seed's; how fast it is answered is not.
        validate("functional,integration").users(3).seed(seed).run(&place);
        asked(&place.history())
    };
    let (first, again, other) = (run(5), run(5), run(6));
    assert_eq!(first.len(), 3);
    assert!(first.values().all(|asked| asked.len() > 20));
    assert_eq!(first, again);
    assert!(first.keys().all(|user| !other.contains_key(user)));
}

#[test]
fn a_history_is_judged_offline_as_it_was_live() {
    let (backend, place) = (Backend::start(), Place::new());
    let all = "functional,integration,performance,security";
    let ran = validate(all).users(2).of(&backend).with(&["--ci-mode"]).run(&place);
    for line in ran.err.lines().filter(|line| line.starts_with("security: ")) {
        let (done, of) = line["security: ".len()..].split(',').next().unwrap().split_once('/').unwrap();
        assert!(done.parse::<u32>().unwrap() <= of.parse().unwrap(), "{line}");
    }
    let live = place.session().unwrap();
    assert_judged_alike(&place, &ran, &live);

    let log = std::fs::read_to_string(live.join("validation_execution.log")).unwrap();
    for said in ["2 user(s)", "functional: began", "security: done"] {
        assert!(log.contains(said), "`{said}` is not in\n{log}");
    }
    junit_counts(&live);
    private(&live);
    assert_eq!(place.latest().canonicalize().unwrap(), live.canonicalize().unwrap());
    let summary = std::fs::read_to_string(live.join("summary.md")).unwrap();
    assert!(
        summary.contains("## Pre-deployment checklist") && summary.contains("## Certification"),
        "{summary}"
    );
}

/// The counts at the head of `junit.xml` are those of its cases.
fn junit_counts(session: &Path) {
    let report = report(session);
    let text = std::fs::read_to_string(session.join("junit.xml")).unwrap();
    let head = text.lines().find(|line| line.contains("<testsuites")).unwrap();
    let counted = report.execution_results.test_metrics;
    assert!(head.contains(&format!("tests=\"{}\"", counted.total_tests)), "{head}");
    for (count, verdict) in [("failures", CheckVerdict::Fail), ("errors", CheckVerdict::Inconclusive)] {
        let checks = &report.execution_results.checks;
        let blocking = checks.iter().filter(|check| check.required && check.verdict == verdict).count();
        assert!(head.contains(&format!("{count}=\"{blocking}\"")), "{head}");
    }
    assert_eq!(text.matches("<testcase ").count(), counted.total_tests);
    assert_eq!(text.matches("<testsuite ").count(), text.matches("</testsuite>").count());
}

#[cfg(unix)]
fn private(session: &Path) {
    use std::os::unix::fs::PermissionsExt;
    for entry in std::fs::read_dir(session).unwrap() {
        let entry = entry.unwrap();
        assert_eq!(entry.metadata().unwrap().permissions().mode() & 0o777, 0o600, "{:?}", entry.path());
    }
}

#[cfg(not(unix))]
fn private(_: &Path) {}

#[test]
fn what_was_recorded_can_be_judged() {
    let place = Place::new();
    let record = ["record", "--users", "2", "--output-dir", OUT, "--format", "json"];
    let ran = place.goldenpath(&record).ended_with(0);
    let said: serde_json::Value = serde_json::from_str(&ran.out).unwrap();
    let history = said["history"].as_str().unwrap();
    place.goldenpath(&["check", history, "--categories", "functional"]).ended_with(0);
    // Nobody forged a token, nobody read the store: what was not recorded is no pass.
    let whole = place.check(history).ended_with(3);
    assert!(whole.out.contains("auth/refused"), "{}", whole.said());
}

#[test]
fn a_broken_promise_is_told_last_with_where_to_look() {
    let place = Place::new();
    // Nobody keeps more promises than there are, however fast the machine is.
    place.write("goldenpath.toml", "[limits]\n\"delivery/success-rate\" = 101\n");
    let brief = ["--timeout", "10", "--fail-fast"];
    let ran = validate("integration").users(2).with(&brief).run(&place).ended_with(1);
    let session = place.session().unwrap();
    let at = |what: &str| ran.out.rfind(what).unwrap_or_else(|| panic!("`{what}` is not in {}", ran.said()));
    let history =
        format!("history   out/{}/history.jsonl.zst", session.file_name().unwrap().to_string_lossy());
    let again = format!("again     goldenpath check out/{}", session.file_name().unwrap().to_string_lossy());
    let places = [at("  promised  "), at("  came      "), at(&history), at(&again), at("NOT APPROVED")];
    assert!(places.is_sorted(), "{}", ran.said());
    let witness = session.join("witnesses/delivery-success-rate.jsonl");
    assert!(ran.out.contains("/witnesses/delivery-success-rate.jsonl"), "{}", ran.said());
    place.check(witness).ended_with(1);
    assert!(!report(&session).deployment_decision.approved);
}

#[test]
fn a_baseline_is_compared_and_one_of_another_size_refused() {
    let place = Place::new();
    let two = validate("functional").users(2);
    two.run(&place).ended_with(0);
    let baseline = ["--baseline", "out/latest/comprehensive_validation_report.json"];
    two.with(&baseline).run(&place).ended_with(0);
    let ran = validate("functional").users(3).with(&baseline).run(&place).ended_with(2);
    assert!(ran.err.contains("users"), "{}", ran.said());
}
