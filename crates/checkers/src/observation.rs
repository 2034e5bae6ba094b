//! What a check is shown: one record, already read, placed in its user, connection and run.

use crate::at_sight::AtSight;
use crate::event_view::{EventView, Seen};
use goldenpath_history::{Record, RecordKind};

/// A user of the history.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct UserIx(pub u32);

/// A connection of the history.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ConnIx(pub u32);

/// A run of the history, in the order of first sight.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RunIx(pub u32);

/// A request of the history: one per user and request id, however often it was sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RequestIx(pub u32);

/// How one received run event relates to what came before it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[allow(clippy::struct_excessive_bools, reason = "independent facts, each read by another check")]
pub struct Arrival {
    /// The run that the event names.
    pub run: RunIx,
    /// It came to a user who does not own the run: isolation's matter, and no evidence about order.
    pub foreign: bool,
    /// No connection of the owner had shown this event (by `event_id`, else by `seq` and type) before. Never said of a
    /// foreign event, nor of one whose run was settled.
    pub first: bool,
    /// This very connection had shown it before.
    pub repeated_here: bool,
    /// It came between a greeting with `recovered:"full"` and its `replay_end`.
    pub replayed: bool,
    /// This connection was there before the run's request, so it owes the whole run from `seq` 1.
    pub from_start: bool,
    /// This connection had shown a terminal of the run before; or the run was settled long ago and
    /// this is no replay.
    pub after_terminal: bool,
    /// No request of the owner with this event's `request_id` had been sent yet.
    pub before_request: bool,
    /// The run was settled and forgotten: the other facts are guesses from what was kept.
    pub settled: bool,
    /// The `seq` of the run's previous event on this connection.
    pub previous_seq: Option<u64>,
}

/// One record, read and placed. The index has taken it in already.
#[derive(Debug, Clone, Copy)]
pub struct Observation<'a> {
    /// The line of the history; the header is line 1.
    pub line: u64,
    /// When, on the client's clock since the session began.
    pub t_ns: u64,
    /// The user it concerns: the record's own, else its connection's.
    pub user: Option<UserIx>,
    /// The connection it concerns.
    pub conn: Option<ConnIx>,
    /// The record itself.
    pub record: &'a Record<'a>,
    /// The frame, read; `None` for records that are no frames.
    pub seen: Option<&'a Seen<'a>>,
    /// What it says by itself.
    pub(crate) at_sight: &'a AtSight<'a>,
    /// For a run event from the server that names a run: how it relates to earlier ones.
    pub arrival: Option<Arrival>,
}

impl<'a> Observation<'a> {
    /// The run event and its arrival, when this is one that names its run.
    #[must_use]
    pub fn event(&self) -> Option<(&'a EventView<'a>, Arrival)> {
        Some((self.seen?.event()?, self.arrival?))
    }

    /// The raw text of a frame.
    #[must_use]
    pub fn raw(&self) -> Option<&'a str> {
        if let RecordKind::Frame { raw, .. } = &self.record.kind { Some(raw) } else { None }
    }

    /// When, in milliseconds.
    #[must_use]
    pub fn t_ms(&self) -> f64 {
        ms(self.t_ns)
    }
}

/// Nanoseconds as milliseconds.
#[must_use]
#[allow(clippy::cast_precision_loss, reason = "a session is far below 2^53 ns")]
pub fn ms(t_ns: u64) -> f64 {
    t_ns as f64 / 1e6
}
