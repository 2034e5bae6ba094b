//! Rates with the bound that so few trials allow.

use goldenpath_checkers::wilson;
use serde::Serialize;

/// Standard errors of a two-sided interval of 95 %.
const Z: f64 = 1.959_964;

/// How many of how many.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Rate {
    /// So many…
    pub n: u64,
    /// …of so many.
    pub of: u64,
}

impl Rate {
    /// Counts one more.
    pub fn count(&mut self, hit: bool) {
        self.of += 1;
        self.n += u64::from(hit);
    }

    /// The share that was seen; `None` of nothing.
    #[must_use]
    pub fn share(self) -> Option<f64> {
        (self.of > 0).then(|| self.n as f64 / self.of as f64)
    }

    /// The true rate is at least this, 95 % of the time; `None` where nothing was tried.
    #[must_use]
    pub fn low(self) -> Option<f64> {
        self.share().map(|share| wilson(share, self.of as f64, Z).0)
    }

    /// The true rate is at most this, 95 % of the time; `None` where nothing was tried.
    #[must_use]
    pub fn high(self) -> Option<f64> {
        self.share().map(|share| wilson(share, self.of as f64, Z).1)
    }
}

/// A rate that should be high, as documents write it.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct AtLeast {
    /// So many…
    pub n: u64,
    /// …of so many.
    pub of: u64,
    /// The lower bound of the true rate.
    pub wilson95_low: Option<f64>,
}

/// A rate that should be low, as documents write it.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct AtMost {
    /// So many…
    pub n: u64,
    /// …of so many.
    pub of: u64,
    /// The upper bound of the true rate.
    pub wilson95_high: Option<f64>,
}

impl From<Rate> for AtLeast {
    fn from(rate: Rate) -> Self {
        Self { n: rate.n, of: rate.of, wilson95_low: rate.low() }
    }
}

impl From<Rate> for AtMost {
    fn from(rate: Rate) -> Self {
        Self { n: rate.n, of: rate.of, wilson95_high: rate.high() }
    }
}

/// What a measurement comes to.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Rates {
    /// Rows that their owner caught on every seed, of those that were tried.
    pub caught: AtLeast,
    /// Healthy rows that raised an alarm.
    pub false_alarm: AtMost,
    /// The same of single sessions.
    pub caught_sessions: AtLeast,
    /// The same of single sessions; those beside the rows count, too.
    pub false_alarm_sessions: AtMost,
}
