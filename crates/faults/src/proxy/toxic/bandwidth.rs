//! Only so many bytes a second, each way.

use super::{Piece, Toxic, ToxicInfo};
use std::time::Duration;

pub(super) const INFO: ToxicInfo = ToxicInfo {
    name: "bandwidth",
    value: "BYTES_PER_SECOND",
    summary: "only so many bytes a second, each way",
    make: |value, _| {
        let per_second = value.parse().ok().filter(|bytes| *bytes > 0)?;
        Some(Box::new(Bandwidth { per_second, free: [Duration::ZERO; 2] }))
    },
};

struct Bandwidth {
    per_second: u32,
    /// When each way is free again.
    free: [Duration; 2],
}

impl Toxic for Bandwidth {
    fn touch(&mut self, piece: &mut Piece) {
        let free = &mut self.free[piece.way.index()];
        let size = u32::try_from(piece.size).unwrap_or(u32::MAX);
        *free = (*free).max(piece.now)
            + Duration::from_secs(1).mul_f64(f64::from(size) / f64::from(self.per_second));
        piece.wait_until(*free);
    }
}
