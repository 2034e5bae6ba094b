//! Who ends a connection is heard late.

use super::{Piece, Toxic, ToxicInfo, milliseconds};
use std::time::Duration;

pub(super) const INFO: ToxicInfo = ToxicInfo {
    name: "slow_close",
    value: "MS",
    summary: "the end of a connection arrives so much later",
    make: |value, _| Some(Box::new(SlowClose(milliseconds(value)?))),
};

struct SlowClose(Duration);

impl Toxic for SlowClose {
    fn touch(&mut self, piece: &mut Piece) {
        if piece.is_end() {
            piece.wait_until(piece.due + self.0);
        }
    }
}
