//! What clients saw, as a value and as a file: the evidence every judgment rests on.
//!
//! Clients only record. This crate holds the records and their file formats; it knows no threshold,
//! no socket and no clock.

mod record;

pub use record::{
    ClosedBy, Direction, Expect, FaultPhase, HISTORY_VERSION, Header, Outcome, Record, RecordKind, ToolDemand,
};
