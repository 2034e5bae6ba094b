//! A session with a fault in it: what clients recorded, and what the fault says it did.

use crate::scenario::scenario;
use goldenpath_faults::{FaultInfo, Receipt, break_history};
use goldenpath_simulator::{History, simulate};

/// What is assessed, simulated or live.
#[derive(Debug, Clone, PartialEq)]
pub struct Session {
    /// What clients recorded, with the records of the fault's beginning, of what it did, and of its end. The header is line 1,
    /// the first record line 2.
    pub history: History,
    /// One for every step that the fault touched.
    pub receipts: Vec<Receipt>,
}

/// What became of the attempt to drive a session with a fault in it.
#[derive(Debug, Clone, PartialEq)]
pub enum Driven {
    /// It was driven.
    Session(Box<Session>),
    /// The fault makes no sense on this target; why.
    NotApplicable(String),
    /// Nothing here can bring the fault about on this target; what is missing.
    DriverMissing(String),
}

/// A generated session, broken by the fault of a row; the same seed gives the same bytes.
#[must_use]
pub fn simulated(row: &FaultInfo, seed: u64) -> Session {
    broken(row, &simulate(&scenario(row), seed), seed)
}

/// A healthy session that holds what the fault of a row needs, broken by it. Rows of equal needs can share one.
#[must_use]
pub fn broken(row: &FaultInfo, healthy: &History, seed: u64) -> Session {
    let broken = break_history(&healthy.records, row, seed);
    Session {
        history: History { header: healthy.header.clone(), records: broken.records },
        receipts: broken.receipts,
    }
}
