//! The user's first connection is told everything, the second is not.

use crate::{Act, Aim, Fault, Step};

/// Loses, on a user's second connection, one event of a run, its end, or all of it.
pub(super) struct SecondTabLosesEvents {
    aim: Aim,
}

impl SecondTabLosesEvents {
    pub(super) fn new(seed: u64) -> Self {
        Self { aim: Aim::new(seed) }
    }
}

impl Fault for SecondTabLosesEvents {
    fn rewrite(&mut self, step: &Step, act: &mut Act<'_>) {
        let Some((message, run)) = act.event() else { return };
        let Some(seq) = message.whole("seq").filter(|_| self.aim.hits(run)) else { return };
        if step.conn.is_none_or(|conn| act.scene().tab(conn) != 1) {
            return;
        }
        let place = 2 + self.aim.choice(run, 0, 3) as u64;
        let lost = match self.aim.choice(run, 1, 3) {
            0 => seq == place,
            1 => seq >= place,
            _ => true,
        };
        if lost {
            act.lose(format!("lost event {seq} on the second connection, a `{}`", message.kind()));
        }
    }
}
