//! Only a few tool calls are late: the average says nothing of them.

use super::shift::{Cause, late};
use crate::{Act, Fault, Message, Step};
use goldenpath_protocol::EventType;
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;
use std::collections::HashMap;

/// Delays one tool call in 12 to 16, and its run with it: just more than the slowest 5 %.
pub(super) struct SlowCalls {
    one_in: u64,
    /// The first that is hit, counted from 0.
    first: u64,
    cause: Cause,
    rng: ChaCha8Rng,
    /// How late each call is; 0 for most.
    calls: HashMap<String, u64>,
    late: HashMap<(Option<u32>, String), u64>,
}

impl SlowCalls {
    pub(super) fn new(seed: u64) -> Self {
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        Self {
            one_in: rng.random_range(12..=16),
            first: rng.random_range(0..4),
            cause: Cause::of(seed),
            rng,
            calls: HashMap::new(),
            late: HashMap::new(),
        }
    }

    /// How late this event is by itself.
    fn own_ms(&mut self, message: &Message) -> u64 {
        let call = message.text("execution_id").filter(|_| message.event() == Some(EventType::ToolCompleted));
        let Some(call) = call else { return 0 };
        let place = self.calls.len() as u64;
        let hit = place >= self.first && (place - self.first).is_multiple_of(self.one_in);
        let rng = &mut self.rng;
        *self
            .calls
            .entry(call.to_owned())
            .or_insert_with(|| if hit { rng.random_range(5_050..9_000) } else { 0 })
    }
}

impl Fault for SlowCalls {
    fn rewrite(&mut self, step: &Step, act: &mut Act<'_>) {
        let Some((message, run)) = act.event() else { return };
        let own_ms = self.own_ms(message);
        let late_ms = self.late.entry((step.conn, run.to_owned())).or_default();
        *late_ms += own_ms;
        let by_ms = *late_ms;
        if message.event() == Some(EventType::ToolCompleted) && own_ms == 0 {
            // An earlier wait is not in this call's own time.
            return late(act, message, self.cause, by_ms, false);
        }
        late(act, message, self.cause, by_ms, own_ms > 0 || message.is_terminal());
    }
}
