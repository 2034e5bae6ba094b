//! The store tells the story that the stream told.

use crate::check::{Check, Tally};
use crate::event_view::{EventView, Field, Seen};
use crate::evidence::excerpt;
use crate::index::{Index, RunView};
use crate::observation::{Observation, RunIx};
use crate::verdict::{CheckResult, Finding, Reason};
use goldenpath_history::RecordKind;
use goldenpath_protocol::EventType;
use rustc_hash::{FxHashMap, FxHasher};
use serde::Deserialize;
use serde_json::value::RawValue;
use std::borrow::Cow;
use std::hash::Hasher;

/// What the stream told of a run, whatever the order it came in.
#[derive(Debug, Clone, Copy, Default)]
struct Story {
    events: u64,
    sum: u64,
    answer: u64,
    terminal: Option<(EventType, u64)>,
    /// A part is known to be missing.
    partial: bool,
}

/// A `GET /runs/{id}` and its answer.
#[derive(Debug, Deserialize)]
struct Asked {
    run_id: String,
    status: Option<u16>,
    body: Option<serde_json::Value>,
}

/// The document of a run.
#[derive(Debug, Deserialize)]
struct Document<'a> {
    state: Option<Cow<'a, str>>,
    event_count: Option<u64>,
    #[serde(borrow)]
    events: Option<Vec<&'a RawValue>>,
    final_response: Option<String>,
}

/// Judges `delivery/stream-equals-store`.
#[derive(Debug, Default)]
pub(super) struct Store {
    tally: Tally,
    stories: FxHashMap<RunIx, Story>,
}

impl Check for Store {
    fn ids(&self) -> &'static [&'static str] {
        &["delivery/stream-equals-store"]
    }

    fn observe(&mut self, seen: &Observation<'_>, index: &Index) {
        if let Some((event, arrival)) = seen.event() {
            if arrival.first && !arrival.foreign {
                self.stories.entry(arrival.run).or_default().take_in(event, seen.line);
            }
            return;
        }
        if let RecordKind::Mark { name, note: Some(note) } = &seen.record.kind
            && name == "store"
        {
            match serde_json::from_str::<Asked>(note) {
                Ok(asked) => self.compare(&asked, seen, index),
                Err(_) => self.tally.doubt(Reason::CaptureIncomplete),
            }
        }
    }

    fn run_settled(&mut self, run: RunIx, view: &RunView, _: &Index) {
        if let Some(story) = self.stories.get_mut(&run) {
            story.partial |= view.gap.is_some();
        }
    }

    fn finish(self: Box<Self>, _: &Index) -> Vec<CheckResult> {
        vec![self.tally.into_result("delivery/stream-equals-store")]
    }
}

impl Store {
    fn compare(&mut self, asked: &Asked, seen: &Observation<'_>, index: &Index) {
        let Some(run) = index.run_named(&asked.run_id) else { return };
        // Somebody else's question is isolation's matter.
        if index.owner(run) != seen.user {
            return;
        }
        let Some(story) = self.stories.get(&run).copied() else { return };
        let gap = index.run(run).is_some_and(|view| view.gap.is_some());
        let Some((kind, line)) = story.terminal else { return };
        let Some(status) = asked.status else { return self.tally.doubt(Reason::TargetUnavailable) };
        let difference = if status == 200 {
            story.difference(asked.body.as_ref(), kind, gap || story.partial)
        } else {
            Some(("the run's document".to_owned(), format!("HTTP {status}")))
        };
        let evidence = difference.map(|(expected, observed)| Finding {
            summary: format!(
                "the store and the stream tell different stories of user `{}`, run `{}`",
                index.user_name(seen.user),
                excerpt(&asked.run_id)
            ),
            expected,
            observed,
            records: vec![line, seen.line],
            witness: None,
        });
        self.tally.judge(evidence);
    }
}

impl Story {
    fn take_in(&mut self, event: &EventView<'_>, line: u64) {
        self.events += 1;
        self.sum = self.sum.wrapping_add(sketch(event));
        if event.kind.is_terminal() && self.terminal.is_none() {
            self.terminal = Some((event.kind, line));
            self.answer = text_hash(event.text(Field::FinalResponse).as_deref());
        }
    }

    /// What the stream told and the store told instead.
    fn difference(
        self,
        body: Option<&serde_json::Value>,
        end: EventType,
        partial: bool,
    ) -> Option<(String, String)> {
        let text = match body? {
            serde_json::Value::String(text) => Cow::Borrowed(text.as_str()),
            other => Cow::Owned(other.to_string()),
        };
        let Ok(document) = serde_json::from_str::<Document<'_>>(&text) else {
            return Some(("the run's document".to_owned(), excerpt(&text)));
        };
        let state = match end {
            EventType::AgentFailed => "failed",
            EventType::AgentCancelled => "cancelled",
            _ => "completed",
        };
        if let Some(stored) = document.state.as_deref().filter(|stored| *stored != state) {
            return Some((format!("state `{state}`"), format!("state `{}`", excerpt(stored))));
        }
        if end == EventType::AgentCompleted && text_hash(document.final_response.as_deref()) != self.answer {
            let stored = document.final_response.as_deref().unwrap_or("none");
            return Some(("the answer that was streamed".to_owned(), format!("stored: {}", excerpt(stored))));
        }
        if partial {
            return None;
        }
        if let Some(count) = document.event_count.filter(|count| *count != self.events) {
            return Some((format!("{} events", self.events), format!("an `event_count` of {count}")));
        }
        let events = document.events?;
        if events.len() as u64 != self.events {
            return Some((format!("{} events", self.events), format!("{} events", events.len())));
        }
        let sum = events.iter().fold(0u64, |sum, raw| match Seen::received(raw.get(), None) {
            Seen::Event(event) => sum.wrapping_add(sketch(&event)),
            _ => sum,
        });
        (sum != self.sum)
            .then(|| ("the events that were streamed".to_owned(), "as many events, but others".to_owned()))
    }
}

/// An event by what it says, not by how its JSON is laid out: the order of keys and blanks count for nothing.
fn sketch(event: &EventView<'_>) -> u64 {
    let mut hasher = FxHasher::default();
    hasher.write(event.kind.as_str().as_bytes());
    hasher.write(event.event_id.as_deref().unwrap_or_default().as_bytes());
    hasher.write_u64(event.seq.unwrap_or(0));
    for field in [Field::Timestamp, Field::ToolName, Field::Reasoning, Field::Text, Field::FinalResponse] {
        hasher.write_u64(text_hash(event.text(field).as_deref()));
    }
    for field in [Field::Parameters, Field::Results, Field::Error] {
        hasher.write_u64(event.fields.raw(field).map_or(0, weight));
    }
    hasher.finish()
}

/// The sum of a value's characters, blanks and escapes left out: the same however the keys are ordered.
fn weight(raw: &str) -> u64 {
    raw.bytes().filter(|byte| !byte.is_ascii_whitespace() && *byte != b'\\').map(u64::from).sum()
}

fn text_hash(text: Option<&str>) -> u64 {
    let Some(text) = text else { return 0 };
    let mut hasher = FxHasher::default();
    hasher.write(text.as_bytes());
    hasher.finish()
}
