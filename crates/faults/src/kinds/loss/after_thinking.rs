//! A run thinks, runs into an error, and nobody is told.

use crate::{Act, Aim, Fault, Step};
use goldenpath_protocol::EventType;
use std::collections::HashMap;

/// Loses everything after a run's first thought, or after its first thoughts in a row.
pub(super) struct StopsAfterThinking {
    aim: Aim,
    /// The `seq` of the last thought that is told.
    thought: HashMap<String, u64>,
    /// The `seq` from which on nothing is.
    stopped: HashMap<String, u64>,
}

impl StopsAfterThinking {
    pub(super) fn new(seed: u64) -> Self {
        Self { aim: Aim::new(seed), thought: HashMap::new(), stopped: HashMap::new() }
    }
}

impl Fault for StopsAfterThinking {
    fn rewrite(&mut self, _: &Step, act: &mut Act<'_>) {
        let Some((message, run)) = act.event() else { return };
        let Some(seq) = message.whole("seq").filter(|_| self.aim.hits(run)) else { return };
        let thinks = message.event() == Some(EventType::AgentThinking);
        let after_the_first = self.aim.choice(run, 0, 2) == 0;
        let thought = self.thought.get(run).copied();
        if thinks && (thought.is_none() || (!after_the_first && !self.stopped.contains_key(run))) {
            self.thought.insert(run.to_owned(), seq.max(thought.unwrap_or(0)));
        } else if thought.is_some_and(|thought| seq > thought) {
            self.stopped.entry(run.to_owned()).or_insert(seq);
        }
        if self.stopped.get(run).is_some_and(|stopped| seq >= *stopped) {
            act.lose(format!("lost a `{}` after the thinking", message.kind()));
        }
    }
}
