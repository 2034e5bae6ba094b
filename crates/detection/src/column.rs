//! What several attempts at one fault come to, simulated or live.

use crate::assess::{Attempt, FaultResult};
use crate::blame::Blamed;
use std::collections::BTreeMap;

/// Findings about the untouched that are kept for each row.
const KEPT: usize = 5;

/// Attempts at one fault, folded: the worst of them is the result.
#[derive(Debug, Clone, PartialEq)]
pub struct Column {
    /// The worst result.
    pub result: FaultResult,
    /// Attempts that the owner caught…
    pub caught: u64,
    /// …of so many.
    pub of: u64,
    /// Every check that failed, and on how many attempts.
    pub checks: BTreeMap<&'static str, u64>,
    /// Steps that the fault touched, all attempts together.
    pub receipts: usize,
    /// Why the result is not better, from the first attempt that was this bad.
    pub reason: Option<String>,
    /// Attempts on which somebody untouched was blamed.
    pub blaming: u64,
    /// The first of those findings.
    pub blamed: Vec<Blamed>,
}

impl Column {
    /// Nothing was tried; why.
    #[must_use]
    pub fn untried(result: FaultResult, reason: impl Into<String>) -> Self {
        Self { reason: Some(reason.into()), ..Self::nothing(result) }
    }

    fn nothing(result: FaultResult) -> Self {
        Self {
            result,
            caught: 0,
            of: 0,
            checks: BTreeMap::new(),
            receipts: 0,
            reason: None,
            blaming: 0,
            blamed: Vec::new(),
        }
    }

    /// All attempts together; `None` of none. One that was bad stays, whatever came after it.
    #[must_use]
    pub fn fold(attempts: &[Attempt]) -> Option<Self> {
        let worst = attempts.iter().map(|attempt| attempt.result).max()?;
        let mut column = Self::nothing(worst);
        for attempt in attempts {
            column.take_in(attempt);
        }
        Some(column)
    }

    fn take_in(&mut self, attempt: &Attempt) {
        self.of += 1;
        self.caught += u64::from(attempt.result == FaultResult::Caught);
        self.receipts += attempt.receipts;
        for check in &attempt.failed {
            *self.checks.entry(check).or_insert(0) += 1;
        }
        if attempt.result == self.result && self.reason.is_none() {
            self.reason = attempt.reason.as_ref().map(|why| format!("seed {}: {why}", attempt.seed));
        }
        self.blaming += u64::from(!attempt.blamed.is_empty());
        let room = KEPT.saturating_sub(self.blamed.len());
        self.blamed.extend(attempt.blamed.iter().take(room).cloned());
    }

    /// Whether something was missed, or somebody untouched was blamed.
    #[must_use]
    pub fn is_bad(&self) -> bool {
        self.result.is_bad() || self.blaming > 0
    }

    /// The checks beside the owner that failed, and on how many attempts.
    pub fn beside<'a>(&'a self, owner: &'a str) -> impl Iterator<Item = (&'static str, u64)> + 'a {
        self.checks.iter().filter(move |(check, _)| **check != owner).map(|(check, times)| (*check, *times))
    }
}
