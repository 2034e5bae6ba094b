//! The first run on a connection is whole, the second is not.

use crate::{Act, Aim, Fault, Step};
use std::collections::HashMap;

/// Loses some neighbouring events of the second run on a connection, as a handler does that was bound to the first.
pub(super) struct SecondRunLosesEvents {
    aim: Aim,
    /// Whether a run is the second on the connection that showed it first.
    second: HashMap<String, bool>,
}

impl SecondRunLosesEvents {
    pub(super) fn new(seed: u64) -> Self {
        Self { aim: Aim::new(seed), second: HashMap::new() }
    }
}

impl Fault for SecondRunLosesEvents {
    fn rewrite(&mut self, _: &Step, act: &mut Act<'_>) {
        let Some((message, run)) = act.event() else { return };
        let scene = act.scene();
        let second = *self.second.entry(run.to_owned()).or_insert_with(|| {
            let first_on = scene.run(run).map(|run| run.conn);
            scene.runs().filter(|(_, other)| Some(other.conn) == first_on).position(|(id, _)| id == run)
                == Some(1)
        });
        if !second || !self.aim.hits(run) || message.is_terminal() {
            return;
        }
        let Some(seq) = message.whole("seq") else { return };
        let from = 2 + self.aim.choice(run, 0, 3) as u64;
        let to = from + 1 + self.aim.choice(run, 1, 3) as u64;
        if (from..to).contains(&seq) {
            act.lose(format!("lost event {seq} of the second run, a `{}`", message.kind()));
        }
    }
}
