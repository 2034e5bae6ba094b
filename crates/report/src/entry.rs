//! One check as the report tells it: what the judge said, doubted once more.

use crate::facts::RunFacts;
use crate::finite::finite;
use crate::model::{CheckEntry, CheckVerdict};
use goldenpath_checkers::{CheckInfo, CheckResult, Judgement, Reason, Required, Verdict};

/// The report's entry of one row of the catalogue.
pub(crate) fn entry(info: &CheckInfo, judgement: &Judgement, facts: &RunFacts) -> CheckEntry {
    let found = judgement.checks.iter().find(|result| result.id == info.id);
    let (verdict, reason) = verdict(info, found, facts);
    let required = match info.required {
        Required::Always => true,
        Required::IfObservable => verdict != CheckVerdict::NotObservable,
        Required::Advice => false,
    };
    CheckEntry {
        id: info.id.to_owned(),
        category: info.category.as_str().to_owned(),
        verdict,
        reason,
        required,
        limit: finite(found.map_or(info.limit, |result| result.limit)),
        value: finite(found.and_then(|result| result.value)),
        unit: info.unit.map(str::to_owned),
        n: found.map_or(0, |result| result.n),
        of: found.map_or(0, |result| result.of),
        findings: found.map(|result| result.findings.clone()).unwrap_or_default(),
    }
}

fn verdict(
    info: &CheckInfo,
    found: Option<&CheckResult>,
    facts: &RunFacts,
) -> (CheckVerdict, Option<String>) {
    let not_run = facts.categories.iter().find(|run| run.category == info.category).map(|run| &run.not_run);
    let said = found.map(|result| &result.verdict);
    // A broken promise counts wherever it was seen; everything else only where its category ran.
    match (said, not_run) {
        (Some(Verdict::Fail), _) => (CheckVerdict::Fail, None),
        (_, Some(Some(why))) => (CheckVerdict::NotRun, Some(why.clone())),
        (None, _) => open(Reason::CheckPanicked),
        (Some(Verdict::Pass), _) => found.map_or_else(|| open(Reason::CheckPanicked), doubted_pass),
        (Some(Verdict::Inconclusive(reason)), _) => open(*reason),
        (Some(Verdict::NotObservable(why)), _) => (CheckVerdict::NotObservable, Some(why.clone())),
        (Some(Verdict::NotRun(why)), _) => (CheckVerdict::NotRun, Some(why.clone())),
    }
}

fn open(reason: Reason) -> (CheckVerdict, Option<String>) {
    (CheckVerdict::Inconclusive, Some(reason_name(reason).to_owned()))
}

/// A pass stands only when it looked at something and every number it rests on is one.
fn doubted_pass(result: &CheckResult) -> (CheckVerdict, Option<String>) {
    let number = |number: Option<f64>| number.is_none_or(f64::is_finite);
    if result.of == 0 {
        return open(Reason::NoCoverage);
    }
    if !number(result.value) || !number(result.limit) {
        return open(Reason::CheckPanicked);
    }
    (CheckVerdict::Pass, None)
}

fn reason_name(reason: Reason) -> &'static str {
    match reason {
        Reason::NoCoverage => "no_coverage",
        Reason::FaultNotFired => "fault_not_fired",
        Reason::CaptureIncomplete => "capture_incomplete",
        Reason::TooFewSamples => "too_few_samples",
        Reason::ClockUncertain => "clock_uncertain",
        Reason::ClientOverloaded => "client_overloaded",
        Reason::TargetUnavailable => "target_unavailable",
        Reason::TimedOut => "timed_out",
        Reason::CheckPanicked => "check_panicked",
    }
}
