//! The connection is reset after some bytes.

use super::{Allowance, Piece, Toxic, ToxicInfo};

pub(super) const INFO: ToxicInfo = ToxicInfo {
    name: "reset",
    value: "BYTES",
    summary: "the connection is reset instead of giving the client more bytes than these",
    make: |value, _| Some(Box::new(Reset(Allowance::of(value)?))),
};

struct Reset(Allowance);

impl Toxic for Reset {
    fn touch(&mut self, piece: &mut Piece) {
        if self.0.is_used_up_by(piece) {
            piece.reset();
        }
    }
}
