//! What two searches of a frame received say at sight: nearly all frames hold nothing that is worth a closer look.

use super::internals::INTERNALS;
use super::unicode;

/// What of a frame is worth a closer look.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Oddities {
    /// It holds more than ASCII.
    pub(super) wide: bool,
    /// It may show something of the machine's inside.
    pub(super) internal: bool,
}

impl Oddities {
    /// Searches a frame.
    pub(crate) fn of(raw: &str) -> Self {
        Self { wide: unicode::is_wide(raw), internal: INTERNALS.may_show(raw) }
    }
}
