//! Bytes vanish, as no TCP would let them: what a broken middle box does.

use super::{Piece, Toxic, ToxicInfo};
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;

pub(super) const INFO: ToxicInfo = ToxicInfo {
    name: "drop",
    value: "SHARE",
    summary: "such a share (0 to 1) of what is read at once vanishes",
    make: |value, seed| {
        let share = value.parse().ok().filter(|share| (0.0..=1.0).contains(share))?;
        Some(Box::new(Drop { share, rng: ChaCha8Rng::seed_from_u64(seed) }))
    },
};

struct Drop {
    share: f64,
    rng: ChaCha8Rng,
}

impl Toxic for Drop {
    fn touch(&mut self, piece: &mut Piece) {
        if !piece.is_end() && self.rng.random_bool(self.share) {
            piece.vanish();
        }
    }
}
