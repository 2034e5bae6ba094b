//! What a frame received says at sight: nearly all frames hold nothing that is worth a closer look.

use super::internals::INTERNALS;
use super::whole::Texts;
use super::{changed, meaningful, schema, unicode, whole};
use crate::event_view::Seen;

/// What of a frame is worth a closer look.
#[derive(Debug, Clone, Copy, Default)]
#[expect(clippy::struct_excessive_bools, reason = "each is an answer of its own")]
pub(crate) struct Oddities {
    /// It holds more than ASCII.
    pub(super) wide: bool,
    /// It may show something of the machine's inside.
    pub(super) internal: bool,
    /// It may hold a word as HTML.
    pub(super) html: bool,
    /// An event: it is not of the agreed shape, where events are numbered.
    pub(super) misshapen: bool,
    /// An event: it says nothing.
    pub(super) hollow: bool,
    /// An event: what its texts show.
    pub(super) texts: Texts,
    /// An event: among its results are texts that may be cut or encoded twice.
    pub(super) telling_results: bool,
}

impl Oddities {
    /// Searches a frame.
    pub(crate) fn of(raw: &str, seen: &Seen<'_>) -> Self {
        let frame = Self {
            wide: unicode::is_wide(raw),
            internal: INTERNALS.may_show(raw),
            html: changed::may_be_html(raw),
            ..Self::default()
        };
        match seen.event() {
            None => frame,
            Some(event) => Self {
                misshapen: schema::event(event, true).is_some(),
                hollow: meaningful::broken(event).is_some(),
                texts: Texts::of(event),
                telling_results: whole::telling_results(event).is_some(),
                ..frame
            },
        }
    }
}
