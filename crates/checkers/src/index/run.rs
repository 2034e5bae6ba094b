//! One run, as the connections of its owner saw it.

use crate::observation::{ConnIx, RequestIx, UserIx};
use goldenpath_protocol::EventType;
use rustc_hash::FxHashMap;

/// Why a part of a run may be missing from its stream without a promise being broken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Gap {
    /// The server said at line `line` that it can't replay (`recovered:"failed"`).
    Signalled {
        /// The greeting's line.
        line: u64,
    },
    /// The client came back without asking for a resume, with no other connection open.
    NotAsked {
        /// The greeting's line.
        line: u64,
    },
}

impl Gap {
    /// The line of the greeting after it.
    #[must_use]
    pub fn line(self) -> u64 {
        let (Self::Signalled { line } | Self::NotAsked { line }) = self;
        line
    }
}

/// The end of a run, as first seen by its owner.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Terminal {
    /// Which terminal.
    pub kind: EventType,
    /// Its line.
    pub line: u64,
    /// When it came.
    pub t_ns: u64,
    /// Whether it came in a replay, as late as its reader.
    pub replayed: bool,
    /// Its `seq`.
    pub seq: Option<u64>,
    /// The number of events it claims for the run.
    pub event_count: Option<u64>,
}

/// What one connection of the owner saw of a run.
#[derive(Debug, Clone)]
pub struct Sight {
    /// The connection.
    pub conn: ConnIx,
    /// It was there before the run's request, so it owes the whole run.
    pub from_start: bool,
    /// The line of the first event it saw.
    pub first_line: u64,
    /// The line of the last event it saw.
    pub last_line: u64,
    /// The line of the event before that; 0 when there was none.
    pub previous_line: u64,
    /// The `seq` of the last event it saw.
    pub last_seq: Option<u64>,
    /// The events it saw, repeats included.
    pub events: u32,
    /// The line of the first terminal it saw.
    pub terminal: Option<u64>,
}

/// A run that is open, or ended so recently that other tabs may still be catching up.
#[derive(Debug, Clone)]
pub struct RunView {
    /// The `run_id` on the wire.
    pub id: Box<str>,
    /// Whose run it is: who asked for it; else whom its events name; else who saw it first.
    pub owner: UserIx,
    /// The request that began it, once known.
    pub request: Option<RequestIx>,
    /// The first `thread_id` that its owner was told, by `request_accepted` or an event.
    pub thread: Option<Box<str>>,
    /// Where it was first heard of: its first event or its `request_accepted`.
    pub first_line: u64,
    /// When that was.
    pub first_t_ns: u64,
    /// The line of its owner's last event.
    pub last_line: u64,
    /// When that came.
    pub last_t_ns: u64,
    /// Its first terminal.
    pub terminal: Option<Terminal>,
    /// Distinct events per type (by the order of `EventType::ALL`), over all connections of the owner.
    pub counts: [u32; EventType::ALL.len()],
    /// Distinct events of the namespace `x.` that stand in the run's numbers.
    pub extensions: u32,
    /// What each connection of the owner saw.
    pub sights: Vec<Sight>,
    /// Why parts of it may be missing.
    pub gap: Option<Gap>,
    /// The last gap in its owner's stream before it was first heard of.
    pub(super) gap_before: Option<Gap>,
    /// The first `cancel` its owner sent for it.
    pub cancel_line: Option<u64>,
    /// When that was.
    pub cancel_t_ns: Option<u64>,
    pub(super) seen: FxHashMap<u64, u32>,
}

impl RunView {
    /// Distinct events of one type that its owner saw.
    #[must_use]
    pub fn count(&self, kind: EventType) -> u32 {
        EventType::ALL.iter().position(|known| *known == kind).map_or(0, |at| self.counts[at])
    }

    /// Whether that connection was there before the run's request, so that it owes the whole run.
    #[must_use]
    pub fn owed_whole_on(&self, conn: ConnIx) -> bool {
        self.sights.iter().any(|sight| sight.conn == conn && sight.from_start)
    }

    /// Whether its owner was away before it was first heard of, and nobody knows yet whether it was asked for before that.
    #[must_use]
    pub fn may_have_a_gap(&self) -> bool {
        self.request.is_none() && self.gap_before.is_some()
    }

    /// Distinct events that its owner saw.
    #[must_use]
    pub fn events(&self) -> u32 {
        self.counts.iter().fold(0, |sum, count| sum.saturating_add(*count))
    }
}

/// What stays of a settled run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SettledRun {
    /// Whose it was.
    pub owner: UserIx,
    /// Its request.
    pub request: Option<RequestIx>,
    /// How it ended, and at which line.
    pub terminal: Option<(EventType, u64)>,
    /// When it ended; when it was last heard of where it did not.
    pub ended_ns: u64,
    /// The last line that told of it.
    pub last_line: u64,
    /// Whether a part of it was told, or left, to be missing: its end may lie there.
    pub gap: bool,
    /// Distinct events that its owner saw.
    pub events: u32,
}
