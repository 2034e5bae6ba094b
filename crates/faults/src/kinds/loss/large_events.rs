//! What does not fit a buffer of 32 KiB is lost.

use crate::{Act, Aim, Fault, Step};
use goldenpath_history::RecordKind;

/// What still fits.
const BUFFER: usize = 32 * 1024;

/// Loses the large events of the runs it hits.
pub(super) struct LargeEventsLost {
    aim: Aim,
}

impl LargeEventsLost {
    pub(super) fn new(seed: u64) -> Self {
        Self { aim: Aim::new(seed) }
    }
}

impl Fault for LargeEventsLost {
    fn rewrite(&mut self, step: &Step, act: &mut Act<'_>) {
        let Some((message, run)) = act.event() else { return };
        let RecordKind::Frame { raw, .. } = &step.kind else { return };
        if raw.len() > BUFFER && self.aim.hits(run) {
            act.lose(format!("lost a `{}` of {} bytes", message.kind(), raw.len()));
        }
    }
}
