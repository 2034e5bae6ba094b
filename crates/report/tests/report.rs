//! The report as others see it: the decision rule case by case, the documents as people read them, the keys
//! as the schema names them. Guards the gate: a rule that is lost here lets broken releases out.

use goldenpath_checkers::{CHECKS, Category, CheckResult, Finding, Judgement, Metrics, Reason, Verdict};
use goldenpath_report::{
    CategoryRun, Decision, Demand, Ending, Outcome, Report, RunFacts, Scope, Story, decide, formats,
    read_baseline,
};
use rstest::rstest;
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;

fn facts() -> RunFacts {
    RunFacts {
        session_id: "validation_session_20260101T000000Z_00c0ffee".to_owned(),
        timestamp: "2026-01-01T00:00:00.000Z".to_owned(),
        duration_seconds: 12.34,
        target_environment: "embedded".to_owned(),
        target: "ws://127.0.0.1:40000/ws".to_owned(),
        profile: "goldenpath".to_owned(),
        seed: 7,
        users: 5,
        configuration: Map::from_iter([("timeout_seconds".to_owned(), json!(900))]),
        categories: Category::ALL
            .into_iter()
            .map(|category| match category {
                Category::Resilience | Category::Stress => {
                    CategoryRun::left_out(category, "not part of this version")
                }
                _ => CategoryRun::ran(category),
            })
            .collect(),
        demand: Demand::EveryRequiredCheck,
        sla: false,
        ending: Ending::Complete,
    }
}

fn healthy() -> Judgement {
    let checks = CHECKS
        .iter()
        .map(|info| CheckResult {
            id: info.id,
            verdict: match (info.id, info.category) {
                ("value/quality", _) => Verdict::Inconclusive(Reason::NoCoverage),
                (_, Category::Resilience | Category::Stress) => Verdict::NotRun("not asked for".to_owned()),
                _ => Verdict::Pass,
            },
            limit: info.limit,
            value: info.limit.map(|limit| match info.unit {
                Some("ms" | "MB") => limit / 10.0,
                Some("share") if info.id == "value/boilerplate" => 0.1,
                _ => limit,
            }),
            n: 25,
            of: 25,
            findings: Vec::new(),
        })
        .collect();
    let metrics = Metrics {
        total_events: 420,
        success_rate_percent: Some(100.0),
        connection_success_rate_percent: Some(100.0),
        avg_latency_ms: Some(3.2),
        p50_latency_ms: Some(2.9),
        p95_latency_ms: Some(6.1),
        p99_latency_ms: None,
        max_latency_ms: Some(9.9),
        throughput_events_per_second: Some(55.0),
        memory_growth_mb: None,
    };
    Judgement { checks, metrics, ..Judgement::default() }
}

fn set(judgement: &mut Judgement, id: &str, change: impl Fn(&mut CheckResult)) {
    change(judgement.checks.iter_mut().find(|check| check.id == id).expect("a check of the catalogue"));
}

fn broken() -> Judgement {
    let mut judgement = healthy();
    set(&mut judgement, "isolation/canary", |check| {
        check.verdict = Verdict::Fail;
        check.n = 24;
        check.findings.push(Finding {
            summary: "user `mallory` received the reference of `alice`'s prompt".to_owned(),
            expected: "no content of `alice` on a connection of `mallory`".to_owned(),
            observed: "gp-00112233445566778899aabbccddeeff | <b>in</b> agent_completed".to_owned(),
            records: vec![17, 40],
            witness: None,
        });
    });
    judgement
}

fn decided(judgement: &Judgement, facts: &RunFacts) -> Decision {
    decide(judgement, facts, None)
}

type J<'a> = &'a mut Judgement;
type F<'a> = &'a mut RunFacts;

#[rstest]
#[case::nothing_wrong(|_: J<'_>, _: F<'_>| {}, Outcome::Approved)]
#[case::advice_failed(|j: J<'_>, _: F<'_>| set(j, "value/quality", |c| c.verdict = Verdict::Fail), Outcome::Approved)]
#[case::not_observable_by_the_profile(
    |j: J<'_>, _: F<'_>| set(j, "timestamps/skew", |c| c.verdict = Verdict::NotObservable("no timestamps".to_owned())), Outcome::Approved)]
