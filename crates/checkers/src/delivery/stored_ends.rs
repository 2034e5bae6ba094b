//! Ends that the store told: a part of a stream may be lost, and said to be; what was in it can still be read.

use crate::continuity::Answer;
use crate::index::Index;
use crate::observation::{Observation, RunIx};
use goldenpath_history::{Outcome, RecordKind};
use rustc_hash::FxHashMap;

/// How runs ended, by the documents that their owners read.
#[derive(Debug, Default)]
pub(crate) struct StoredEnds(FxHashMap<RunIx, Outcome>);

impl StoredEnds {
    pub(crate) fn observe(&mut self, seen: &Observation<'_>, index: &Index) {
        let RecordKind::Mark { name, note: Some(note) } = &seen.record.kind else { return };
        if name != "store" {
            return;
        }
        let Some(answer) = Answer::read(note, seen.at_sight.stored.get().as_deref()) else { return };
        let run = index.run_named(&answer.run_id).filter(|run| index.owner(*run) == seen.user);
        if let (Some(run), Some(ended)) = (run, answer.ended) {
            self.0.insert(run, ended);
        }
    }

    /// Whether a run whose user was told that a part of the stream is lost was read to its end there.
    pub(crate) fn answer(&self, run: RunIx, index: &Index) -> bool {
        let gap = index
            .run(run)
            .map_or_else(|| index.settled(run).is_some_and(|run| run.gap), |view| view.gap.is_some());
        gap && self.0.contains_key(&run)
    }

    /// How a run ended, if the store told.
    pub(super) fn of(&self, run: RunIx) -> Option<Outcome> {
        self.0.get(&run).copied()
    }
}
