//! One event between the first and the terminal is lost, on every connection that should see it.

use crate::{Act, Aim, Fault, Step};
use std::collections::HashMap;

/// Loses one event of each run it hits: by its `seq`, so that all tabs miss the same one.
pub(super) struct OneEventLost {
    aim: Aim,
    lost: HashMap<String, u64>,
}

impl OneEventLost {
    pub(super) fn new(seed: u64) -> Self {
        Self { aim: Aim::new(seed), lost: HashMap::new() }
    }
}

impl Fault for OneEventLost {
    fn rewrite(&mut self, _: &Step, act: &mut Act<'_>) {
        let Some((message, run)) = act.event() else { return };
        if !self.aim.hits(run) || message.is_terminal() {
            return;
        }
        let Some(seq) = message.whole("seq") else { return };
        // The second to the fourth: every run that owes a tool has as many.
        let place = 2 + self.aim.pick(3) as u64;
        let lost = *self.lost.entry(run.to_owned()).or_insert(place);
        if seq == lost {
            act.lose(format!("lost event {seq}, a `{}`", message.kind()));
        }
    }
}