#[case::failed(|j: J<'_>, _: F<'_>| set(j, "delivery/no-loss", |c| c.verdict = Verdict::Fail), Outcome::Blocked)]
#[case::failed_where_nobody_asked(|j: J<'_>, _: F<'_>| set(j, "connection/slots", |c| c.verdict = Verdict::Fail), Outcome::Blocked)]
#[case::failed_and_timed_out(|j: J<'_>, f: F<'_>| {
    set(j, "delivery/no-loss", |c| c.verdict = Verdict::Fail);
    f.ending = Ending::TimedOut;
}, Outcome::Blocked)]
#[case::inconclusive(
    |j: J<'_>, _: F<'_>| set(j, "isolation/canary", |c| c.verdict = Verdict::Inconclusive(Reason::NoCoverage)), Outcome::Inconclusive)]
#[case::always_required_but_not_observable(
    |j: J<'_>, _: F<'_>| set(j, "sequence/one-terminal", |c| c.verdict = Verdict::NotObservable("?".to_owned())), Outcome::Inconclusive)]
#[case::required_and_not_run(
    |j: J<'_>, _: F<'_>| set(j, "timing/silence", |c| c.verdict = Verdict::NotRun("?".to_owned())), Outcome::Inconclusive)]
#[case::a_check_is_missing(|j: J<'_>, _: F<'_>| j.checks.retain(|c| c.id != "content/json"), Outcome::Inconclusive)]
#[case::passed_without_looking(|j: J<'_>, _: F<'_>| set(j, "content/json", |c| { c.n = 0; c.of = 0; }), Outcome::Inconclusive)]
#[case::value_is_no_number(|j: J<'_>, _: F<'_>| set(j, "timing/silence", |c| c.value = Some(f64::NAN)), Outcome::Inconclusive)]
#[case::limit_is_no_number(|j: J<'_>, _: F<'_>| set(j, "timing/silence", |c| c.limit = Some(f64::INFINITY)), Outcome::Inconclusive)]
#[case::latency_is_no_number(|j: J<'_>, _: F<'_>| j.metrics.avg_latency_ms = Some(f64::NAN), Outcome::Inconclusive)]
#[case::success_rate_is_missing(|j: J<'_>, _: F<'_>| j.metrics.success_rate_percent = None, Outcome::Inconclusive)]
#[case::latency_over_its_limit(|j: J<'_>, _: F<'_>| j.metrics.avg_latency_ms = Some(100.1), Outcome::Blocked)]
#[case::success_rate_under_its_limit(|j: J<'_>, _: F<'_>| j.metrics.success_rate_percent = Some(94.9), Outcome::Blocked)]
#[case::success_rate_under_the_sla(|j: J<'_>, f: F<'_>| {
    j.metrics.success_rate_percent = Some(99.5);
    f.sla = true;
}, Outcome::Blocked)]
#[case::memory_over_its_limit(|j: J<'_>, _: F<'_>| j.metrics.memory_growth_mb = Some(500.5), Outcome::Blocked)]
#[case::coverage_is_missing(|j: J<'_>, _: F<'_>| j.coverage.missing.push("two users at once".to_owned()), Outcome::Inconclusive)]
#[case::nothing_ran(|j: J<'_>, _: F<'_>| *j = Judgement::default(), Outcome::Inconclusive)]
#[case::a_category_asked_for_did_not_run(|_: J<'_>, f: F<'_>| f.categories[3].asked = true, Outcome::Inconclusive)]
#[case::every_category_left_out(|_: J<'_>, f: F<'_>| {
    f.categories = Category::ALL.into_iter().map(|c| CategoryRun::left_out(c, "?")).collect();
}, Outcome::Inconclusive)]
#[case::timed_out(|_: J<'_>, f: F<'_>| f.ending = Ending::TimedOut, Outcome::Inconclusive)]
#[case::target_down(|_: J<'_>, f: F<'_>| f.ending = Ending::TargetUnavailable("connection refused".to_owned()), Outcome::Inconclusive)]
#[case::record_incomplete(|_: J<'_>, f: F<'_>| f.ending = Ending::CaptureIncomplete("line 9: cut off".to_owned()), Outcome::Inconclusive)]
#[case::interrupted(|_: J<'_>, f: F<'_>| f.ending = Ending::Interrupted, Outcome::Interrupted)]
fn the_decision_follows_the_rule(#[case] change: fn(J<'_>, F<'_>), #[case] expected: Outcome) {
    let (mut judgement, mut facts) = (healthy(), facts());
    change(&mut judgement, &mut facts);
    let decision = decided(&judgement, &facts);
    assert_eq!(decision.outcome, expected, "{:#?}", decision.report.deployment_decision);
    let said = &decision.report.deployment_decision;
    assert_eq!(said.approved, expected == Outcome::Approved);
    assert_eq!(
        said.approved,
        decision.report.compliance_check.overall_passed && expected == Outcome::Approved
    );
    assert!(said.approved || !said.required_actions.is_empty() || !said.critical_issues.is_empty());
    assert!(formats::json(&decision.report).is_ok());
}

