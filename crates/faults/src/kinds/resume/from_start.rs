//! The offset of a resume is not read: everything that is kept is replayed.

use crate::kinds::returns::{Returns, sent_to};
use crate::{Act, Aim, Fault, Step};

/// Replays the whole stream before what was missed.
pub(super) struct ReplayedFromStart {
    aim: Aim,
    returns: Returns,
}

impl ReplayedFromStart {
    pub(super) fn new(seed: u64) -> Self {
        Self { aim: Aim::new(seed), returns: Returns::default() }
    }
}

impl Fault for ReplayedFromStart {
    fn rewrite(&mut self, step: &Step, act: &mut Act<'_>) {
        let back = self.returns.see(step, act);
        let (Some(back), Some(greeting)) = (back.filter(|back| back.full() && back.after > 0), act.message())
        else {
            return;
        };
        if !self.aim.hits(&back.name()) {
            return;
        }
        let old: Vec<Step> =
            self.returns.events(&back.user, 0, back.after).map(|old| sent_to(step, old)).collect();
        let all = back.replay + old.len() as u64;
        act.say(greeting.clone().with("replay", all), "announced a replay from the start");
        for event in old {
            act.add(event, "replayed what had come before");
        }
    }
}
