//! The network is parted for a while, one way or both; as with TCP, what was sent meanwhile arrives when it heals.

use super::{Piece, Toxic, ToxicInfo, Way, milliseconds};
use std::time::Duration;

/// Both ways.
pub(super) const BOTH: ToxicInfo = ToxicInfo {
    name: "partition",
    value: "FROM_MS:FOR_MS",
    summary: "nothing passes from that time (since the proxy began) on for so long, then all that waited",
    make: |value, _| Partition::make(value, None),
};

/// To the backend only.
pub(super) const UP: ToxicInfo = ToxicInfo {
    name: "partition_up",
    summary: "the same, only from the client to the backend",
    make: |value, _| Partition::make(value, Some(Way::Up)),
    ..BOTH
};

/// To the client only.
pub(super) const DOWN: ToxicInfo = ToxicInfo {
    name: "partition_down",
    summary: "the same, only from the backend to the client",
    make: |value, _| Partition::make(value, Some(Way::Down)),
    ..BOTH
};

struct Partition {
    way: Option<Way>,
    from: Duration,
    heals: Duration,
}

impl Partition {
    fn make(value: &str, way: Option<Way>) -> Option<Box<dyn Toxic>> {
        let (from, lasts) = value.split_once(':')?;
        let from = milliseconds(from)?;
        let heals = from.checked_add(milliseconds(lasts)?)?;
        Some(Box::new(Self { way, from, heals }))
    }
}

impl Toxic for Partition {
    fn touch(&mut self, piece: &mut Piece) {
        let cut_off = self.way.is_none_or(|way| way == piece.way);
        // What is still on its way when the network parts waits too.
        if cut_off && (self.from..self.heals).contains(&piece.due) {
            piece.wait_until(self.heals);
        }
    }
}
