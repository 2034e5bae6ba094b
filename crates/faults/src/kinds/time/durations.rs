//! A duration that no clock agrees with.

use crate::scene::SceneRun;
use crate::spot::Spot;
use crate::{Act, Fault, Message, Step};
use rand::Rng;

/// Shorter waits may be told as nothing without a lie.
const WORTH_TELLING_MS: u64 = 600;

/// Rewrites `duration_ms`: in another unit, with time that never passed, or as nothing.
pub(super) struct UntrueDuration {
    spot: Spot,
}

impl UntrueDuration {
    pub(super) fn new(seed: u64) -> Self {
        Self { spot: Spot::new(seed) }
    }

    fn untrue(&self, message: &Message, run: &str, took_ms: u64, told: u64) -> (u64, &'static str) {
        let mut rng = self.spot.choices(message, run);
        match rng.random_range(0..4) {
            0 if told >= 2 => (told * 1_000, "microseconds for milliseconds"),
            1 if message.is_terminal() && took_ms >= WORTH_TELLING_MS && told >= WORTH_TELLING_MS => {
                (told / 1_000, "seconds for milliseconds")
            }
            2 if message.is_terminal() && took_ms >= WORTH_TELLING_MS => (0, "no time at all"),
            _ => (told + rng.random_range(1_000..20_000) + told / 2, "time that never passed"),
        }
    }
}

impl Fault for UntrueDuration {
    fn rewrite(&mut self, step: &Step, act: &mut Act<'_>) {
        let Some((message, run)) = act.event() else { return };
        let Some(told) = message.whole("duration_ms") else { return };
        if !self.spot.hits(message, run) {
            return;
        }
        let began_ns = act.scene().run(run).map_or(step.t_ns, |run: &SceneRun| run.began_ns);
        let took_ms = step.t_ns.saturating_sub(began_ns) / 1_000_000;
        let (untrue, how) = self.untrue(message, run, took_ms, told);
        act.say(message.clone().with("duration_ms", untrue), format!("`duration_ms` tells {how}"));
    }
}
