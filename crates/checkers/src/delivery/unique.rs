//! No event twice, under its own id or a new one.

use crate::check::{Check, Tally};
use crate::event_view::{EventView, Field};
use crate::evidence::{excerpt, run_words};
use crate::index::{Index, RunView};
use crate::observation::{Observation, RunIx};
use crate::verdict::{CheckResult, Finding};
use goldenpath_protocol::EventType;
use rustc_hash::{FxHashMap, FxHashSet, FxHasher};
use std::collections::hash_map::Entry;
use std::hash::{Hash, Hasher};

/// Tables kept for runs that begin, and how long one may be.
const SPARE: usize = 256;
const SPARE_LENGTH: usize = 256;

/// Judges `delivery/unique-ids`.
#[derive(Debug, Default)]
pub(super) struct Unique {
    tally: Tally,
    /// Every event id there was: eight bytes each.
    ids: FxHashSet<u64>,
    /// What the events of open runs said, with the line that said it first.
    said: FxHashMap<RunIx, FxHashMap<u64, u64>>,
    /// Tables of settled runs, empty, for the next.
    spare: Vec<FxHashMap<u64, u64>>,
}

impl Check for Unique {
    fn ids(&self) -> &'static [&'static str] {
        &["delivery/unique-ids"]
    }

    fn observe(&mut self, seen: &Observation<'_>, index: &Index) {
        let Some((event, arrival)) = seen.event() else { return };
        if arrival.foreign || arrival.settled {
            return;
        }
        let broken = if arrival.repeated_here && !arrival.replayed {
            Some(("came twice on one connection", None))
        } else if !arrival.first {
            return;
        } else if event.event_id.as_deref().is_some_and(|id| !self.ids.insert(hash_of(id))) {
            Some(("has the id of another event", None))
        } else {
            self.again(event, arrival.run, seen.line).map(|line| ("came again under a new id", Some(line)))
        };
        let Some((how, before)) = broken else { return self.tally.kept() };
        self.tally.broke(|| Finding {
            summary: format!(
                "`{}` of {} {how}",
                event.kind.as_str(),
                index.run(arrival.run).map_or_else(|| "a run".to_owned(), |view| run_words(index, view))
            ),
            expected: "each event once".to_owned(),
            observed: format!("event id `{}`", excerpt(event.event_id.as_deref().unwrap_or("none"))),
            records: before.into_iter().chain([seen.line]).collect(),
            witness: None,
        });
    }

    fn run_settled(&mut self, run: RunIx, _: &RunView, _: &Index) {
        if let Some(mut said) = self.said.remove(&run)
            && said.capacity() <= SPARE_LENGTH
            && self.spare.len() < SPARE
        {
            said.clear();
            self.spare.push(said);
        }
    }

    fn finish(self: Box<Self>, _: &Index) -> Vec<CheckResult> {
        vec![self.tally.into_result("delivery/unique-ids")]
    }
}

impl Unique {
    /// The line of an earlier event of the run that says the same.
    fn again(&mut self, event: &EventView<'_>, run: RunIx, line: u64) -> Option<u64> {
        let said = self.said.entry(run).or_insert_with(|| self.spare.pop().unwrap_or_default());
        let mut before = None;
        for sketch in sketches(event).into_iter().flatten() {
            match said.entry(sketch) {
                Entry::Vacant(free) => {
                    free.insert(line);
                }
                Entry::Occupied(taken) => {
                    before.get_or_insert(*taken.get());
                }
            }
        }
        before
    }
}

/// What makes an event the same one again: its place in the run, and what only it can say. Text that may
/// honestly come twice (a piece of an answer) is known by its place alone.
fn sketches(event: &EventView<'_>) -> [Option<u64>; 2] {
    let kind = event.kind;
    let place = event.seq.map(|seq| hash_of(("seq", kind, seq)));
    let raw = |field| event.fields.raw(field);
    let content = match kind {
        EventType::ToolExecuting | EventType::ToolCompleted => {
            raw(Field::ExecutionId).map(|id| hash_of(("call", kind, id)))
        }
        // Sub-agents of one name may each start, with something else to do.
        EventType::AgentStarted => {
            Some(hash_of(("start", raw(Field::AgentName), raw(Field::TaskDescription))))
        }
        EventType::AgentThinking => {
            let moment = raw(Field::StepNumber).or_else(|| raw(Field::Timestamp));
            moment.map(|moment| hash_of(("thought", raw(Field::AgentName), raw(Field::Reasoning), moment)))
        }
        // A second end is the matter of `sequence/one-terminal`, whatever it says.
        EventType::ResponseDelta
        | EventType::AgentCompleted
        | EventType::AgentFailed
        | EventType::AgentCancelled => None,
    };
    [place, content]
}

fn hash_of(value: impl Hash) -> u64 {
    let mut hasher = FxHasher::default();
    value.hash(&mut hasher);
    hasher.finish()
}
