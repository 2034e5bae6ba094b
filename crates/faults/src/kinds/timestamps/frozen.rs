//! A clock that stands still.

use super::part::{made_at, made_ms};
use crate::{Act, Aim, Fault, Step};
use std::collections::HashMap;

/// Gives all events of a run one timestamp: its own first one, or the first of the session; or those of a run from an event
/// near its beginning on.
pub(super) struct Frozen {
    aim: Aim,
    stands_at: HashMap<String, i64>,
    first: Option<i64>,
}

impl Frozen {
    pub(super) fn new(seed: u64) -> Self {
        Self { aim: Aim::new(seed), stands_at: HashMap::new(), first: None }
    }
}

impl Fault for Frozen {
    fn rewrite(&mut self, _: &Step, act: &mut Act<'_>) {
        let Some((message, run)) = act.event() else { return };
        let (Some(made), Some(seq)) = (made_ms(message), message.whole("seq")) else { return };
        let first = *self.first.get_or_insert(made);
        if !self.aim.hits(run) {
            return;
        }
        let (from, at) = match self.aim.choice(run, 0, 3) {
            0 => (1, made),
            1 => (1, first),
            _ => (2 + self.aim.choice(run, 1, 2) as u64, made),
        };
        if seq < from {
            return;
        }
        let stands_at = *self.stands_at.entry(run.to_owned()).or_insert(at);
        if stands_at != made {
            act.say(made_at(message, stands_at), "stamped it with a clock that stands still");
        }
    }
}
