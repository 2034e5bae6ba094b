//! The store tells the story that the stream told.

mod document;
mod sketch;

use crate::by_run::ByRun;
use crate::check::{Check, Tally};
use crate::event_view::{EventView, Field};
use crate::evidence::excerpt;
use crate::index::{Index, RunView};
use crate::observation::{Observation, RunIx};
use crate::verdict::{CheckResult, Finding, Reason};
use document::{Body, Stored, Told};
use goldenpath_history::RecordKind;
use goldenpath_protocol::EventType;
use sketch::text_hash;

pub(crate) use document::Asked;
pub(crate) use sketch::sketch;

/// What the stream told of a run, whatever the order it came in.
#[derive(Debug, Clone, Copy, Default)]
struct Story {
    events: u64,
    sum: u64,
    answer: u64,
    terminal: Option<(EventType, u64)>,
    /// Of its first event; 0 where it had none.
    thread: u64,
    request: u64,
    /// A part is known to be missing.
    partial: bool,
}

/// Judges `delivery/stream-equals-store`.
#[derive(Debug, Default)]
pub(super) struct Store {
    tally: Tally,
    stories: ByRun<Story>,
}

impl Check for Store {
    fn ids(&self) -> &'static [&'static str] {
        &["delivery/stream-equals-store"]
    }

    fn observe(&mut self, seen: &Observation<'_>, index: &Index) {
        if let Some((event, arrival)) = seen.event() {
            if arrival.first {
                let story = self.stories.get_or_insert_with(arrival.run, Story::default);
                story.take_in(event, *seen.at_sight.told.get(), seen.line);
            }
            return;
        }
        if let RecordKind::Mark { name, note: Some(_) } = &seen.record.kind
            && name == "store"
        {
            match seen.at_sight.stored.get() {
                Some(asked) => self.compare(asked, seen, index),
                None => self.tally.doubt(Reason::CaptureIncomplete),
            }
        }
    }

    fn run_settled(&mut self, run: RunIx, view: &RunView, _: &Index) {
        if let Some(story) = self.stories.get_mut(run) {
            story.partial |= is_partial(view);
        }
    }

    fn finish(self: Box<Self>, _: &Index) -> Vec<CheckResult> {
        vec![self.tally.into_result("delivery/stream-equals-store")]
    }
}

impl Store {
    fn compare(&mut self, asked: &Asked<'_>, seen: &Observation<'_>, index: &Index) {
        let Some(run) = index.run_named(&asked.run_id) else { return };
        // Somebody else's question is isolation's matter.
        if index.owner(run) != seen.user {
            return;
        }
        let Some(story) = self.stories.get(run).copied() else { return };
        let gap = index.run(run).is_some_and(is_partial);
        let Some((kind, line)) = story.terminal else { return };
        // Who is told to come back later has been told no other story.
        let Some(status) = asked.status.filter(|status| !matches!(status, 429 | 503)) else {
            return self.tally.doubt(Reason::TargetUnavailable);
        };
        let difference = if status == 200 {
            story.difference(&asked.body, kind, gap || story.partial)
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
    fn take_in(&mut self, event: &EventView<'_>, told: u64, line: u64) {
        if self.events == 0 {
            let label = |field| event.text(field).map_or(0, |text| text_hash(&text));
            (self.thread, self.request) = (label(Field::ThreadId), label(Field::RequestId));
        }
        self.events += 1;
        self.sum = self.sum.wrapping_add(told);
        if event.kind.is_terminal() && self.terminal.is_none() {
            self.terminal = Some((event.kind, line));
            self.answer = event.text(Field::FinalResponse).map_or(0, |text| text_hash(&text));
        }
    }

    /// What the stream told and the store told instead.
    fn difference(self, body: &Body<'_>, end: EventType, partial: bool) -> Option<(String, String)> {
        let read;
        let document = match body {
            Body::Missing => return None,
            Body::Told(told) => told,
            Body::Text(text) => match Told::read(text) {
                Some(told) => {
                    read = told;
                    &read
                }
                None => return Some(("the run's document".to_owned(), excerpt(text))),
            },
        };
        let labels =
            [("thread", &document.thread_id, self.thread), ("request", &document.request_id, self.request)];
        for (what, stored, told) in labels {
            if let Some(stored) = stored.as_deref().filter(|stored| told != 0 && text_hash(stored) != told) {
                return Some((
                    format!("the {what} that was streamed"),
                    format!("stored: `{}`", excerpt(stored)),
                ));
            }
        }
        let state = match end {
            EventType::AgentFailed => "failed",
            EventType::AgentCancelled => "cancelled",
            _ => "completed",
        };
        if let Some(stored) = document.state.as_deref().filter(|stored| *stored != state) {
            return Some((format!("state `{state}`"), format!("state `{}`", excerpt(stored))));
        }
        if end == EventType::AgentCompleted
            && document.final_response.as_deref().map_or(0, text_hash) != self.answer
        {
            let stored = document.final_response.as_deref().unwrap_or("none");
            return Some(("the answer that was streamed".to_owned(), format!("stored: {}", excerpt(stored))));
        }
        if partial {
            return None;
        }
        let extensions = document.events.map_or(0, |stored| stored.extensions);
        let right = self.events..=self.events.saturating_add(extensions);
        if let Some(count) = document.event_count.filter(|count| !right.contains(count)) {
            return Some((format!("{} events", self.events), format!("an `event_count` of {count}")));
        }
        let Stored { count: events, sum, out_of_order, .. } = document.events?;
        if let Some(seq) = out_of_order {
            let observed = format!("the event with seq {seq} stands behind a later one");
            return Some(("the events in their order".to_owned(), observed));
        }
        if events != self.events {
            return Some((format!("{} events", self.events), format!("{events} events")));
        }
        (sum != self.sum)
            .then(|| ("the events that were streamed".to_owned(), "as many events, but others".to_owned()))
    }
}

/// Whether parts of the run were never ours to see.
fn is_partial(view: &RunView) -> bool {
    view.gap.is_some() || !view.sights.iter().any(|sight| sight.from_start)
}
