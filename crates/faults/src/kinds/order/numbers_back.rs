//! The numbers of a run go back.

use crate::{Act, Aim, Fault, Step};

/// Numbers a run from 1 again in its midst, or lets one event carry a number from before.
pub(super) struct NumbersGoBack {
    aim: Aim,
}

impl NumbersGoBack {
    pub(super) fn new(seed: u64) -> Self {
        Self { aim: Aim::new(seed) }
    }
}

impl Fault for NumbersGoBack {
    fn rewrite(&mut self, _: &Step, act: &mut Act<'_>) {
        let Some((message, run)) = act.event() else { return };
        let Some(seq) = message.whole("seq").filter(|_| self.aim.hits(run)) else { return };
        let from = 3 + self.aim.choice(run, 0, 2) as u64;
        let back = match self.aim.choice(run, 1, 3) {
            0 if seq >= from => from - 1,
            1 if seq == from => 1,
            2 if seq == from => 2,
            _ => return,
        };
        act.say(message.clone().with("seq", seq - back), format!("numbered event {seq} as {}", seq - back));
    }
}
