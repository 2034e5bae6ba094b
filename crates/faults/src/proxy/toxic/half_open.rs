//! The other side is gone and nobody is told: sockets stay open, nothing passes.

use super::{Allowance, Piece, Toxic, ToxicInfo};

pub(super) const INFO: ToxicInfo = ToxicInfo {
    name: "half_open",
    value: "BYTES",
    summary: "after giving the client these bytes nothing passes either way, and no socket ends",
    make: |value, _| Some(Box::new(HalfOpen { allowance: Allowance::of(value)?, gone: false })),
};

struct HalfOpen {
    allowance: Allowance,
    gone: bool,
}

impl Toxic for HalfOpen {
    fn touch(&mut self, piece: &mut Piece) {
        self.gone |= self.allowance.is_used_up_by(piece);
        if self.gone {
            piece.vanish();
        }
    }
}
