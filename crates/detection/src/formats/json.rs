//! The document `goldenpath.selftest/1`, for programs.

use crate::assess::FaultResult;
use crate::column::Column;
use crate::healthy::HealthyRow;
use crate::matrix::{FaultRow, Matrix};
use crate::rates::Rates;
use crate::tester::{TesterRow, TesterTrial, TesterVerdict};
use serde::Serialize;

/// The schema's name, in every document's `schema`.
pub const SCHEMA: &str = "goldenpath.selftest/1";

/// The whole document.
#[derive(Serialize)]
struct Document<'a> {
    schema: &'static str,
    target: &'a str,
    seed: u64,
    seeds: u64,
    interrupted: bool,
    faults: Vec<Fault<'a>>,
    healthy: Vec<Healthy<'a>>,
    healthy_trials: Vec<Healthy<'a>>,
    tester: Vec<Tester<'a>>,
    rates: Rates,
    problems: Vec<String>,
    unjudged: Vec<String>,
}

#[derive(Serialize)]
struct Fault<'a> {
    id: &'static str,
    summary: &'static str,
    owner: &'static str,
    result: FaultResult,
    checks: Vec<&'static str>,
    receipts: usize,
    witness: Option<&'a str>,
    reason: Option<&'a str>,
    caught: u64,
    of: u64,
    blamed_wrongly: Vec<BlamedWrongly<'a>>,
    simulated: Option<Simulated>,
}

#[derive(Serialize)]
struct BlamedWrongly<'a> {
    check: &'static str,
    summary: &'a str,
}

/// The simulated column of a row, in short.
#[derive(Serialize)]
struct Simulated {
    result: FaultResult,
    caught: u64,
    of: u64,
}

#[derive(Serialize)]
struct Healthy<'a> {
    id: &'static str,
    summary: &'static str,
    result: &'static str,
    checks: Vec<&'static str>,
    sessions: u64,
    alarmed: u64,
    first: Option<&'a str>,
}

#[derive(Serialize)]
struct Tester<'a> {
    id: &'static str,
    summary: &'static str,
    verdict: TesterVerdict,
    trials: &'a [TesterTrial],
}

/// The document, and a line end.
///
/// # Errors
/// When it cannot be written as JSON, which would be a bug.
pub fn json(matrix: &Matrix) -> Result<String, serde_json::Error> {
    let document = Document {
        schema: SCHEMA,
        target: &matrix.target,
        seed: matrix.seed,
        seeds: matrix.seeds,
        interrupted: matrix.interrupted,
        faults: matrix.faults.iter().filter_map(|row| fault(matrix, row)).collect(),
        healthy: matrix.healthy.iter().map(healthy).collect(),
        healthy_trials: matrix.trials.iter().map(healthy).collect(),
        tester: matrix.tester.iter().map(tester).collect(),
        rates: matrix.rates(),
        problems: matrix.problems(),
        unjudged: matrix.unjudged(),
    };
    serde_json::to_string_pretty(&document).map(|text| text + "\n")
}

/// A row that was not measured, because somebody stopped the measurement, is not in the document.
fn fault<'a>(matrix: &Matrix, row: &'a FaultRow) -> Option<Fault<'a>> {
    let column = matrix.shown(row)?;
    let blamed = column.blamed.iter();
    Some(Fault {
        id: row.info.id,
        summary: row.info.summary,
        owner: row.info.owner,
        result: column.result,
        checks: column.checks.keys().copied().collect(),
        receipts: column.receipts,
        witness: row.witness.as_deref(),
        reason: column.reason.as_deref(),
        caught: column.caught,
        of: column.of,
        blamed_wrongly: blamed
            .map(|blamed| BlamedWrongly { check: blamed.check, summary: &blamed.summary })
            .collect(),
        simulated: row.simulated.as_ref().map(simulated),
    })
}

fn simulated(column: &Column) -> Simulated {
    Simulated { result: column.result, caught: column.caught, of: column.of }
}

fn healthy(row: &HealthyRow) -> Healthy<'_> {
    Healthy {
        id: row.id,
        summary: row.summary,
        result: row.result(),
        checks: row.checks.keys().copied().collect(),
        sessions: row.sessions,
        alarmed: row.alarmed,
        first: row.first.as_deref(),
    }
}

fn tester(row: &TesterRow) -> Tester<'_> {
    Tester { id: row.id, summary: row.summary, verdict: row.verdict(), trials: &row.trials }
}
