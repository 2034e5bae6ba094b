//! What a driver does to a target beside asking, or lets happen to it: recorded as marks, so that the checks know what is
//! owed from then on. A driver records each at the instant at which it does it.

use crate::record::RecordKind;
use std::borrow::Cow;

/// The reason of a client's own end after its Close was not answered.
pub const CLOSE_NOT_ANSWERED: &str = "the close was not answered";

/// One step of a trial. The first four concern one connection, and carry its number and user; the others concern the target as
/// a whole, and carry neither.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Trial {
    /// `reader` / `stalled`: from here on the client reads no bytes of this connection, and keeps it open.
    ReaderStalled,
    /// `reader` / `reading`: it reads again. What waited is recorded when it is read.
    ReaderReads,
    /// `peer` / `silent`: from here on nothing that the client sends arrives, answers to pings included; it still reads.
    PeerSilent,
    /// `peer` / `vanished`: nothing passes either way, and nothing ends the connection; only the target's gauges show what
    /// becomes of it. The client ends its own side later, without a Close.
    PeerVanished,
    /// `link` / `cut`: the driver ends the transport of this connection.
    LinkCut,
    /// `target` / `stopping`: the target was told to stop (SIGTERM).
    TargetStopping,
    /// `target` / `stopped`: its process is gone.
    TargetStopped,
    /// `target` / `started`: it says again that it is ready.
    TargetStarted,
    /// `outage` / `begun`: something that the target needs fails from here on. Requests asked until it heals expect any outcome.
    OutageBegun,
    /// `outage` / `healed`: it works again.
    OutageHealed,
}

impl Trial {
    /// Every step.
    pub const ALL: [Self; 10] = [
        Self::ReaderStalled,
        Self::ReaderReads,
        Self::PeerSilent,
        Self::PeerVanished,
        Self::LinkCut,
        Self::TargetStopping,
        Self::TargetStopped,
        Self::TargetStarted,
        Self::OutageBegun,
        Self::OutageHealed,
    ];

    /// The mark's name and note.
    #[must_use]
    pub const fn words(self) -> (&'static str, &'static str) {
        match self {
            Self::ReaderStalled => ("reader", "stalled"),
            Self::ReaderReads => ("reader", "reading"),
            Self::PeerSilent => ("peer", "silent"),
            Self::PeerVanished => ("peer", "vanished"),
            Self::LinkCut => ("link", "cut"),
            Self::TargetStopping => ("target", "stopping"),
            Self::TargetStopped => ("target", "stopped"),
            Self::TargetStarted => ("target", "started"),
            Self::OutageBegun => ("outage", "begun"),
            Self::OutageHealed => ("outage", "healed"),
        }
    }

    /// The record of it.
    #[must_use]
    pub const fn mark(self) -> RecordKind<'static> {
        let (name, note) = self.words();
        RecordKind::Mark { name: Cow::Borrowed(name), note: Some(Cow::Borrowed(note)) }
    }

    /// The step that a record tells, if it tells one.
    #[must_use]
    pub fn of(kind: &RecordKind<'_>) -> Option<Self> {
        let RecordKind::Mark { name, note: Some(note) } = kind else { return None };
        Self::ALL.into_iter().find(|step| step.words() == (&**name, &**note))
    }
}

#[cfg(test)]
mod tests {
    use super::Trial;

    #[test]
    fn every_step_is_told_by_its_mark() {
        for step in Trial::ALL {
            assert_eq!(Trial::of(&step.mark()), Some(step));
        }
    }
}
