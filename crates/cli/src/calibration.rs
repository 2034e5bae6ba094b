//! The judge is judged before it decides about others. A check that misjudges a built-in history is our own bug, and decides nothing.

use crate::exit::CommandError;
use goldenpath_detection::{Misjudged, calibrate};
use std::panic::resume_unwind;
use std::thread::{Builder, JoinHandle};

/// Holds the judge that judges everybody against the built-in histories.
pub(crate) fn calibrated() -> Result<(), CommandError> {
    told(calibrate())
}

fn told(held: Result<(), Misjudged>) -> Result<(), CommandError> {
    held.map_err(|why| CommandError::Bug(format!("failed to calibrate the checks: {why}")))
}

/// The same, on a thread of its own, while something else begins.
#[must_use = "a judge is not calibrated until `held` says so"]
pub(crate) struct Calibration(JoinHandle<Result<(), CommandError>>);

impl Calibration {
    pub(crate) fn begin() -> Result<Self, CommandError> {
        let thread = Builder::new().name("calibration".to_owned()).spawn(calibrated);
        thread
            .map(Self)
            .map_err(|why| CommandError::Outside(format!("failed to start a thread for calibration: {why}")))
    }

    /// Waits for its end.
    pub(crate) fn held(self) -> Result<(), CommandError> {
        self.0.join().unwrap_or_else(|panic| resume_unwind(panic))
    }
}

#[cfg(test)]
mod tests {
    use super::{Calibration, told};
    use crate::exit::{CommandError, Exit};
    use goldenpath_checkers::{JudgeConfig, Verdict};
    use goldenpath_detection::{calibrate_with, judge};

    #[test]
    fn our_own_judge_may_decide() {
        assert!(Calibration::begin().is_ok_and(|calibration| calibration.held().is_ok()));
    }

    /// The error of a judge that keeps to itself what one check found.
    fn error_of_a_judge_blind_to(id: &'static str) -> CommandError {
        let blind = calibrate_with(|history| {
            let mut judgement = judge(history, &JudgeConfig::default(), None);
            for said in judgement.checks.iter_mut().filter(|said| said.id == id) {
                said.verdict = Verdict::Pass;
                said.findings.clear();
            }
            judgement
        });
        told(blind).err().unwrap_or_else(|| panic!("a judge that is blind to `{id}` was believed"))
    }

    #[test]
    fn a_judge_that_is_blind_to_a_check_exits_with_70_and_names_check_and_history() {
        for (id, history) in [("sequence/tool-pairs", "L04: "), ("timestamps/skew", "the server's clock ")] {
            let why = error_of_a_judge_blind_to(id);
            assert_eq!(why.exit(), Exit::Bug, "{why}");
            let named = format!("`{id}` does not fail the built-in broken history `{history}");
            assert!(why.to_string().contains(&named), "{why}");
        }
    }
}
