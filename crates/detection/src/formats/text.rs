//! What a terminal shows: every fault and the checks that fail on it, group by group; alarms; the tester's own faults; rates; what is
//! wrong, last.

use super::{bounded, of};
use crate::assess::FaultResult;
use crate::column::Column;
use crate::groups::group_of;
use crate::matrix::{FaultRow, Matrix};
use crate::rates::Rate;
use crate::tester::TesterVerdict;
use std::fmt::Write;

/// Checks beside the owner that are named; the document names them all.
const BESIDE: usize = 4;

/// The measurement for a terminal.
#[must_use]
pub fn text(matrix: &Matrix) -> String {
    let mut out = format!("{} · each fault {}\n", matrix.target, matrix.attempts());
    faults(&mut out, matrix);
    healthy(&mut out, matrix);
    tester(&mut out, matrix);
    rates(&mut out, matrix);
    problems(&mut out, matrix);
    out
}

fn faults(out: &mut String, matrix: &Matrix) {
    let mut group = "";
    for row in &matrix.faults {
        let Some(column) = matrix.shown(row) else { continue };
        let name = group_of(row.info.id);
        if name != group {
            group = name;
            let _ = writeln!(out, "\n{name}");
        }
        fault(out, row, column);
    }
}

fn fault(out: &mut String, row: &FaultRow, column: &Column) {
    let info = row.info;
    let verdict = match column.result {
        FaultResult::Caught => format!("caught {}", of(column)),
        FaultResult::NotApplicable => "n/a".to_owned(),
        FaultResult::DriverMissing => "no driver".to_owned(),
        bad => format!("{} {}", bad.as_str().to_uppercase(), of(column)),
    };
    let _ = writeln!(out, "  {}  {verdict:<13} {:<32} {}", info.id, info.owner, info.summary);
    if let Some(why) = &column.reason {
        let _ = writeln!(out, "       {why}");
    }
    let beside: Vec<String> =
        column.beside(info.owner).map(|(check, times)| format!("{check} {times}")).collect();
    if !beside.is_empty() {
        let more = beside.len().saturating_sub(BESIDE);
        let tail = if more == 0 { String::new() } else { format!(" and {more} more") };
        let _ = writeln!(out, "       also {}{tail}", beside[..beside.len().min(BESIDE)].join(", "));
    }
}

fn healthy(out: &mut String, matrix: &Matrix) {
    if matrix.healthy.is_empty() && matrix.trials.is_empty() {
        return;
    }
    out.push_str("\nHealthy variations\n");
    let (quiet, loud): (Vec<_>, Vec<_>) =
        matrix.healthy.iter().chain(&matrix.trials).partition(|row| row.alarmed == 0);
    let sessions: u64 = quiet.iter().map(|row| row.sessions).sum();
    let _ = writeln!(out, "  {} quiet, over {sessions} sessions", quiet.len());
    for row in loud {
        let first = row.first.as_deref().unwrap_or_default();
        let _ =
            writeln!(out, "  {}  ALARM {}/{} {}: {first}", row.id, row.alarmed, row.sessions, row.summary);
    }
}

fn tester(out: &mut String, matrix: &Matrix) {
    if matrix.tester.is_empty() {
        return;
    }
    out.push_str("\nThe tester's own faults\n");
    for row in &matrix.tester {
        let verdict = match row.verdict() {
            TesterVerdict::Approved => "APPROVED",
            other => other.as_str(),
        };
        let _ = writeln!(out, "  {}  {verdict:<13} {}", row.id, row.summary);
    }
}

fn rates(out: &mut String, matrix: &Matrix) {
    let rates = matrix.rates();
    let caught = Rate { n: rates.caught.n, of: rates.caught.of };
    let alarms = Rate { n: rates.false_alarm.n, of: rates.false_alarm.of };
    out.push('\n');
    let _ = writeln!(out, "caught by their owner  {}", bounded(caught, caught.low(), "at least"));
    let _ = writeln!(out, "false alarms           {}", bounded(alarms, alarms.high(), "at most"));
    let sessions = |n: u64, of: u64| format!("{n} of {of}");
    let _ = writeln!(
        out,
        "of single sessions     {} caught, {} healthy ones alarmed",
        sessions(rates.caught_sessions.n, rates.caught_sessions.of),
        sessions(rates.false_alarm_sessions.n, rates.false_alarm_sessions.of)
    );
}

fn problems(out: &mut String, matrix: &Matrix) {
    let (problems, unjudged) = (matrix.problems(), matrix.unjudged());
    if matrix.interrupted {
        out.push_str("\ninterrupted: this is what was measured by then\n");
    }
    if !unjudged.is_empty() {
        let _ = writeln!(out, "\n{} not judged, because this machine was too busy", unjudged.len());
        for row in &unjudged {
            let _ = writeln!(out, "  {row}");
        }
    }
    if problems.is_empty() && unjudged.is_empty() {
        out.push_str("\nevery fault that was tried was caught by the check that owns it, and nobody was blamed wrongly\n");
    }
    if problems.is_empty() {
        return;
    }
    let _ = writeln!(out, "\n{} wrong", problems.len());
    for problem in problems {
        let _ = writeln!(out, "  {problem}");
    }
}
