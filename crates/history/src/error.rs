//! What can be wrong with a file of records: not with the target, with our view of it.

use std::io;

/// A file that cannot be read as a history or a capture at all.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// It could not be read.
    #[error("failed to read the file: {0}")]
    Io(#[from] io::Error),
    /// It holds nothing.
    #[error("the file is empty")]
    Empty,
    /// Its first line is neither a header nor a captured message.
    #[error("line 1 is neither a history header nor a line of a raw capture: {0}")]
    Unknown(String),
    /// Its first line names a version that this program does not know.
    #[error("{format} version `{version}` is unknown (hint: this program reads version 1)")]
    Version {
        /// `history` or `capture`.
        format: &'static str,
        /// What the line says.
        version: String,
    },
    /// It is the other format.
    #[error("the file is a {found}, not a {wanted}")]
    Format {
        /// What it is.
        found: &'static str,
        /// What was asked for.
        wanted: &'static str,
    },
}

/// One line that could not be read; the lines after it still can, unless the stream itself is cut.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("line {line}: {fault}")]
pub struct LineError {
    /// Its number, the header being line 1.
    pub line: u64,
    /// What is wrong.
    pub fault: LineFault,
}

/// What is wrong with a line.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum LineFault {
    /// Its bytes are no text.
    #[error("not UTF-8")]
    NotUtf8,
    /// It is longer than any record.
    #[error("longer than 32 MiB, skipped")]
    TooLong,
    /// It is no JSON, or its values have other types.
    #[error("not a record: {0}")]
    Unreadable(String),
    /// A key that its kind needs is not there.
    #[error("`{0}` is missing")]
    MissingKey(&'static str),
    /// No record of this kind.
    #[error("unknown kind `{0}` (hint: open, frame, close, request, fault, sample, lost, mark)")]
    UnknownKind(String),
    /// The last line ends in its middle.
    #[error("cut off")]
    Cut,
    /// The file ends early or is damaged: nothing after this line could be read.
    #[error("the file is cut off here: {0}")]
    StreamCut(String),
}

impl LineError {
    /// Whether the record is incomplete from here on, rather than one line being bad.
    #[must_use]
    pub fn is_cut(&self) -> bool {
        matches!(self.fault, LineFault::Cut | LineFault::StreamCut(_))
    }
}
