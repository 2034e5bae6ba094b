//! The last event before the terminal is lost: what a writer does that forgets to flush.

use crate::kinds::kept::Kept;
use crate::{Act, Aim, Fault, Message, Step};
use goldenpath_protocol::EventType;

/// Writes every event of a run when the next one comes, and the last one never. Some of these writers also number what they
/// write, so that only the count of the terminal tells.
pub(super) struct LastEventLost {
    aim: Aim,
    kept: Kept,
}

impl LastEventLost {
    pub(super) fn new(seed: u64) -> Self {
        Self { aim: Aim::new(seed), kept: Kept::default() }
    }

    fn end(&mut self, step: &Step, act: &mut Act<'_>, message: &Message, run: &str) {
        let counts_itself = self.aim.choice(run, 0, 2) == 0;
        let mut waiting = self.kept.take(run, step);
        let Some(last) = waiting.pop() else { return };
        waiting.into_iter().for_each(|kept| act.give_back_before(kept));
        let lost = Message::of(&last);
        let kind = lost.as_ref().map_or("", Message::kind);
        act.lose_kept(&last, format!("lost the last event before the terminal, a `{kind}`"));
        let number = lost.as_ref().and_then(|lost| lost.whole("seq")).filter(|_| counts_itself);
        if let Some(number) = number {
            act.say(message.clone().with("seq", number), "numbered the terminal as if nothing was lost");
        }
    }
}

impl Fault for LastEventLost {
    fn rewrite(&mut self, step: &Step, act: &mut Act<'_>) {
        self.kept.flush_at_close(step, act);
        let Some((message, run)) = act.event() else { return };
        if !self.aim.hits(run) {
            return;
        }
        if message.is_terminal() {
            return self.end(step, act, message, run);
        }
        self.kept.take(run, step).into_iter().for_each(|kept| act.give_back_before(kept));
        // A run never ends right after these.
        if !matches!(message.event(), Some(EventType::AgentStarted | EventType::ToolExecuting)) {
            self.kept.keep(run, step);
            act.keep_back(format!("kept a `{}` until the next event", message.kind()));
        }
    }
}
