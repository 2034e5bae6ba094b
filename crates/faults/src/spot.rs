//! Which events of the runs that are hit are touched, and how: the same on every connection that shows them.

use crate::aim::Aim;
use crate::message::Message;
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;
use std::collections::HashMap;

/// Touches an early event of those that it is asked about, and some of the others.
#[derive(Debug)]
pub(crate) struct Spot {
    seed: u64,
    aim: Aim,
    rng: ChaCha8Rng,
    /// So many events are let pass before the first.
    let_pass: u32,
    one_in: u32,
    known: HashMap<String, bool>,
}

impl Spot {
    pub(crate) fn new(seed: u64) -> Self {
        let mut rng = ChaCha8Rng::seed_from_u64(seed ^ 0x7370_6f74);
        // A rare slip, or a habit.
        let one_in = if rng.random_bool(0.5) { u32::MAX } else { rng.random_range(1..5) };
        let let_pass = rng.random_range(0..2);
        Self { seed, aim: Aim::one_in(seed, 2), rng, let_pass, one_in, known: HashMap::new() }
    }

    /// Whether this event is touched; the same answer every time.
    pub(crate) fn hits(&mut self, message: &Message, run: &str) -> bool {
        if !self.aim.hits(run) {
            return false;
        }
        let name = name(message, run);
        if let Some(known) = self.known.get(&name) {
            return *known;
        }
        let touched = self.known.values().any(|hit| *hit);
        let hit = if touched { self.rng.random_ratio(1, self.one_in) } else { self.let_pass == 0 };
        self.let_pass = self.let_pass.saturating_sub(1);
        self.known.insert(name, hit);
        hit
    }

    /// The choices for this event; the same every time.
    pub(crate) fn choices(&self, message: &Message, run: &str) -> ChaCha8Rng {
        // FNV-1a: the same on every machine.
        let hash = name(message, run).bytes().fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
            (hash ^ u64::from(byte)).wrapping_mul(0x100_0000_01b3)
        });
        ChaCha8Rng::seed_from_u64(self.seed ^ hash)
    }
}

/// What tells an event from the others.
fn name(message: &Message, run: &str) -> String {
    match (message.text("event_id"), message.whole("seq")) {
        (Some(id), _) => id.to_owned(),
        (None, seq) => format!("{run} {} {seq:?}", message.kind()),
    }
}
