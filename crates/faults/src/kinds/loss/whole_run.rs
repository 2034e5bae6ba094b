//! A request is accepted, and nothing follows.

use crate::{Act, Aim, Fault, Step};

/// Loses every event of the runs it hits.
pub(super) struct WholeRunLost {
    aim: Aim,
}

impl WholeRunLost {
    pub(super) fn new(seed: u64) -> Self {
        Self { aim: Aim::new(seed) }
    }
}

impl Fault for WholeRunLost {
    fn rewrite(&mut self, _: &Step, act: &mut Act<'_>) {
        let Some((message, run)) = act.event() else { return };
        if self.aim.hits(run) {
            act.lose(format!("lost a `{}`, as all of its run", message.kind()));
        }
    }
}
