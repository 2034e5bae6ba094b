//! The judge is judged before it decides about others, on a thread of its own, while the work of a command begins.

use crate::exit::CommandError;
use goldenpath_detection::{Misjudged, calibrate};
use std::panic::resume_unwind;
use std::thread::{Builder, JoinHandle};

/// The judge, being held against built-in histories.
#[must_use = "a judge is not calibrated until `held` says so"]
pub(crate) struct Calibration(JoinHandle<Result<(), Misjudged>>);

impl Calibration {
    /// Begins with the judge that judges everybody.
    pub(crate) fn begin() -> Result<Self, CommandError> {
        Self::of(calibrate)
    }

    fn of(calibrate: impl FnOnce() -> Result<(), Misjudged> + Send + 'static) -> Result<Self, CommandError> {
        let thread = Builder::new().name("calibration".to_owned()).spawn(calibrate);
        thread
            .map(Self)
            .map_err(|why| CommandError::Outside(format!("failed to start a thread for calibration: {why}")))
    }

    /// Waits for its end. A check that misjudges one of the histories is our own bug, and decides nothing.
    pub(crate) fn held(self) -> Result<(), CommandError> {
        match self.0.join() {
            Ok(held) => {
                held.map_err(|why| CommandError::Bug(format!("failed to calibrate the checks: {why}")))
            }
            Err(panic) => resume_unwind(panic),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Calibration;
    use crate::exit::{CommandError, Exit};
    use goldenpath_checkers::{JudgeConfig, Verdict};
    use goldenpath_detection::{calibrate_with, judge};

    #[test]
    fn our_own_judge_may_decide() {
        assert!(Calibration::begin().is_ok_and(|calibration| calibration.held().is_ok()));
    }

    /// The error of a judge that keeps to itself what one check found.
    fn error_of_a_judge_blind_to(id: &'static str) -> CommandError {
        let blind = move || {
            calibrate_with(|history| {
                let mut judgement = judge(history, &JudgeConfig::default(), None);
                for said in judgement.checks.iter_mut().filter(|said| said.id == id) {
                    said.verdict = Verdict::Pass;
                    said.findings.clear();
                }
                judgement
            })
        };
        match Calibration::of(blind).map(Calibration::held) {
            Ok(Err(why)) | Err(why) => why,
            Ok(Ok(())) => panic!("a judge that is blind to `{id}` was believed"),
        }
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
