//! Thoughts that are made up when the work is done.

use crate::places::Places;
use crate::{Act, Aim, Fault, Message, Step};
use goldenpath_protocol::EventType;
use std::collections::HashMap;

/// Moves the thoughts of a run behind its tools, numbered and stamped as if they were made there.
pub(super) struct Afterthought {
    aim: Aim,
    places: Places,
    kept: HashMap<(Option<u32>, String), Vec<Step>>,
}

impl Afterthought {
    pub(super) fn new(seed: u64) -> Self {
        Self { aim: Aim::new(seed), places: Places::default(), kept: HashMap::new() }
    }
}

impl Fault for Afterthought {
    fn rewrite(&mut self, step: &Step, act: &mut Act<'_>) {
        let Some((message, run)) = act.event() else { return };
        if !self.aim.hits(run) {
            return;
        }
        let place = (step.conn, run.to_owned());
        if message.event() == Some(EventType::AgentThinking) {
            self.places.give_up(step.conn, run, message);
            act.keep_back("a thought was made up later");
            return self.kept.entry(place).or_default().push(step.clone());
        }
        let answers = message.event() == Some(EventType::ResponseDelta) || message.is_terminal();
        if answers && let Some(kept) = self.kept.remove(&place) {
            self.places.give_up(step.conn, run, message);
            for thought in kept {
                let Some(told) = Message::of(&thought) else { continue };
                let told = self.places.take(step.conn, run, told);
                let stamp = message.get("timestamp").cloned().unwrap_or_default();
                act.give_back_before(told.with("timestamp", stamp).in_place_of(&thought));
            }
            let told = self.places.take(step.conn, run, message.clone());
            return act.say(told, "came after the thoughts that were made up");
        }
        if self.kept.contains_key(&place) {
            let told = self.places.fill(step.conn, run, message.clone());
            act.say(told, "came before the thoughts that belong before it");
        }
    }
}
