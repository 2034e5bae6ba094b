//! Only the first run on a connection is slow.

use super::shift::{Cause, late};
use crate::{Act, Aim, Fault, Message, Step};
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;
use std::collections::{HashMap, HashSet};

/// Delays the run of the first request on a connection, from its first event on.
pub(super) struct ColdStart {
    cause: Cause,
    aim: Aim,
    rng: ChaCha8Rng,
    warm: HashSet<Option<u32>>,
    /// The requests whose runs are slow, and by how much.
    slow: HashMap<String, u64>,
}

impl ColdStart {
    pub(super) fn new(seed: u64) -> Self {
        Self {
            cause: Cause::of(seed),
            aim: Aim::new(seed),
            rng: ChaCha8Rng::seed_from_u64(seed),
            warm: HashSet::new(),
            slow: HashMap::new(),
        }
    }
}

impl Fault for ColdStart {
    fn rewrite(&mut self, step: &Step, act: &mut Act<'_>) {
        if let Some(asked) = Message::sent(step).filter(|sent| sent.is("agent_request")) {
            let name = format!("{:?}", step.conn);
            if self.warm.insert(step.conn)
                && self.aim.hits(&name)
                && let Some(request) = asked.text("request_id")
            {
                let by_ms = self.rng.random_range(150..4_000);
                self.slow.insert(request.to_owned(), by_ms);
            }
            return;
        }
        let Some((message, _)) = act.event() else { return };
        let request = message.text("request_id").unwrap_or_default();
        if let Some(by_ms) = self.slow.get(request) {
            late(act, message, self.cause, *by_ms, false);
        }
    }
}
