//! Two events in one message.

use crate::message::raw_in_place_of;
use crate::spot::Spot;
use crate::{Act, Fault, Message, Step};
use rand::Rng;
use std::collections::HashMap;

/// Keeps an event until the next of its run, and sends both in one frame.
pub(super) struct Joined {
    spot: Spot,
    kept: HashMap<(Option<u32>, String), Step>,
}

impl Joined {
    pub(super) fn new(seed: u64) -> Self {
        Self { spot: Spot::new(seed), kept: HashMap::new() }
    }
}

impl Fault for Joined {
    fn rewrite(&mut self, step: &Step, act: &mut Act<'_>) {
        let Some((message, run)) = act.event() else { return };
        let place = (step.conn, run.to_owned());
        if let Some(first) = self.kept.remove(&place).as_ref().and_then(Message::of) {
            let (first, second) = (first.to_json(), message.to_json());
            let raw = match self.spot.choices(message, run).random_range(0..4) {
                0 => format!("{first}{second}"),
                1 => format!("{first}\n{second}"),
                2 => format!("{first}\n{second}\n"),
                _ => format!("[{first},{second}]"),
            };
            act.alter(raw_in_place_of(step, raw), "two events came in one message");
        } else if !message.is_terminal() && self.spot.hits(message, run) {
            act.keep_back(format!("`{}` waited for the next event", message.kind()));
            self.kept.insert(place, step.clone());
        }
    }
}
