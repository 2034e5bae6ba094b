//! What the pieces of an answer add up to: something may stand in several of them that stands in none.
//!
//! Nearly always they add up to the answer at the end, which is searched whole. Only what is not in it is searched here.

use crate::event_view::{Field, Seen};
use crate::observation::{Observation, RunIx};
use goldenpath_protocol::EventType;
use rustc_hash::FxHashMap;

/// Pieces of one run are kept up to this many bytes.
const KEPT: usize = 256 * 1024;

/// The pieces of open runs, joined.
#[derive(Debug, Default)]
pub(super) struct Pieces {
    open: FxHashMap<RunIx, String>,
    /// The room of those of runs that are over.
    spare: Vec<String>,
}

impl Pieces {
    /// Takes in a frame. At the end of a run gives what its pieces say, when its answer does not say just that.
    pub(super) fn take_in(&mut self, seen: &Observation<'_>) -> Option<String> {
        let (Seen::Event(event), arrival) = (seen.seen?, seen.arrival?) else { return None };
        if !arrival.first {
            return None;
        }
        if event.kind == EventType::ResponseDelta {
            let text = event.text(Field::Text)?;
            let spare = &mut self.spare;
            let joined = self.open.entry(arrival.run).or_insert_with(|| spare.pop().unwrap_or_default());
            if joined.len() + text.len() <= KEPT {
                joined.push_str(&text);
            }
            return None;
        }
        if !event.kind.is_terminal() {
            return None;
        }
        let mut joined = self.open.remove(&arrival.run)?;
        if event.text(Field::FinalResponse).is_some_and(|answer| *answer == *joined) {
            joined.clear();
            self.spare.push(joined);
            return None;
        }
        Some(joined)
    }

    /// What the pieces of a run say that is over without an end.
    pub(super) fn left(&mut self, run: RunIx) -> Option<String> {
        self.open.remove(&run)
    }
}
