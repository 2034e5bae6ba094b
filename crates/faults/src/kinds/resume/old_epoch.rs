//! The epoch of a resume is not compared: an offset of the lost log is taken for one of the new.

use crate::kinds::returns::{Returns, replay_end};
use crate::{Act, Aim, Fault, Step};

/// Answers the point of another epoch with `full`, and tells the new epoch or, where the new log is still shorter, the
/// client's own.
pub(super) struct OldEpochAccepted {
    aim: Aim,
    returns: Returns,
}

impl OldEpochAccepted {
    pub(super) fn new(seed: u64) -> Self {
        Self { aim: Aim::new(seed), returns: Returns::default() }
    }
}

impl Fault for OldEpochAccepted {
    fn rewrite(&mut self, step: &Step, act: &mut Act<'_>) {
        let back = self.returns.see(step, act).filter(|back| back.epoch != back.told && !back.full());
        let (Some(back), Some(greeting)) = (back, act.message()) else { return };
        if !self.aim.hits(&back.name()) {
            return;
        }
        let mut full = greeting.clone().with("recovered", "full").with("replay", 0);
        if back.head < back.after && self.aim.pick(2) == 0 {
            full = full.with("epoch", back.epoch.as_str());
        }
        act.say(full, "accepted a point of the lost log");
        act.add(replay_end(step, back.head), "ended a replay of nothing");
    }
}
