//! Everything is written in small slices.

use super::{Piece, Toxic, ToxicInfo};

pub(super) const INFO: ToxicInfo = ToxicInfo {
    name: "slice",
    value: "BYTES",
    summary: "everything is written in slices of so many bytes; 1 is a byte at a time",
    make: |value, _| Some(Box::new(Slice(value.parse().ok().filter(|bytes| *bytes > 0)?))),
};

struct Slice(usize);

impl Toxic for Slice {
    fn touch(&mut self, piece: &mut Piece) {
        piece.cut_into(self.0);
    }
}
