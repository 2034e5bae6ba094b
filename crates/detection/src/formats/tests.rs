//! What people and programs read, as it stands.

use super::{json, markdown, text};
use crate::column::Column;
use crate::healthy::{Alarm, HealthyRow};
use crate::matrix::{FaultRow, Matrix};
use crate::tester::{TesterRow, TesterTrial, TesterVerdict};
use crate::{Attempt, Blamed, FaultResult};
use goldenpath_faults::fault_info;

fn attempt(fault: &'static str, seed: u64, result: FaultResult, failed: &[&'static str]) -> Attempt {
    let reason = result.is_bad().then(|| "its owner passes".to_owned());
    Attempt {
        fault,
        seed,
        result,
        failed: failed.to_vec(),
        receipts: 3,
        blamed: Vec::new(),
        reason,
        unsure: None,
        finding: None,
    }
}

fn row(id: &str, attempts: &[Attempt], live: Option<Column>) -> FaultRow {
    FaultRow { info: fault_info(id).unwrap(), simulated: Column::fold(attempts), live, witness: None }
}

/// One of everything: caught, missed once, blamed wrongly, not driven; an alarm; an approval.
fn matrix(live: bool) -> Matrix {
    let caught =
        |seed| attempt("L04", seed, FaultResult::Caught, &["sequence/tool-pairs", "delivery/no-loss"]);
    let mut blaming = attempt("D01", 2, FaultResult::Caught, &["delivery/unique-ids"]);
    blaming
        .blamed
        .push(Blamed { check: "sequence/five-in-order", summary: "user `a` saw nothing".to_owned() });
    let missed = [
        attempt("L09", 1, FaultResult::Missed, &[]),
        attempt("L09", 2, FaultResult::Caught, &["delivery/deltas-concatenate"]),
    ];
    let mut alarm = HealthyRow::new("H01");
    alarm.count("H01", 1, &[Alarm { check: "content/schema", summary: "an unknown type".to_owned() }]);
    alarm.count("H01", 2, &[]);
    let trial = |verdict| TesterTrial { what: "it was left out", verdict };
    Matrix {
        target: if live { "ws://127.0.0.1:8000/ws" } else { "simulated" }.to_owned(),
        seed: 1,
        seeds: 2,
        live,
        faults: vec![
            row("L04", &[caught(1), caught(2)], live.then(|| Column::fold(&[caught(1)])).flatten()),
            FaultRow { witness: Some("witnesses/L09.jsonl".to_owned()), ..row("L09", &missed, None) },
            row(
                "D01",
                &[blaming],
                live.then(|| Column::untried(FaultResult::NotApplicable, "only one user")),
            ),
            row(
                "G01",
                &[],
                live.then(|| Column::untried(FaultResult::DriverMissing, "nothing brings it about")),
            ),
        ],
        healthy: vec![alarm, HealthyRow::new("H02")],
        trials: vec![HealthyRow::new("a drain")],
        tester: vec![
            TesterRow { id: "V01", summary: "nothing ran", trials: vec![trial(TesterVerdict::Inconclusive)] },
            TesterRow { id: "V02", summary: "all skipped", trials: vec![trial(TesterVerdict::Approved)] },
        ],
        interrupted: false,
    }
}

#[test]
fn a_terminal_shows_every_fault_and_what_is_wrong() {
    insta::assert_snapshot!("simulated_text", text(&matrix(false)));
    insta::assert_snapshot!("live_text", text(&matrix(true)));
}

#[test]
fn the_document_says_it_all() {
    insta::assert_snapshot!("simulated_json", json(&matrix(false)).unwrap());
    let live: serde_json::Value = serde_json::from_str(&json(&matrix(true)).unwrap()).unwrap();
    let results: Vec<&str> =
        live["faults"].as_array().unwrap().iter().map(|row| row["result"].as_str().unwrap()).collect();
    assert_eq!(results, ["caught", "not_applicable", "driver_missing"]);
    assert_eq!(live["rates"]["caught"]["of"], 1, "what was not tried is no part of a rate");
}

#[test]
fn the_page_tells_both_columns() {
    insta::assert_snapshot!("live_page", markdown(&matrix(true)));
}

#[test]
fn what_is_wrong_is_wrong_in_any_column() {
    let simulated = matrix(false).problems();
    assert_eq!(simulated.len(), 4, "missed, blamed, alarm, approved: {simulated:#?}");
    assert_eq!(matrix(true).problems(), simulated, "a live column hides no simulated miss");
}

#[test]
fn what_was_not_judged_is_no_proof_and_no_miss() {
    let mut matrix = matrix(true);
    matrix.faults.retain(|row| row.info.id == "L04");
    matrix.healthy.clear();
    matrix.tester.clear();
    assert!(text(&matrix).contains("every fault that was tried was caught"));
    let busy = Attempt {
        reason: Some("its owner is inconclusive: client_overloaded".to_owned()),
        ..attempt("L04", 1, FaultResult::Inconclusive, &[])
    };
    matrix.faults[0].live = Column::fold(&[busy]);
    assert_eq!(matrix.problems(), Vec::<String>::new());
    let said = [
        "L04 (no tool_completed), live: inconclusive, caught on 0 of 1 (seed 1: its owner is inconclusive: \
                 client_overloaded)",
    ];
    assert_eq!(matrix.unjudged(), said);
    let text = text(&matrix);
    assert!(text.contains(said[0]) && !text.contains("every fault that was tried was caught"), "{text}");
    assert!(markdown(&matrix).contains("## Not judged"));
}
