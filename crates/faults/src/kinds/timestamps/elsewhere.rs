//! Timestamps of another hour, or of a time that has not come.

use super::part::{made_at, made_ms, touched};
use crate::{Act, Aim, Fault, Step};

/// An hour, either way: a zone taken for UTC.
pub(super) const HOUR: &[i64] = &[3_600_000, -3_600_000];
/// Some seconds, a minute, a day, a century.
pub(super) const LATER: &[i64] = &[4_500, 61_000, 86_400_000, 3_155_760_000_000];

/// Moves timestamps of the runs it hits by one of some distances, milliseconds.
pub(super) struct Elsewhere {
    distances: &'static [i64],
    aim: Aim,
}

impl Elsewhere {
    pub(super) fn new(distances: &'static [i64], seed: u64) -> Self {
        Self { distances, aim: Aim::new(seed) }
    }
}

impl Fault for Elsewhere {
    fn rewrite(&mut self, _: &Step, act: &mut Act<'_>) {
        let Some((message, run)) = act.event() else { return };
        if !self.aim.hits(run) || !touched(&mut self.aim, run, message) {
            return;
        }
        let by = self.distances[self.aim.choice(run, 0, self.distances.len())];
        if let Some(made) = made_ms(message) {
            act.say(made_at(message, made + by), format!("made {by} ms later"));
        }
    }
}
