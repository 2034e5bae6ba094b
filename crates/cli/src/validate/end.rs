//! How a drive ended: what ran, and what stopped the rest.

use goldenpath_checkers::Category;
use std::fmt;

/// How a drive ended.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct DriveEnd {
    /// Every category asked for, in the order of the catalogue.
    pub categories: Vec<(Category, CategoryEnd)>,
    /// What stopped it before its end.
    pub stop: Option<Stop>,
}

/// How one category ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CategoryEnd {
    /// To its end; the checks say how well.
    Ran,
    /// It began and was cut off; says why.
    Cut(String),
    /// It never began; says why.
    NotRun(String),
}

/// Why a drive did not go on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Stop {
    /// Its time was over.
    TimedOut,
    /// Somebody cancelled.
    Interrupted,
    /// This category failed, and one failure was to be enough.
    FailFast(Category),
    /// The target could not be reached, or let nobody in; says how.
    TargetUnavailable(String),
    /// The driver itself broke, which is a bug of ours; says how.
    Broke(String),
}

impl fmt::Display for Stop {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::TimedOut => f.write_str("the time was over"),
            Self::Interrupted => f.write_str("it was interrupted"),
            Self::FailFast(category) => write!(f, "{category} failed before, and --fail-fast was given"),
            Self::TargetUnavailable(why) => f.write_str(why),
            Self::Broke(why) => write!(f, "goldenpath itself failed, which is a bug of ours: {why}"),
        }
    }
}
