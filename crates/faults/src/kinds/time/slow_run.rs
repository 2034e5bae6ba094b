//! A run whose answer takes more than half a minute: at its end, or a little at every step.

use super::shift::{Cause, late};
use crate::{Act, Aim, Fault, Step};
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;
use std::collections::HashMap;

/// Delays the terminal of a run by 30 to 44 s, and perhaps its other events by less.
pub(super) struct SlowRun {
    /// How much every event adds; none when only the terminal waits.
    step_ms: Option<u64>,
    cause: Cause,
    aim: Aim,
    rng: ChaCha8Rng,
    total_ms: HashMap<String, u64>,
    came: HashMap<(Option<u32>, String), u64>,
}

impl SlowRun {
    pub(super) fn new(seed: u64) -> Self {
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        let creeps = rng.random_bool(0.5);
        Self {
            step_ms: creeps.then(|| rng.random_range(2_000..4_800)),
            cause: Cause::of(seed),
            aim: Aim::new(seed),
            rng,
            total_ms: HashMap::new(),
            came: HashMap::new(),
        }
    }
}

impl Fault for SlowRun {
    fn rewrite(&mut self, step: &Step, act: &mut Act<'_>) {
        let Some((message, run)) = act.event() else { return };
        if !self.aim.hits(run) {
            return;
        }
        let rng = &mut self.rng;
        let total_ms =
            *self.total_ms.entry(run.to_owned()).or_insert_with(|| rng.random_range(30_050..44_000));
        let came = self.came.entry((step.conn, run.to_owned())).or_default();
        let by_ms = if message.is_terminal() {
            total_ms
        } else {
            self.step_ms.map_or(0, |step_ms| (*came * step_ms).min(total_ms))
        };
        *came += 1;
        late(act, message, self.cause, by_ms, message.is_terminal());
    }
}
