//! Everything arrives later, by a time that varies.

use super::{Piece, Toxic, ToxicInfo, milliseconds};
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;
use std::time::Duration;

pub(super) const INFO: ToxicInfo = ToxicInfo {
    name: "latency",
    value: "MS[:JITTER_MS]",
    summary: "everything arrives so much later, give or take the jitter",
    make: |value, seed| Some(Box::new(Latency::new(value, seed)?)),
};

struct Latency {
    mean: Duration,
    jitter: Duration,
    rng: ChaCha8Rng,
}

impl Latency {
    fn new(value: &str, seed: u64) -> Option<Self> {
        let (mean, jitter) = value.split_once(':').unwrap_or((value, "0"));
        let (mean, jitter) = (milliseconds(mean)?, milliseconds(jitter)?);
        Some(Self { mean, jitter, rng: ChaCha8Rng::seed_from_u64(seed) })
    }
}

impl Toxic for Latency {
    fn touch(&mut self, piece: &mut Piece) {
        let share = self.rng.random_range(0.0..=2.0);
        let late = (self.mean + self.jitter.mul_f64(share)).saturating_sub(self.jitter);
        piece.wait_until(piece.due + late);
    }
}
