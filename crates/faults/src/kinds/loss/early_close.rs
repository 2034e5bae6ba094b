//! The connection is closed, politely, before the run has ended; the rest of the run is never told.

use crate::{Act, Aim, Fault, Step};
use std::collections::HashMap;

/// Closes with 1000 at the terminal of a run, or earlier in it; whoever comes back gets nothing of the rest.
pub(super) struct ClosedEarly {
    aim: Aim,
    /// The `seq` from which on nothing of a run is told.
    ended: HashMap<String, u64>,
}

impl ClosedEarly {
    pub(super) fn new(seed: u64) -> Self {
        Self { aim: Aim::new(seed), ended: HashMap::new() }
    }
}

impl Fault for ClosedEarly {
    fn rewrite(&mut self, step: &Step, act: &mut Act<'_>) {
        let Some((message, run)) = act.event() else { return };
        if !self.aim.hits(run) {
            return;
        }
        let seq = message.whole("seq").unwrap_or(u64::MAX);
        let early = self.aim.choice(run, 0, 3) == 0 && seq >= 4;
        if !self.ended.contains_key(run) && (message.is_terminal() || early) {
            self.ended.insert(run.to_owned(), seq);
        }
        if self.ended.get(run).is_none_or(|ended| seq < *ended) {
            return;
        }
        let scene = act.scene();
        let began_ns = scene.run(run).map_or(0, |run| run.began_ns);
        let came_later =
            step.conn.and_then(|conn| scene.conn(conn)).is_some_and(|conn| conn.greeted_ns > began_ns);
        if came_later {
            act.lose(format!("lost a `{}` of a run that was given up", message.kind()));
        } else {
            act.cut(Some(1000), "", format!("closed instead of a `{}`", message.kind()));
        }
    }
}
