//! What a record says by itself, whatever came before it: read once for all checks, and before they come to it where
//! somebody has a thread for that.
//!
//! What only some checks look for is theirs, even when it is computed here: a panic on the way stops those checks and nobody
//! else.

use crate::auth::may_hold_token;
use crate::content::Oddities;
use crate::delivery::{Asked, sketch};
use crate::event_view::Seen;
use crate::isolation::{Drawn, Traces};
use crate::value::Outline;
use goldenpath_history::{Direction, RecordKind};
use goldenpath_protocol::EventType;
use std::borrow::Cow;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};

/// The mark of a document that the store gave.
const STORE: &str = "store";

/// What a check looks for, computed ahead of it.
#[derive(Debug)]
pub(crate) struct Part<T>(Option<T>);

impl<T> Part<T> {
    /// Computes it; a panic waits for whoever asks.
    pub(crate) fn of(compute: impl FnOnce() -> T) -> Self {
        Self(catch_unwind(AssertUnwindSafe(compute)).ok())
    }

    /// What was computed. A panic on the way, told already, goes on from here: in the check that asks, as if it had computed it
    /// itself.
    pub(crate) fn get(&self) -> &T {
        self.0
            .as_ref()
            .unwrap_or_else(|| resume_unwind(Box::new("what was computed ahead for this check panicked")))
    }
}

impl<T: Default> Default for Part<T> {
    fn default() -> Self {
        Self(Some(T::default()))
    }
}

/// What a record says by itself.
#[derive(Debug, Default)]
pub(crate) struct AtSight<'a> {
    /// The frame, read; `None` for records that are no frames.
    pub(crate) seen: Option<Seen<'a>>,
    /// Of a frame received: what is worth a closer look.
    pub(crate) oddities: Part<Oddities>,
    /// Of what a user received: what may be somebody else's.
    pub(crate) traces: Part<Traces<'a>>,
    /// Of what a user received: whether a token may be in it.
    pub(crate) token: Part<bool>,
    /// Of a frame received: the names of data in it.
    pub(crate) drawn: Part<Drawn>,
    /// Of a run event: what it tells, as a number.
    pub(crate) told: Part<u64>,
    /// Of an answer: what it says by itself.
    pub(crate) outline: Part<Option<Box<Outline>>>,
    /// Of the mark of a stored document: what it says, if it can be read.
    pub(crate) stored: Part<Option<Box<Asked<'a>>>>,
}

impl<'a> AtSight<'a> {
    /// Reads a record.
    pub(crate) fn of(kind: &'a RecordKind<'_>) -> Self {
        match kind {
            RecordKind::Frame { dir, raw, opcode } => Self::of_frame(*dir, raw, opcode.as_deref()),
            RecordKind::Mark { name, note: Some(note) } if name == STORE => Self::of_stored(note),
            _ => Self::default(),
        }
    }

    /// Reads a record whose text is kept elsewhere; `None` when it has one of its own, or none.
    pub(crate) fn of_borrowed(kind: &RecordKind<'a>) -> Option<Self> {
        match kind {
            RecordKind::Frame { dir, raw: Cow::Borrowed(raw), opcode } => {
                Some(Self::of_frame(*dir, raw, opcode.as_deref()))
            }
            RecordKind::Mark { name, note: Some(Cow::Borrowed(note)) } if name == STORE => {
                Some(Self::of_stored(note))
            }
            _ => None,
        }
    }

    fn of_frame(dir: Direction, raw: &'a str, opcode: Option<&str>) -> Self {
        if dir == Direction::Out {
            return Self { seen: Some(Seen::sent(raw)), ..Self::default() };
        }
        let seen = Seen::received(raw, opcode);
        let event = seen.event();
        if let Some(event) = event {
            // What panicked is not read yet, and whoever asks for it reads it again.
            Part::of(|| event.read_on());
        }
        // An answer's pieces may cut an id anywhere; the answer itself holds it whole.
        let ids = event.is_none_or(|event| event.kind != EventType::ResponseDelta);
        Self {
            oddities: Part::of(|| Oddities::of(raw, &seen)),
            traces: Part::of(|| Traces::of(raw, ids)),
            token: Part::of(|| may_hold_token(raw)),
            drawn: Part::of(|| Drawn::of(raw, &seen)),
            told: Part::of(|| event.map_or(0, sketch)),
            outline: Part::of(|| event?.answer().map(Outline::of).map(Box::new)),
            seen: Some(seen),
            ..Self::default()
        }
    }

    fn of_stored(note: &'a str) -> Self {
        Self {
            traces: Part::of(|| Traces::of(note, false)),
            token: Part::of(|| may_hold_token(note)),
            stored: Part::of(|| Asked::read(note).map(Box::new)),
            ..Self::default()
        }
    }
}
