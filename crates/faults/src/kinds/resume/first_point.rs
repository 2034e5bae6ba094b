//! What a client received is never noted: each resume begins where its first one did.

use crate::kinds::returns::{Returns, sent_to};
use crate::{Act, Aim, Fault, Step};
use std::collections::HashMap;

/// From the second return on, replays again what the first one replayed.
pub(super) struct CursorStuck {
    aim: Aim,
    returns: Returns,
    first: HashMap<String, u64>,
}

impl CursorStuck {
    pub(super) fn new(seed: u64) -> Self {
        Self { aim: Aim::new(seed), returns: Returns::default(), first: HashMap::new() }
    }
}

impl Fault for CursorStuck {
    fn rewrite(&mut self, step: &Step, act: &mut Act<'_>) {
        let back = self.returns.see(step, act);
        let (Some(back), Some(greeting)) = (back.filter(|back| back.full()), act.message()) else { return };
        let first = *self.first.entry(back.user.clone()).or_insert(back.after);
        if first >= back.after || !self.aim.hits(&back.user) {
            return;
        }
        let old: Vec<Step> =
            self.returns.events(&back.user, first, back.after).map(|old| sent_to(step, old)).collect();
        let all = back.replay + old.len() as u64;
        act.say(greeting.clone().with("replay", all), "announced a replay from the first point");
        for event in old {
            act.add(event, "replayed once more");
        }
    }
}
