//! A run ends while one of its tools is still open.

use super::pair_labels::OneCall;
use crate::kinds::numbers::Numbers;
use crate::{Act, Aim, Fault, Step};
use goldenpath_protocol::EventType;

/// Forgets one `tool_completed` of a run: what was never made has no number, or it has one and is lost.
pub(super) struct OpenTool {
    aim: Aim,
    call: OneCall,
    numbers: Numbers,
}

impl OpenTool {
    pub(super) fn new(seed: u64) -> Self {
        Self { aim: Aim::new(seed), call: OneCall::default(), numbers: Numbers::default() }
    }
}

impl Fault for OpenTool {
    fn rewrite(&mut self, _: &Step, act: &mut Act<'_>) {
        let Some((message, run)) = act.event() else { return };
        let Some(seq) = message.whole("seq").filter(|_| self.aim.hits(run)) else { return };
        let completed = message.event() == Some(EventType::ToolCompleted);
        let call = message.text("execution_id").filter(|_| completed);
        if call.is_some_and(|call| self.call.is(&mut self.aim, call, run)) {
            if self.aim.choice(run, 0, 2) == 0 {
                self.numbers.lack(run, seq);
            }
            act.lose("forgot a `tool_completed`");
        } else if let Some(fitted) = self.numbers.renumbered(run, message) {
            act.say(fitted, "numbered without the `tool_completed`");
        }
    }
}
