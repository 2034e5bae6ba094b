//! Exit codes: an interface that CI pipelines branch on.

use goldenpath_report::Outcome;
use std::process::ExitCode;

/// How the command ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub enum Exit {
    /// 0: approved, or done.
    Approved = 0,
    /// 1: blocked, a check failed.
    Blocked = 1,
    /// 2: usage or configuration.
    Usage = 2,
    /// 3: nothing failed, but something required could not be judged.
    Inconclusive = 3,
    /// 70: our own bug.
    Bug = 70,
    /// 130: interrupted, with a valid partial report.
    Interrupted = 130,
}

impl Exit {
    /// Every code with its meaning, for documentation.
    pub const ALL: [(Self, &'static str); 6] = [
        (Self::Approved, "approved"),
        (Self::Blocked, "blocked, a check failed"),
        (Self::Usage, "usage or configuration"),
        (Self::Inconclusive, "inconclusive: nothing failed, but something required could not be judged"),
        (Self::Bug, "our own bug"),
        (Self::Interrupted, "interrupted, with a valid partial report"),
    ];

    /// The number.
    #[must_use]
    pub fn code(self) -> u8 {
        self as u8
    }

    /// The worse of two ends: a failure beats doubt, and whoever stopped us beats both.
    #[must_use]
    pub fn worse(self, other: Self) -> Self {
        let rank = |exit| match exit {
            Self::Approved => 0,
            Self::Inconclusive => 1,
            Self::Blocked => 2,
            Self::Usage => 3,
            Self::Interrupted => 4,
            Self::Bug => 5,
        };
        if rank(other) > rank(self) { other } else { self }
    }
}

impl From<Outcome> for Exit {
    fn from(outcome: Outcome) -> Self {
        match outcome {
            Outcome::Approved => Self::Approved,
            Outcome::Blocked => Self::Blocked,
            Outcome::Inconclusive => Self::Inconclusive,
            Outcome::Interrupted => Self::Interrupted,
        }
    }
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit.code())
    }
}

/// A command that could not do its work.
#[derive(Debug, thiserror::Error)]
pub enum CommandError {
    /// The call or the configuration is wrong; says what would have been valid.
    #[error("{0}")]
    Usage(String),
    /// Something outside failed after the work began: a full disk, a lost file.
    #[error("{0}")]
    Outside(String),
    /// We did something wrong.
    #[error("{0} (hint: this is a bug of goldenpath; please report it with the execution log)")]
    Bug(String),
}

impl CommandError {
    /// The code that says it.
    #[must_use]
    pub fn exit(&self) -> Exit {
        match self {
            Self::Usage(_) => Exit::Usage,
            Self::Outside(_) => Exit::Inconclusive,
            Self::Bug(_) => Exit::Bug,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Exit;

    #[test]
    fn the_codes_are_those_of_the_interface() {
        assert_eq!(Exit::ALL.map(|(exit, _)| exit.code()), [0, 1, 2, 3, 70, 130]);
    }

    #[test]
    fn a_failure_beats_doubt() {
        assert_eq!(Exit::Blocked.worse(Exit::Inconclusive), Exit::Blocked);
        assert_eq!(Exit::Approved.worse(Exit::Inconclusive), Exit::Inconclusive);
        assert_eq!(Exit::Inconclusive.worse(Exit::Usage), Exit::Usage);
    }
}
