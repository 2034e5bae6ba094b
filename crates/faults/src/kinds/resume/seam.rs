//! One event falls between two pieces of code: before and replay, or replay and live.

use crate::kinds::returns::Returns;
use crate::{Act, Aim, Fault, Step};
use std::collections::HashMap;

/// The replay lacks its first event, or its last.
pub(super) struct OffByOne {
    aim: Aim,
    returns: Returns,
    /// The offset that each hit connection is not sent.
    lost: HashMap<u32, u64>,
}

impl OffByOne {
    pub(super) fn new(seed: u64) -> Self {
        Self { aim: Aim::new(seed), returns: Returns::default(), lost: HashMap::new() }
    }
}

impl Fault for OffByOne {
    fn rewrite(&mut self, step: &Step, act: &mut Act<'_>) {
        let back = self.returns.see(step, act);
        let (Some(conn), Some(message)) = (step.conn, act.message()) else { return };
        if let Some(back) = back.filter(|back| back.full() && back.replay > 0) {
            if self.aim.hits(&back.name()) {
                let lost = if self.aim.pick(2) == 0 { back.after + 1 } else { back.head };
                self.lost.insert(conn, lost);
                act.say(message.clone().with("replay", back.replay - 1), "announced a replay short of one");
            }
        } else if message.run().is_some() && self.lost.get(&conn).copied() == message.whole("offset") {
            act.lose(format!("did not replay a `{}`", message.kind()));
        }
    }
}

/// The first live event after a replay is lost: it was made after the log was read and before the live stream was joined.
pub(super) struct SeamLosesOne {
    aim: Aim,
    returns: Returns,
    /// Where the replay of each hit connection ends; taken when the event is lost.
    heads: HashMap<u32, u64>,
}

impl SeamLosesOne {
    pub(super) fn new(seed: u64) -> Self {
        Self { aim: Aim::new(seed), returns: Returns::default(), heads: HashMap::new() }
    }
}

impl Fault for SeamLosesOne {
    fn rewrite(&mut self, step: &Step, act: &mut Act<'_>) {
        let back = self.returns.see(step, act);
        let (Some(conn), Some(message)) = (step.conn, act.message()) else { return };
        if let Some(back) = back.filter(|back| back.full() && back.replay > 0) {
            if self.aim.hits(&back.name()) {
                self.heads.insert(conn, back.head);
            }
            return;
        }
        let live =
            |head: &u64| message.run().is_some() && message.whole("offset").is_some_and(|at| at > *head);
        if self.heads.get(&conn).is_some_and(live) {
            self.heads.remove(&conn);
            act.lose(format!("lost a `{}` between replay and live", message.kind()));
        }
    }
}
