//! What clients saw, as a value and as a file: the evidence every judgment rests on.
//!
//! Clients only record. This crate holds the records and their file formats; it knows no threshold,
//! no socket and no clock.

mod record;

mod codec;
mod error;
mod line;
mod lines;

mod reference;

pub use codec::{HistoryReader, HistoryWriter};
pub use error::{LineError, LineFault, OpenError};
pub use record::{
    ClosedBy, Direction, Expect, FaultPhase, HISTORY_VERSION, Header, Outcome, Record, RecordKind, ToolDemand,
};
pub use reference::{find_reference, make_reference, references, split_reference, with_reference};
