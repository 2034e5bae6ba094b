//! Something of a run comes after its terminal.

use crate::kinds::identity::with_other_id;
use crate::kinds::kept::Kept;
use crate::{Act, Aim, Fault, Message, Step};
use goldenpath_protocol::EventType;
use std::collections::HashMap;

/// How long after the terminal it may come.
const LATER_NS: [u64; 3] = [0, 80_000_000, 900_000_000];

/// Lets one of the first events of a run wait for its end, or thinks on when everything is said.
pub(super) struct AfterTheEnd {
    aim: Aim,
    kept: Kept,
    /// A thought of each run, to be thought once more.
    thoughts: HashMap<String, Message>,
}

impl AfterTheEnd {
    pub(super) fn new(seed: u64) -> Self {
        Self { aim: Aim::new(seed), kept: Kept::default(), thoughts: HashMap::new() }
    }

    fn end(&mut self, step: &Step, act: &mut Act<'_>, end: &Message, run: &str) {
        let later_ns = step.t_ns.saturating_add(LATER_NS[self.aim.choice(run, 1, LATER_NS.len())]);
        for kept in self.kept.take(run, step) {
            act.give_back(Step { t_ns: later_ns, ..kept });
        }
        let thought = self.thoughts.get(run).filter(|_| self.aim.choice(run, 0, 2) == 1);
        let (Some(thought), Some(seq)) = (thought, end.whole("seq")) else { return };
        let mut thought = with_other_id(thought.clone(), "event_id").with("seq", seq + 1);
        for field in ["timestamp", "offset"] {
            if let Some(value) = end.get(field) {
                thought = thought.with(field, value.clone());
            }
        }
        let shown = Step { t_ns: later_ns, ..thought.in_place_of(step) };
        act.add(shown, "thought on after the terminal");
    }
}

impl Fault for AfterTheEnd {
    fn rewrite(&mut self, step: &Step, act: &mut Act<'_>) {
        self.kept.flush_at_close(step, act);
        let Some((message, run)) = act.event() else { return };
        if !self.aim.hits(run) {
            return;
        }
        if message.is_terminal() {
            return self.end(step, act, message, run);
        }
        if message.event() == Some(EventType::AgentThinking) {
            self.thoughts.entry(run.to_owned()).or_insert_with(|| message.clone());
        }
        let place = 2 + self.aim.choice(run, 2, 3) as u64;
        if self.aim.choice(run, 0, 2) == 0 && message.whole("seq") == Some(place) {
            self.kept.keep(run, step);
            act.keep_back(format!("let event {place}, a `{}`, wait for the terminal", message.kind()));
        }
    }
}
