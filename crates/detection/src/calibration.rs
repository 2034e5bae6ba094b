//! Before it decides about others, the judge is judged.
//!
//! Every check is held against a built-in history that breaks its promise, which it must fail, and against the same session with
//! nothing broken, which it must pass and in which no other check may fail. A gate whose check has gone blind, or cries wolf, is
//! told so before anybody believes it.

mod built_in;
mod by_hand;
#[cfg(test)]
mod tests;

use crate::assess::judge;
use built_in::built_in;
use goldenpath_checkers::{JudgeConfig, Judgement};
use goldenpath_simulator::History;
use std::fmt;

/// Checks that no history can calibrate, and why.
pub const NOT_CALIBRATED: &[(&str, &str)] = &[
    ("value/quality", "no history shows it: only a judge of texts, or a baseline, says it"),
    ("load/ladder", "this version does not judge it, and says so in every report"),
];

/// A built-in history that was misjudged: our own bug.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Misjudged {
    /// A check does not fail a history that breaks its promise.
    Missed {
        /// The check.
        check: &'static str,
        /// What is wrong with the history.
        history: String,
    },
    /// A check fails a history in which nothing is wrong.
    FalseAlarm {
        /// The check.
        check: &'static str,
        /// What happens in the history.
        history: String,
    },
    /// A check cannot say of a history, which shows all it needs, that its promise was kept.
    NotPassed {
        /// The check.
        check: &'static str,
        /// What happens in the history.
        history: String,
    },
}

impl fmt::Display for Misjudged {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Missed { check, history } => {
                write!(f, "`{check}` does not fail the built-in broken history `{history}`")
            }
            Self::FalseAlarm { check, history } => {
                write!(f, "`{check}` fails the built-in healthy history `{history}`")
            }
            Self::NotPassed { check, history } => {
                write!(f, "`{check}` does not pass the built-in healthy history `{history}`")
            }
        }
    }
}

impl std::error::Error for Misjudged {}

/// Judges the built-in histories with the judge that everybody is judged by, at the limits of the catalogue.
///
/// # Errors
///
/// The first history that it misjudges.
pub fn calibrate() -> Result<(), Misjudged> {
    calibrate_with(|history| judge(history, &JudgeConfig::default(), None))
}

/// Judges the built-in histories with `judge`, which must judge every category.
///
/// # Errors
///
/// The first history that it misjudges.
pub fn calibrate_with(judge: impl Fn(&History) -> Judgement) -> Result<(), Misjudged> {
    built_in().try_for_each(|built_in| built_in.hold(&judge(&built_in.history)))
}
