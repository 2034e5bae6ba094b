//! A resume is answered `full`, and goes on live: what was missed stays missed.

use crate::kinds::returns::{Back, Returns};
use crate::{Act, Aim, Fault, Step};
use std::collections::HashSet;

/// Announces nothing and replays nothing.
pub(super) struct ReplaySkipped {
    aim: Aim,
    returns: Returns,
    skipped: HashSet<u32>,
    /// Only for those whose runs were open: the backend replays runs that are at work, and by now they are not.
    of_open_runs: bool,
}

impl ReplaySkipped {
    pub(super) fn new(seed: u64) -> Self {
        Self {
            aim: Aim::new(seed),
            returns: Returns::default(),
            skipped: HashSet::new(),
            of_open_runs: false,
        }
    }

    /// Loses the replays of runs that were open when their reader went away.
    pub(super) fn of_open_runs(seed: u64) -> Self {
        Self { of_open_runs: true, ..Self::new(seed) }
    }

    fn hits(&mut self, back: &Back, act: &Act<'_>) -> bool {
        let open = || act.scene().runs().any(|(_, run)| run.user == back.user && !run.ended);
        back.full() && back.replay > 0 && (!self.of_open_runs || open()) && self.aim.hits(&back.name())
    }
}

impl Fault for ReplaySkipped {
    fn rewrite(&mut self, step: &Step, act: &mut Act<'_>) {
        let back = self.returns.see(step, act);
        let (Some(conn), Some(message)) = (step.conn, act.message()) else { return };
        if let Some(back) = back {
            if self.hits(&back, act) {
                self.skipped.insert(conn);
                act.say(message.clone().with("replay", 0), "announced no replay");
            }
            return;
        }
        let replaying = act.scene().conn(conn).is_some_and(|conn| conn.replaying);
        if self.skipped.contains(&conn) && replaying && message.run().is_some() {
            act.lose(format!("did not replay a `{}`", message.kind()));
        }
    }
}
