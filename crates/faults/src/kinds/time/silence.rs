//! Twelve seconds without a run event, while heartbeats say that all is well.

use super::shift::{Cause, MS, late};
use crate::message::raw_in_place_of;
use crate::{Act, Aim, Fault, Step};
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;
use serde_json::json;
use std::collections::HashMap;

/// A run stands still before one of its events, and the connection lives on.
pub(super) struct Silence {
    aim: Aim,
    rng: ChaCha8Rng,
    plans: HashMap<String, Plan>,
    came: HashMap<(Option<u32>, String), Seen>,
}

#[derive(Clone, Copy)]
struct Plan {
    /// So many events come before it.
    after: u32,
    by_ms: u64,
    beat_ms: u64,
}

#[derive(Default)]
struct Seen {
    events: u32,
    still: bool,
    offset: Option<u64>,
}

impl Silence {
    pub(super) fn new(seed: u64) -> Self {
        Self {
            aim: Aim::new(seed),
            rng: ChaCha8Rng::seed_from_u64(seed),
            plans: HashMap::new(),
            came: HashMap::new(),
        }
    }
}

impl Fault for Silence {
    fn rewrite(&mut self, step: &Step, act: &mut Act<'_>) {
        let Some((message, run)) = act.event() else { return };
        if !self.aim.hits(run) {
            return;
        }
        let rng = &mut self.rng;
        let plan = *self.plans.entry(run.to_owned()).or_insert_with(|| Plan {
            after: rng.random_range(1..6),
            by_ms: rng.random_range(12_000..15_000),
            beat_ms: rng.random_range(2_000..5_000),
        });
        let seen = self.came.entry((step.conn, run.to_owned())).or_default();
        let begins = !seen.still && seen.events > 0 && (seen.events >= plan.after || message.is_terminal());
        if begins {
            seen.still = true;
            // A heartbeat tells where the connection stands: at what was written last.
            let offset = seen.offset.unwrap_or(0);
            for beat in 1..=plan.by_ms / plan.beat_ms {
                let raw = json!({ "type": "heartbeat", "offset": offset }).to_string();
                let mut heartbeat = raw_in_place_of(step, raw);
                heartbeat.t_ns = step.t_ns.saturating_add(beat * plan.beat_ms * MS);
                act.add(heartbeat, "a heartbeat in the silence");
            }
        }
        seen.events += 1;
        seen.offset = message.whole("offset").or(seen.offset);
        if seen.still {
            late(act, message, Cause::Work, plan.by_ms, message.is_terminal());
        }
    }
}
