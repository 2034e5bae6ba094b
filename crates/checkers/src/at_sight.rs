//! What a record says by itself, whatever came before it: read once for all checks, and before they come to it where
//! somebody has a thread for that.

use crate::content::Oddities;
use crate::delivery::{Asked, sketch};
use crate::event_view::Seen;
use crate::isolation::{Drawn, Traces};
use goldenpath_history::{Direction, RecordKind};
use goldenpath_protocol::EventType;
use std::borrow::Cow;

/// The mark of a document that the store gave.
const STORE: &str = "store";

/// What a record says by itself.
#[derive(Debug, Default)]
pub(crate) struct AtSight<'a> {
    /// The frame, read; `None` for records that are no frames.
    pub(crate) seen: Option<Seen<'a>>,
    /// Of a frame received: what is worth a closer look.
    pub(crate) oddities: Oddities,
    /// Of what a user received: what may be somebody else's.
    pub(crate) traces: Traces<'a>,
    /// Of a run event: the names in it that look drawn at random.
    pub(crate) drawn: Drawn,
    /// Of a run event: what it tells, as a number.
    pub(crate) told: u64,
    /// Of the mark of a stored document: what it says, if it can be read.
    pub(crate) stored: Option<Box<Asked<'a>>>,
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
            event.read_on();
        }
        // An answer's pieces may cut an id anywhere; the answer itself holds it whole.
        let ids = event.is_none_or(|event| event.kind != EventType::ResponseDelta);
        Self {
            oddities: Oddities::of(raw),
            traces: Traces::of(raw, ids),
            drawn: event.map(Drawn::of).unwrap_or_default(),
            told: event.map_or(0, sketch),
            seen: Some(seen),
            stored: None,
        }
    }

    fn of_stored(note: &'a str) -> Self {
        let stored = Asked::read(note).map(Box::new);
        Self { traces: Traces::of(note, false), stored, ..Self::default() }
    }
}
