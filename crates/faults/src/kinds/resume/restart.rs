//! The backend knows the request and not the run: whoever comes back gets it begun anew.

use crate::kinds::identity::with_other_id;
use crate::kinds::returns::Returns;
use crate::{Act, Aim, Fault, Message, Step};
use std::collections::HashMap;

/// From the first missed event on, the run tells its story from `seq` 1 with a new `agent_started`: under a new run id, or
/// under the old one.
pub(super) struct RunRestarted {
    aim: Aim,
    returns: Returns,
    restarted: HashMap<String, Restart>,
}

struct Restart {
    /// The last `seq` from before.
    cut: u64,
    new_id: bool,
    started: Message,
}

impl RunRestarted {
    pub(super) fn new(seed: u64) -> Self {
        Self { aim: Aim::new(seed), returns: Returns::default(), restarted: HashMap::new() }
    }

    /// Whether this is the first event of an open run for somebody who came back, and the run is hit.
    fn begins(&mut self, step: &Step, message: &Message, run: &str) -> Option<Restart> {
        let back = self.returns.of(step.conn).filter(|back| back.full())?;
        message.whole("offset").filter(|offset| *offset > back.after)?;
        let shown: Vec<Message> = self
            .returns
            .events(&back.user, 0, back.after)
            .filter_map(Message::of)
            .filter(|shown| shown.run() == Some(run))
            .collect();
        let started = shown.iter().find(|shown| shown.is("agent_started"))?.clone();
        let cut = shown.last()?.whole("seq")?;
        self.aim.hits(run).then(|| Restart { cut, new_id: self.aim.pick(2) == 0, started })
    }
}

impl Fault for RunRestarted {
    fn rewrite(&mut self, step: &Step, act: &mut Act<'_>) {
        self.returns.see(step, act);
        let Some((message, run)) = act.event() else { return };
        if !self.restarted.contains_key(run)
            && let Some(restart) = self.begins(step, message, run)
        {
            self.restarted.insert(run.to_owned(), restart);
        }
        let Some(restart) = self.restarted.get(run) else { return };
        let Some(seq) = message.whole("seq").and_then(|seq| seq.checked_sub(restart.cut)) else { return };
        if seq == 0 {
            return;
        }
        let mut again = message.clone();
        if seq == 1 {
            again = restart.started.clone();
            for field in ["offset", "timestamp", "event_id"] {
                if let Some(value) = message.get(field) {
                    again.fields().insert(field.to_owned(), value.clone());
                }
            }
        }
        again = with_other_id(again.with("seq", seq), "event_id");
        if restart.new_id {
            again = with_other_id(again, "run_id");
        }
        if message.is_terminal() {
            again = again.with("event_count", seq);
        }
        act.say(again, format!("restarted the run: event {seq} again"));
    }
}
