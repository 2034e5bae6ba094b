//! Every event of one type is lost, in some runs.

use crate::{Act, Aim, Fault, Step};
use goldenpath_protocol::EventType;

/// Loses all events of one type of the runs it hits.
pub(super) struct EventTypeLost {
    kind: EventType,
    aim: Aim,
}

impl EventTypeLost {
    pub(super) fn new(kind: EventType, seed: u64) -> Self {
        Self { kind, aim: Aim::new(seed) }
    }
}

impl Fault for EventTypeLost {
    fn rewrite(&mut self, _: &Step, act: &mut Act<'_>) {
        let Some((message, run)) = act.event() else { return };
        if self.aim.hits(run) && message.event() == Some(self.kind) {
            act.lose(format!("lost a `{}`", self.kind.as_str()));
        }
    }
}
