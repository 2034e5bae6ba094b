//! Steps on their way that a fault has in its hands, by connection and run.

use crate::{Act, Step};
use goldenpath_history::RecordKind;
use std::collections::BTreeMap;

/// What is kept back.
#[derive(Debug, Default)]
pub(super) struct Kept(BTreeMap<(Option<u32>, String), Vec<Step>>);

impl Kept {
    /// Keeps a step of a run.
    pub(super) fn keep(&mut self, run: &str, step: &Step) {
        self.0.entry((step.conn, run.to_owned())).or_default().push(step.clone());
    }

    /// Takes out what is kept of a run on the connection of `step`, in the order in which it came.
    pub(super) fn take(&mut self, run: &str, step: &Step) -> Vec<Step> {
        self.0.remove(&(step.conn, run.to_owned())).unwrap_or_default()
    }

    /// When a connection ends, what is still kept of it arrives just before.
    pub(super) fn flush_at_close(&mut self, step: &Step, act: &mut Act<'_>) {
        if !matches!(step.kind, RecordKind::Close { .. }) {
            return;
        }
        let (ended, open) =
            std::mem::take(&mut self.0).into_iter().partition(|((conn, _), _)| *conn == step.conn);
        self.0 = open;
        let ended: BTreeMap<(Option<u32>, String), Vec<Step>> = ended;
        ended.into_values().flatten().for_each(|kept| act.give_back_before(kept));
    }
}