#[test]
fn every_required_check_blocks_when_it_fails() {
    for info in CHECKS.iter().filter(|info| info.id != "value/quality") {
        let mut judgement = healthy();
        set(&mut judgement, info.id, |check| check.verdict = Verdict::Fail);
        assert_eq!(decided(&judgement, &facts()).outcome, Outcome::Blocked, "{}", info.id);
    }
}

#[test]
fn a_release_decision_needs_all_five_categories() {
    assert_eq!(decided(&healthy(), &facts()).report.deployment_decision.scope, Scope::Partial);
    let (mut judgement, mut facts) = (healthy(), facts());
    facts.categories[3] = CategoryRun::ran(Category::Resilience);
    for check in &mut judgement.checks {
        if matches!(check.verdict, Verdict::NotRun(_)) {
            check.verdict = Verdict::Pass;
        }
    }
    let decision = decided(&judgement, &facts);
    assert_eq!(decision.report.deployment_decision.scope, Scope::Full);
    assert_eq!(decision.outcome, Outcome::Approved);
}

#[test]
fn a_report_with_a_number_that_is_none_is_not_written() {
    let mut report = decided(&healthy(), &facts()).report;
    report.execution_results.monitoring_metrics.avg_latency_ms = Some(f64::NAN);
    assert!(formats::json(&report).is_err());
}

#[test]
fn a_regression_beyond_the_noise_blocks() {
    let before = decided(&healthy(), &facts()).report;
    let text = formats::json(&before).expect("a report");
    let before = read_baseline(&text, "goldenpath", 5).expect("comparable");
    assert_eq!(decide(&healthy(), &facts(), Some(&before)).outcome, Outcome::Approved);
    let mut slower = healthy();
    set(&mut slower, "timing/tool-completed", |check| check.value = Some(900.0));
    let decision = decide(&slower, &facts(), Some(&before));
    assert_eq!(decision.outcome, Outcome::Blocked);
    assert!(decision.report.deployment_decision.critical_issues[0].contains("from 500.00 to 900.00 ms"));
}

#[rstest]
#[case::cut_off("{\"schema\":\"goldenpath.report/1\"", "no whole report")]
#[case::empty("", "no whole report")]
fn a_baseline_that_is_no_report_is_refused(#[case] text: &str, #[case] why: &str) {
    assert!(read_baseline(text, "goldenpath", 5).expect_err("refused").to_string().contains(why));
}

#[test]
fn a_baseline_measured_otherwise_is_refused() {
    let text = formats::json(&decided(&healthy(), &facts()).report).expect("a report");
    let why = read_baseline(&text, "goldenpath", 3).expect_err("refused").to_string();
    assert_eq!(why, "it was measured with users `5`, this run has `3` (hint: measure both alike)");
}

