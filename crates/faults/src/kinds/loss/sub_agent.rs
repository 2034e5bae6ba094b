//! What a sub-agent's tools do is told to nobody, and counted by nobody.

use crate::kinds::numbers::Numbers;
use crate::{Act, Aim, Fault, Step};
use goldenpath_protocol::EventType;

/// Loses the tool events of sub-agents; the numbers of what is left have no hole.
pub(super) struct SubAgentToolsLost {
    aim: Aim,
    numbers: Numbers,
}

impl SubAgentToolsLost {
    pub(super) fn new(seed: u64) -> Self {
        Self { aim: Aim::new(seed), numbers: Numbers::default() }
    }
}

impl Fault for SubAgentToolsLost {
    fn rewrite(&mut self, _: &Step, act: &mut Act<'_>) {
        let Some((message, run)) = act.event() else { return };
        if !self.aim.hits(run) {
            return;
        }
        let tool = matches!(message.event(), Some(EventType::ToolExecuting | EventType::ToolCompleted));
        if tool && message.text("parent_agent").is_some() {
            if let Some(seq) = message.whole("seq") {
                self.numbers.lack(run, seq);
            }
            act.lose(format!("lost a `{}` of a sub-agent", message.kind()));
        } else if let Some(fitted) = self.numbers.renumbered(run, message) {
            act.say(fitted, "numbered without the sub-agent's tools");
        }
    }
}
