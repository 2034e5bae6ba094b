//! The pieces of an answer add up to the answer.

use crate::check::{Check, Tally};
use crate::event_view::Field;
use crate::evidence::run_words;
use crate::index::{Index, RunView};
use crate::observation::{Observation, RunIx};
use crate::verdict::{CheckResult, Finding};
use goldenpath_protocol::EventType;
use rustc_hash::FxHashMap;

/// A text known by its length and a hash that does not depend on how it was cut into pieces (FNV-1a).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Sketch {
    bytes: u64,
    hash: u64,
}

impl Default for Sketch {
    fn default() -> Self {
        Self { bytes: 0, hash: 0xcbf2_9ce4_8422_2325 }
    }
}

impl Sketch {
    fn add(&mut self, text: &str) {
        self.bytes += text.len() as u64;
        for byte in text.bytes() {
            self.hash = (self.hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
        }
    }
}

/// The pieces of an open run's answer.
#[derive(Debug, Default)]
struct Pieces {
    sketch: Sketch,
    first_line: u64,
    answer: Option<(u64, Sketch)>,
    /// A piece had no text: content's matter.
    unreadable: bool,
}

/// Judges `delivery/deltas-concatenate`.
#[derive(Debug, Default)]
pub(super) struct Deltas {
    tally: Tally,
    runs: FxHashMap<RunIx, Pieces>,
}

impl Check for Deltas {
    fn ids(&self) -> &'static [&'static str] {
        &["delivery/deltas-concatenate"]
    }

    fn observe(&mut self, seen: &Observation<'_>, _: &Index) {
        let Some((event, arrival)) = seen.event() else { return };
        if !arrival.first {
            return;
        }
        match event.kind {
            EventType::ResponseDelta => {
                let pieces = self.runs.entry(arrival.run).or_default();
                if pieces.first_line == 0 {
                    pieces.first_line = seen.line;
                }
                match event.text(Field::Text) {
                    Some(text) => pieces.sketch.add(&text),
                    None => pieces.unreadable = true,
                }
            }
            EventType::AgentCompleted => {
                // Pieces that come after it are pieces of it all the same.
                if let Some(answer) = event.text(Field::FinalResponse) {
                    let mut sketch = Sketch::default();
                    sketch.add(&answer);
                    self.runs.entry(arrival.run).or_default().answer.get_or_insert((seen.line, sketch));
                }
            }
            _ => {}
        }
    }

    fn run_settled(&mut self, run: RunIx, view: &RunView, index: &Index) {
        let Some(pieces) = self.runs.remove(&run) else { return };
        let Some((line, answer)) = pieces.answer.filter(|_| pieces.first_line > 0) else { return };
        // What was told to be missing, began before anybody was there, or could not be read, adds up to nothing.
        let from_start = view.sights.iter().any(|sight| sight.from_start);
        if view.gap.is_some() || !from_start || pieces.unreadable {
            return;
        }
        if answer == pieces.sketch {
            return self.tally.kept();
        }
        self.tally.broke(|| Finding {
            summary: format!("the deltas of {} do not add up to its answer", run_words(index, view)),
            expected: format!("the {} bytes of `final_response`", answer.bytes),
            observed: if answer.bytes == pieces.sketch.bytes {
                "as many bytes, but others".to_owned()
            } else {
                format!("{} bytes", pieces.sketch.bytes)
            },
            records: vec![pieces.first_line.min(line), pieces.first_line.max(line)],
            witness: None,
        });
    }

    fn finish(self: Box<Self>, _: &Index) -> Vec<CheckResult> {
        vec![self.tally.into_result("delivery/deltas-concatenate")]
    }
}
