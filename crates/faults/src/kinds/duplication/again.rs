//! The same event comes twice.

use crate::{Act, Aim, Fault, Step};

/// How much later the second coming may be.
const LATER_NS: [u64; 4] = [0, 3_000_000, 60_000_000, 1_200_000_000];

/// Sends one of the first events of a run again, on all connections or on a user's first one only.
pub(super) struct SentAgain {
    aim: Aim,
}

impl SentAgain {
    pub(super) fn new(seed: u64) -> Self {
        Self { aim: Aim::new(seed) }
    }
}

impl Fault for SentAgain {
    fn rewrite(&mut self, step: &Step, act: &mut Act<'_>) {
        let Some((message, run)) = act.event() else { return };
        if !self.aim.hits(run) || message.is_terminal() {
            return;
        }
        let scene = act.scene();
        let (tab, replaying) = step.conn.map_or((0, false), |conn| {
            (scene.tab(conn), scene.conn(conn).is_some_and(|conn| conn.replaying))
        });
        let seq = 1 + self.aim.choice(run, 0, 4) as u64;
        let everywhere = self.aim.choice(run, 1, 2) == 0;
        if message.whole("seq") != Some(seq) || replaying || (tab > 0 && !everywhere) {
            return;
        }
        let later_ns = LATER_NS[self.aim.choice(run, 2, LATER_NS.len())];
        let again = Step { t_ns: step.t_ns.saturating_add(later_ns), ..step.clone() };
        act.add(again, format!("sent event {seq}, a `{}`, again", message.kind()));
    }
}
