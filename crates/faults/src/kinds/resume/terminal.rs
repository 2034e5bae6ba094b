//! The end of a run is sent once, to whoever is there, and is not kept.

use crate::kinds::returns::Returns;
use crate::{Act, Aim, Fault, Step};

/// Loses the terminal in a replay.
pub(super) struct TerminalInGapLost {
    aim: Aim,
    returns: Returns,
}

impl TerminalInGapLost {
    pub(super) fn new(seed: u64) -> Self {
        Self { aim: Aim::new(seed), returns: Returns::default() }
    }
}

impl Fault for TerminalInGapLost {
    fn rewrite(&mut self, step: &Step, act: &mut Act<'_>) {
        self.returns.see(step, act);
        let Some((message, run)) = act.event() else { return };
        let replaying = step.conn.and_then(|conn| act.scene().conn(conn)).is_some_and(|conn| conn.replaying);
        if message.is_terminal() && replaying && self.returns.of(step.conn).is_some() && self.aim.hits(run) {
            act.lose(format!("did not replay the `{}`", message.kind()));
        }
    }
}
