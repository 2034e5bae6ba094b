//! Two neighbours change places.

use crate::kinds::kept::Kept;
use crate::{Act, Aim, Fault, Step};

/// Lets one of the first events of a run wait for the next one, and come after it.
pub(super) struct NeighboursSwapped {
    aim: Aim,
    kept: Kept,
}

impl NeighboursSwapped {
    pub(super) fn new(seed: u64) -> Self {
        Self { aim: Aim::new(seed), kept: Kept::default() }
    }
}

impl Fault for NeighboursSwapped {
    fn rewrite(&mut self, step: &Step, act: &mut Act<'_>) {
        self.kept.flush_at_close(step, act);
        let Some((message, run)) = act.event() else { return };
        if !self.aim.hits(run) {
            return;
        }
        let first = 1 + self.aim.choice(run, 0, 4) as u64;
        if message.whole("seq") == Some(first) && !message.is_terminal() {
            self.kept.keep(run, step);
            return act.keep_back(format!("let event {first}, a `{}`, wait for the next", message.kind()));
        }
        self.kept.take(run, step).into_iter().for_each(|kept| act.give_back(kept));
    }
}
