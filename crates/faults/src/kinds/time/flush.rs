//! Everything of a run comes at once, when it is over.

use crate::{Act, Aim, Fault, Message, Step};
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;
use std::collections::HashMap;

/// Keeps the events of a run until its terminal, with their own times or that of the flush.
pub(super) struct Flush {
    aim: Aim,
    /// Whether `agent_started` comes in time.
    starts: bool,
    /// Whether events are stamped when they are sent.
    restamps: bool,
    kept: HashMap<(Option<u32>, String), Vec<Step>>,
}

impl Flush {
    pub(super) fn new(seed: u64) -> Self {
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        Self {
            aim: Aim::new(seed),
            starts: rng.random_bool(0.5),
            restamps: rng.random_bool(0.5),
            kept: HashMap::new(),
        }
    }
}

impl Fault for Flush {
    fn rewrite(&mut self, step: &Step, act: &mut Act<'_>) {
        let Some((message, run)) = act.event() else { return };
        if !self.aim.hits(run) || (self.starts && message.is("agent_started")) {
            return;
        }
        let place = (step.conn, run.to_owned());
        if !message.is_terminal() {
            act.keep_back(format!("`{}` was kept until the run was over", message.kind()));
            self.kept.entry(place).or_default().push(step.clone());
            return;
        }
        let stamp = message.get("timestamp").filter(|_| self.restamps);
        for kept in self.kept.remove(&place).unwrap_or_default() {
            let stamped = stamp.zip(Message::of(&kept));
            act.give_back_before(match stamped {
                Some((stamp, kept_message)) => {
                    kept_message.with("timestamp", stamp.clone()).in_place_of(&kept)
                }
                None => kept,
            });
        }
    }
}