/// A story for the first check that fails.
fn stories(judgement: &Judgement) -> BTreeMap<String, Story> {
    let refused = r#"{"t_ns":1500000000,"conn":1,"user":"bo|b","k":"open","status":403}"#;
    let record = serde_json::from_str(refused).expect("a record");
    let failed = judgement.checks.iter().find(|check| check.verdict == Verdict::Fail);
    failed.map(|check| (check.id.to_owned(), Story::of([&record]))).into_iter().collect()
}

fn documents(name: &str, judgement: &Judgement) {
    let mut report = decided(judgement, &facts()).report;
    report.stories = stories(judgement);
    insta::assert_snapshot!(
        format!("{name}_text"),
        format!("{}\n{}", formats::text(&report), formats::last_line(&report))
    );
    insta::assert_snapshot!(format!("{name}_markdown"), formats::markdown(&report));
}

#[test]
fn an_approved_run_reads_well() {
    documents("approved", &healthy());
}

#[test]
fn a_blocked_run_reads_well() {
    documents("blocked", &broken());
}

#[test]
fn junit_shows_what_ci_must_not_show_green() {
    let mut judgement = broken();
    set(&mut judgement, "timing/silence", |check| {
        check.verdict = Verdict::Inconclusive(Reason::TooFewSamples)
    });
    let xml = formats::junit(&decided(&judgement, &facts()).report).expect("a document");
    assert!(xml.contains(&format!("tests=\"{}\"", CHECKS.len())));
    assert!(xml.contains("failures=\"1\" errors=\"1\""), "{}", &xml[..400]);
    assert!(xml.contains("alice") && xml.contains("inconclusive: too_few_samples"));
}

/// Walks schema and value together: same keys, in both directions, and every type as named.
fn holds(schema: &Value, value: &Value, at: &str) {
    if let Some(properties) = schema.get("properties").and_then(Value::as_object) {
        let object = value.as_object().unwrap_or_else(|| panic!("{at} is no object"));
        let (mut named, mut found): (Vec<_>, Vec<_>) = (properties.keys().collect(), object.keys().collect());
        named.sort();
        found.sort();
        assert_eq!(named, found, "keys of {at}");
        for (key, inner) in properties {
            holds(inner, &object[key], &format!("{at}.{key}"));
        }
    }
    if let Some(items) = schema.get("items") {
        for (index, inner) in value.as_array().unwrap_or_else(|| panic!("{at} is no list")).iter().enumerate()
        {
            holds(items, inner, &format!("{at}[{index}]"));
        }
    }
    if let Some(known) = schema.get("enum").and_then(Value::as_array) {
        assert!(known.contains(value), "{at} is {value}");
    }
    if let Some(known) = schema.get("const") {
        assert_eq!(known, value, "{at}");
    }
    let types: Vec<&str> = match schema.get("type") {
        Some(Value::String(one)) => vec![one],
        Some(Value::Array(many)) => many.iter().filter_map(Value::as_str).collect(),
        _ => return,
    };
    let fits = types.iter().any(|kind| match *kind {
        "null" => value.is_null(),
        "boolean" => value.is_boolean(),
        "integer" => value.is_u64() || value.is_i64(),
        "number" => value.is_number(),
        "string" => value.is_string(),
        "array" => value.is_array(),
        "object" => value.is_object(),
        other => panic!("the schema names type `{other}`"),
    });
    assert!(fits, "{at} is {value}, not {types:?}");
}

#[test]
fn a_report_has_exactly_the_keys_of_its_schema() {
    let schema: Value = serde_json::from_str(include_str!("../../../docs/report.schema.json")).expect("JSON");
    for judgement in [healthy(), broken(), Judgement::default()] {
        let report = decided(&judgement, &facts()).report;
        let text = formats::json(&report).expect("a report");
        holds(&schema, &serde_json::from_str(&text).expect("JSON"), "report");
        assert_eq!(serde_json::from_str::<Report>(&text).expect("a report"), report);
    }
}
