//! A run ends before its tools do.

use crate::kinds::kept::Kept;
use crate::{Act, Aim, Fault, Step};
use goldenpath_protocol::EventType;
use std::collections::HashMap;

/// Lets the first `tool_completed` of a run, or all of them, come after its terminal.
pub(super) struct ResultAfterTheEnd {
    aim: Aim,
    kept: Kept,
    /// The `seq` of each run's first `tool_completed`.
    first: HashMap<String, u64>,
}

impl ResultAfterTheEnd {
    pub(super) fn new(seed: u64) -> Self {
        Self { aim: Aim::new(seed), kept: Kept::default(), first: HashMap::new() }
    }
}

impl Fault for ResultAfterTheEnd {
    fn rewrite(&mut self, step: &Step, act: &mut Act<'_>) {
        self.kept.flush_at_close(step, act);
        let Some((message, run)) = act.event() else { return };
        if !self.aim.hits(run) {
            return;
        }
        if message.is_terminal() {
            self.kept.take(run, step).into_iter().for_each(|kept| act.give_back(kept));
        } else if message.event() == Some(EventType::ToolCompleted) {
            let seq = message.whole("seq").unwrap_or_default();
            let first = *self.first.entry(run.to_owned()).or_insert(seq);
            if seq == first || self.aim.choice(run, 0, 2) == 0 {
                self.kept.keep(run, step);
                act.keep_back("let a `tool_completed` wait for the terminal");
            }
        }
    }
}
