//! What clients saw, as a value and as a file: the evidence every judgment rests on.
//!
//! Clients only record. This crate holds the records and their file formats; it knows no threshold,
//! no socket and no clock.

mod record;

mod batch;
mod codec;
mod error;
mod json_text;
mod line;
mod lines;
mod quantity;
mod written;

mod capture;

mod redact;
mod reference;
mod trial;

pub use batch::Batch;
pub use capture::{Capture, Imported, ImportedRecord, Input};
pub use codec::{HistoryReader, HistoryWriter};
pub use error::{LineError, LineFault, OpenError};
pub use json_text::{BLOCK, json_text, marks_of, plain_until};
pub use record::{
    ClosedBy, Direction, Expect, FaultPhase, HISTORY_VERSION, Header, Outcome, RECORDING, RECORDING_BEGUN,
    RECORDING_ENDED, Record, RecordKind, ToolDemand, WitnessOf,
};
pub use redact::{REDACTED_JWT, REDACTED_KEY, REDACTED_TOKEN, redact, redact_known, was_redacted};
pub use reference::{find_reference, make_reference, references, split_reference, with_reference};
pub use trial::{CLOSE_NOT_ANSWERED, Trial};
