//! One attempt: a session with a fault in it is judged, and what the fault's owner says is the result.

use crate::blame::{Blamed, wrongly_blamed};
use crate::session::Session;
use goldenpath_checkers::{
    Category, CheckResult, Finding, Judge, JudgeConfig, Judgement, Reason, Verdict, check_info,
};
use goldenpath_faults::FaultInfo;
use goldenpath_simulator::History;
use serde::Serialize;

/// What became of a fault. In the order of badness: of several attempts the greatest is the row's.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum FaultResult {
    /// The fault makes no sense on this target.
    NotApplicable,
    /// Nothing here can bring it about on this target.
    DriverMissing,
    /// The check that owns it fails.
    Caught,
    /// Its owner could not judge, because the measuring client was overloaded: nothing is known of this fault.
    Inconclusive,
    /// Only other checks fail.
    CaughtByOther,
    /// It was switched on and touched nothing.
    NotFired,
    /// No check fails.
    Missed,
}

impl FaultResult {
    /// As the JSON document writes it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::NotApplicable => "not_applicable",
            Self::DriverMissing => "driver_missing",
            Self::Caught => "caught",
            Self::Inconclusive => "inconclusive",
            Self::CaughtByOther => "caught_by_other",
            Self::NotFired => "not_fired",
            Self::Missed => "missed",
        }
    }

    /// Whether the fault was brought about, or should have been.
    #[must_use]
    pub fn was_tried(self) -> bool {
        !matches!(self, Self::NotApplicable | Self::DriverMissing)
    }

    /// Whether the gate is worth less for it.
    #[must_use]
    pub fn is_bad(self) -> bool {
        matches!(self, Self::CaughtByOther | Self::NotFired | Self::Missed)
    }
}

/// What one session showed.
#[derive(Debug, Clone, PartialEq)]
pub struct Attempt {
    /// The row, such as `L01`.
    pub fault: &'static str,
    /// The session's seed.
    pub seed: u64,
    /// What became of the fault.
    pub result: FaultResult,
    /// Every check that fails, in the order of the catalogue.
    pub failed: Vec<&'static str>,
    /// How many steps the fault touched.
    pub receipts: usize,
    /// Findings about users and runs that the fault did not touch.
    pub blamed: Vec<Blamed>,
    /// Why the result is not better, where it is not.
    pub reason: Option<String>,
    /// Why the owner could not judge, where it could not.
    pub unsure: Option<Reason>,
    /// The owner's first finding, which a witness would show.
    pub finding: Option<Finding>,
}

/// All that the judge says of a history: by the categories that its header names, and by every one where it names none.
/// `also` is the category of a check that must be judged in any case.
#[must_use]
pub fn judge(history: &History, config: &JudgeConfig, also: Option<Category>) -> Judgement {
    let config = JudgeConfig { categories: asked(history, config, also), ..config.clone() };
    Judge::new(&history.header, config).judge_all(&history.records)
}

fn asked(history: &History, config: &JudgeConfig, also: Option<Category>) -> Vec<Category> {
    let mut asked = config.categories.clone();
    if asked.is_empty() {
        asked = history.header.categories.iter().filter_map(|name| name.parse().ok()).collect();
    }
    if asked.is_empty() {
        return Category::ALL.to_vec();
    }
    if let Some(also) = also.filter(|also| !asked.contains(also)) {
        asked.push(also);
    }
    asked
}

/// Judges a session and says what became of the fault of a row. `config` tells what is known of the target: what it cannot show,
/// and limits; its default is right for generated sessions.
#[must_use]
pub fn assess(row: &FaultInfo, session: &Session, config: &JudgeConfig) -> Attempt {
    let also = check_info(row.owner).map(|info| info.category);
    let judgement = judge(&session.history, config, also);
    let owner = judgement.checks.iter().find(|check| check.id == row.owner);
    let failed: Vec<&'static str> = judgement.checks.iter().filter(fails).map(|check| check.id).collect();
    let receipts = session.receipts.iter().filter(|receipt| receipt.fault == row.id).count();
    let overloaded = Verdict::Inconclusive(Reason::ClientOverloaded);
    let result = match (receipts, failed.contains(&row.owner), failed.is_empty()) {
        (0, ..) => FaultResult::NotFired,
        (_, true, _) => FaultResult::Caught,
        _ if owner.is_some_and(|owner| owner.verdict == overloaded) => FaultResult::Inconclusive,
        (_, false, false) => FaultResult::CaughtByOther,
        (_, false, true) => FaultResult::Missed,
    };
    Attempt {
        fault: row.id,
        seed: session.history.header.seed,
        result,
        receipts,
        blamed: wrongly_blamed(&judgement.checks, &session.history.records, &session.receipts),
        reason: reason(row, result, owner),
        unsure: match owner.map(|owner| &owner.verdict) {
            Some(Verdict::Inconclusive(why)) => Some(*why),
            _ => None,
        },
        finding: owner.filter(fails).and_then(|owner| owner.findings.first().cloned()),
        failed,
    }
}

fn fails(check: &&CheckResult) -> bool {
    check.verdict == Verdict::Fail
}

/// Why a result is not better.
fn reason(row: &FaultInfo, result: FaultResult, owner: Option<&CheckResult>) -> Option<String> {
    let said = match owner.map(|owner| &owner.verdict) {
        None => "is no check".to_owned(),
        Some(Verdict::Fail) => "fails".to_owned(),
        Some(Verdict::Pass) => "passes".to_owned(),
        Some(Verdict::Inconclusive(why)) => {
            let why = serde_json::to_value(why).ok().and_then(|why| why.as_str().map(str::to_owned));
            format!("is inconclusive: {}", why.unwrap_or_default())
        }
        Some(Verdict::NotObservable(why)) => format!("cannot be seen: {why}"),
        Some(Verdict::NotRun(why)) => format!("was not run: {why}"),
    };
    match result {
        FaultResult::Caught | FaultResult::NotApplicable | FaultResult::DriverMissing => None,
        FaultResult::NotFired => Some("the fault was switched on and touched nothing".to_owned()),
        FaultResult::CaughtByOther | FaultResult::Missed | FaultResult::Inconclusive => {
            Some(format!("{} {said}", row.owner))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{FaultResult, assess};
    use crate::simulated;
    use goldenpath_checkers::JudgeConfig;
    use goldenpath_faults::fault_info;
    use goldenpath_history::RecordKind;

    /// Tool calls are late, and the client says that it was late itself all the time.
    #[test]
    fn what_an_overloaded_client_cannot_judge_is_neither_caught_nor_missed() {
        let row = fault_info("T05").unwrap();
        let mut session = simulated(row, 3);
        assert_eq!(assess(row, &session, &JudgeConfig::default()).result, FaultResult::Caught);
        for record in &mut session.history.records {
            if let RecordKind::Sample { name, value } = &mut record.kind
                && name == "scheduler_lag_ms"
            {
                *value = 60_000.0;
            }
        }
        let attempt = assess(row, &session, &JudgeConfig::default());
        assert_eq!(attempt.result, FaultResult::Inconclusive, "{attempt:?}");
        assert_eq!(
            attempt.reason.as_deref(),
            Some("timing/tool-completed is inconclusive: client_overloaded")
        );
        assert!(!attempt.result.is_bad() && attempt.result > FaultResult::Caught);
    }
}
