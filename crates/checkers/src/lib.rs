//! Pure judgments: folds over the records of a history.
//!
//! The same code judges live, offline and in unit tests. Nothing here reads a clock or a socket, or
//! knows who produced the records or who shows the verdicts.

mod verdict;

pub use verdict::{CheckResult, Coverage, Finding, Judgement, Metrics, Reason, Verdict};
