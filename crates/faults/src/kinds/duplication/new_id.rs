//! An event is published again, as a new one.

use crate::kinds::identity::with_other_id;
use crate::kinds::numbers::Numbers;
use crate::{Act, Aim, Fault, Step};
use goldenpath_protocol::EventType;

/// Sends one of the first events of a run again under a new `event_id`: with its old number, or numbered as one more.
pub(super) struct SentUnderNewId {
    aim: Aim,
    numbers: Numbers,
}

impl SentUnderNewId {
    pub(super) fn new(seed: u64) -> Self {
        Self { aim: Aim::new(seed), numbers: Numbers::default() }
    }
}

impl Fault for SentUnderNewId {
    fn rewrite(&mut self, step: &Step, act: &mut Act<'_>) {
        let Some((message, run)) = act.event() else { return };
        let Some(seq) = message.whole("seq").filter(|_| self.aim.hits(run)) else { return };
        let fitted = self.numbers.renumbered(run, message);
        if seq == 1 + self.aim.choice(run, 0, 4) as u64 && !message.is_terminal() {
            let mut again = with_other_id(message.clone(), "event_id");
            // An answer may well hold the same piece of text twice.
            let one_more =
                message.event() != Some(EventType::ResponseDelta) && self.aim.choice(run, 1, 2) == 0;
            if one_more {
                self.numbers.add_after(run, seq);
                again = again.with("seq", seq + 1);
            }
            act.add(
                again.in_place_of(step),
                format!("sent event {seq}, a `{}`, under a new id", message.kind()),
            );
        } else if let Some(fitted) = fitted {
            act.say(fitted, "numbered with the one sent again");
        }
    }
}
