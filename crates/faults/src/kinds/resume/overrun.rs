//! The log has forgotten the beginning of what was missed, and what is left passes for all of it.

use crate::kinds::returns::{Returns, replay_end, sent_to};
use crate::{Act, Aim, Fault, Step};

/// The most that is replayed.
const MOST: u64 = 500;

/// Answers an overrun with `full`: the last of what was missed, as far as anybody saw it pass, or nothing.
pub(super) struct OverrunHidden {
    aim: Aim,
    returns: Returns,
}

impl OverrunHidden {
    pub(super) fn new(seed: u64) -> Self {
        Self { aim: Aim::new(seed), returns: Returns::default() }
    }
}

impl Fault for OverrunHidden {
    fn rewrite(&mut self, step: &Step, act: &mut Act<'_>) {
        let back = self.returns.see(step, act);
        let overrun = back.filter(|back| {
            !back.full() && back.epoch == back.told && back.head.saturating_sub(back.after) > MOST
        });
        let (Some(back), Some(greeting)) = (overrun, act.message()) else { return };
        if !self.aim.hits(&back.name()) {
            return;
        }
        let kept = if self.aim.pick(4) == 0 { 0 } else { MOST - self.aim.pick(200) as u64 };
        let left = self.returns.events(&back.user, back.head - kept, back.head);
        let left: Vec<Step> = left.map(|event| sent_to(step, event)).collect();
        let full = greeting.clone().with("recovered", "full").with("replay", left.len() as u64);
        act.say(full, "said `full` of an overrun");
        for event in left {
            act.add(event, "replayed what is left");
        }
        act.add(replay_end(step, back.head), "ended the replay");
    }
}
