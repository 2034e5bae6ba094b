//! Which runs a fault hits: chosen by the seed, never none.

use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;
use std::collections::HashMap;

/// Hits one of the first runs, then some of the later ones.
#[derive(Debug)]
pub struct Aim {
    rng: ChaCha8Rng,
    /// The first run that is hit, counted from 0.
    first: u32,
    /// Of this many later runs, one is hit.
    one_in: u32,
    known: HashMap<Box<str>, bool>,
    /// What the choices for a name are made from.
    own: HashMap<Box<str>, u64>,
}

impl Aim {
    /// One of the first two runs, and a third of the rest.
    #[must_use]
    pub fn new(seed: u64) -> Self {
        Self::one_in(seed, 3)
    }

    /// Every run.
    #[must_use]
    pub fn all(seed: u64) -> Self {
        Self { first: 0, ..Self::one_in(seed, 1) }
    }

    /// One of the first two runs, and one in `n` of the rest.
    #[must_use]
    pub fn one_in(seed: u64, n: u32) -> Self {
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        let first = rng.random_range(0..2);
        Self { rng, first, one_in: n.max(1), known: HashMap::new(), own: HashMap::new() }
    }

    /// Whether this run (or whatever the fault tells apart by that name) is hit; the same answer every time.
    pub fn hits(&mut self, run: &str) -> bool {
        if let Some(known) = self.known.get(run) {
            return *known;
        }
        let place = u32::try_from(self.known.len()).unwrap_or(u32::MAX);
        let hit = place == self.first || (place > self.first && self.rng.random_ratio(1, self.one_in));
        self.known.insert(run.into(), hit);
        hit
    }

    /// A number below `n` (at least 1), the same every time for this run and this `question`.
    pub fn choice(&mut self, run: &str, question: u64, n: usize) -> usize {
        let rng = &mut self.rng;
        let own = *self.own.entry(run.into()).or_insert_with(|| rng.random());
        ChaCha8Rng::seed_from_u64(own.wrapping_add(question)).random_range(0..n.max(1))
    }

    /// A number below `n` (at least 1), for choices beside the run.
    pub fn pick(&mut self, n: usize) -> usize {
        self.rng.random_range(0..n.max(1))
    }
}
