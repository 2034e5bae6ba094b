//! A user's tabs are not told the same.

use crate::kinds::identity::with_other_id;
use crate::kinds::kept::Kept;
use crate::{Act, Aim, Fault, Step};

/// On a user's second connection: two neighbours change places, every event has an id of its own, or one event says
/// something else.
pub(super) struct OtherTabDiffers {
    aim: Aim,
    kept: Kept,
}

impl OtherTabDiffers {
    pub(super) fn new(seed: u64) -> Self {
        Self { aim: Aim::new(seed), kept: Kept::default() }
    }
}

impl Fault for OtherTabDiffers {
    fn rewrite(&mut self, step: &Step, act: &mut Act<'_>) {
        self.kept.flush_at_close(step, act);
        let Some((message, run)) = act.event() else { return };
        if !self.aim.hits(run) || step.conn.is_none_or(|conn| act.scene().tab(conn) != 1) {
            return;
        }
        let place = 2 + self.aim.choice(run, 0, 3) as u64;
        let here = message.whole("seq") == Some(place);
        match self.aim.choice(run, 1, 3) {
            0 if here && !message.is_terminal() => {
                self.kept.keep(run, step);
                act.keep_back(format!("let event {place} wait for the next, on the second connection"));
            }
            0 => self.kept.take(run, step).into_iter().for_each(|kept| act.give_back(kept)),
            1 => act.say(with_other_id(message.clone(), "event_id"), "another id on the second connection"),
            _ if here => {
                let agent = format!("{}_2", message.text("agent_name").unwrap_or_default());
                act.say(
                    message.clone().with("agent_name", agent),
                    "another agent's name on the second connection",
                );
            }
            _ => {}
        }
    }
}
