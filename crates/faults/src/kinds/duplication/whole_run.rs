//! A client that comes back is told its run from the beginning, whatever it had received.

use crate::kinds::returns::{Back, Returns, sent_to};
use crate::{Act, Aim, Fault, Message, Step};
use std::collections::HashMap;

/// Replays the whole run that the connection was in: before what was missed, or after it as if it were live.
pub(super) struct WholeRunAgain {
    aim: Aim,
    returns: Returns,
    /// Returns whose run comes again once the replay has ended.
    later: HashMap<u32, Back>,
}

impl WholeRunAgain {
    pub(super) fn new(seed: u64) -> Self {
        Self { aim: Aim::new(seed), returns: Returns::default(), later: HashMap::new() }
    }

    /// All that was shown, up to an offset, of the run that was on when the client went away.
    fn run_up_to(&self, back: &Back, to: u64, here: &Step) -> Vec<Step> {
        let run = |step: &Step| Message::of(step)?.run().map(str::to_owned);
        let Some(left) = self.returns.events(&back.user, 0, back.after).last().and_then(run) else {
            return Vec::new();
        };
        let events = self.returns.events(&back.user, 0, to);
        events.filter(|event| run(event).as_ref() == Some(&left)).map(|event| sent_to(here, event)).collect()
    }
}

impl Fault for WholeRunAgain {
    fn rewrite(&mut self, step: &Step, act: &mut Act<'_>) {
        let back = self.returns.see(step, act);
        let (Some(conn), Some(message)) = (step.conn, act.message()) else { return };
        if let Some(back) = back.filter(Back::full) {
            let shown = self.run_up_to(&back, back.after, step);
            if shown.is_empty() || !self.aim.hits(&back.name()) {
                return;
            }
            if self.aim.pick(2) == 0 {
                self.later.insert(conn, back);
                return;
            }
            let all = back.replay + shown.len() as u64;
            act.say(message.clone().with("replay", all), "announced a replay of the whole run");
            shown.into_iter().for_each(|event| act.add(event, "replayed the run from its start"));
        } else if message.is("replay_end")
            && let Some(back) = self.later.remove(&conn)
        {
            let whole = self.run_up_to(&back, back.head, step);
            whole.into_iter().for_each(|event| act.add(event, "sent the run once more, from its start"));
        }
    }
}
