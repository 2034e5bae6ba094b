//! The store tells the story that the stream told.

use crate::check::{Check, Tally};
use crate::event_view::{EventView, Field, JsonType, Scan, Seen, text_of, whole_of};
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

/// What an event tells beside its type, its id and its number: a bit for each field.
const TOLD: u64 = {
    let told = [
        Field::Timestamp,
        Field::ThreadId,
        Field::RequestId,
        Field::AgentName,
        Field::Status,
        Field::TaskDescription,
        Field::Reasoning,
        Field::ToolName,
        Field::ExecutionId,
        Field::ToolPurpose,
        Field::Parameters,
        Field::Success,
        Field::Results,
        Field::Error,
        Field::Text,
        Field::FinalResponse,
        Field::Summary,
        Field::Degraded,
        Field::Limitations,
        Field::Reason,
        Field::DurationMs,
    ];
    let (mut bits, mut at) = (0, 0);
    while at < told.len() {
        bits |= 1 << told[at] as u64;
        at += 1;
    }
    bits
};

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
#[derive(Debug)]
struct Asked<'a> {
    run_id: Cow<'a, str>,
    status: Option<u16>,
    body: Body<'a>,
}

/// The body of an answer.
#[derive(Debug)]
enum Body<'a> {
    Missing,
    Told(Told<'a>),
    Text(Cow<'a, str>),
}

/// What the document of a run tells.
#[derive(Debug, Default)]
struct Told<'a> {
    state: Option<Cow<'a, str>>,
    event_count: Option<u64>,
    events: Option<Stored>,
    final_response: Option<Cow<'a, str>>,
}

/// The events of a document.
#[derive(Debug, Clone, Copy, Default)]
struct Stored {
    count: u64,
    /// The sum of what they say.
    sum: u64,
    /// Events of the namespace `x.`: they are in nobody's story, and may be counted or not.
    extensions: u64,
}

impl Stored {
    fn take_in(&mut self, seen: &Seen<'_>) {
        if matches!(seen, Seen::Extension) {
            self.extensions += 1;
            return;
        }
        self.count += 1;
        self.sum = self.sum.wrapping_add(seen.event().map_or(0, sketch));
    }

    /// Takes in the event that begins here, of the usual spelling, without keeping its fields.
    fn scan(&mut self, scan: &mut Scan<'_>) -> Option<()> {
        let (mut name, mut sketch) = (None, Sketch { id: text_hash(""), ..Sketch::default() });
        let mut before = 0_u64;
        scan.object(|key, scan| {
            let value = scan.value()?;
            let Some(field) = Field::named(key) else { return Some(()) };
            // Which of two holds is for the closer look.
            let bit = 1_u64.checked_shl(field as u32).filter(|bit| before & bit == 0)?;
            before |= bit;
            match field {
                Field::Type => name = text_of(value),
                Field::EventId => sketch.id = text_hash(&text_of(value).unwrap_or_default()),
                Field::Seq => sketch.seq = whole_of(value).unwrap_or(0),
                _ if TOLD & bit != 0 => sketch.take_in(field, value),
                _ => {}
            }
            Some(())
        })?;
        let kind = name.as_deref().and_then(EventType::from_name);
        if kind.is_none() && name.is_some_and(|name| name.starts_with("x.")) {
            self.extensions += 1;
            return Some(());
        }
        self.count += 1;
        self.sum = self.sum.wrapping_add(kind.map_or(0, |kind| sketch.of(kind)));
        Some(())
    }
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
            match Asked::read(note) {
                Some(asked) => self.compare(&asked, seen, index),
                None => self.tally.doubt(Reason::CaptureIncomplete),
            }
        }
    }

    fn run_settled(&mut self, run: RunIx, view: &RunView, _: &Index) {
        if let Some(story) = self.stories.get_mut(&run) {
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
        let Some(story) = self.stories.get(&run).copied() else { return };
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
    fn take_in(&mut self, event: &EventView<'_>, line: u64) {
        self.events += 1;
        self.sum = self.sum.wrapping_add(sketch(event));
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
        let Stored { count: events, sum, .. } = document.events?;
        if events != self.events {
            return Some((format!("{} events", self.events), format!("{events} events")));
        }
        (sum != self.sum)
            .then(|| ("the events that were streamed".to_owned(), "as many events, but others".to_owned()))
    }
}

impl<'a> Asked<'a> {
    fn read(note: &'a str) -> Option<Self> {
        /// However it is spelt.
        #[derive(Deserialize)]
        struct Any {
            run_id: String,
            status: Option<u16>,
            body: Option<serde_json::Value>,
        }
        Self::scanned(note).or_else(|| {
            let any: Any = serde_json::from_str(note).ok()?;
            let body = match any.body {
                None => Body::Missing,
                Some(serde_json::Value::String(text)) => Body::Text(Cow::Owned(text)),
                Some(other) => Body::Text(Cow::Owned(other.to_string())),
            };
            Some(Self { run_id: Cow::Owned(any.run_id), status: any.status, body })
        })
    }

    /// Reads an answer of the usual spelling in one go.
    fn scanned(note: &'a str) -> Option<Self> {
        let (mut run_id, mut status, mut body) = (None, None, None);
        let mut scan = Scan::of(note);
        scan.object(|key, scan| match key {
            "run_id" => once(&mut run_id, text_of(scan.value()?)?),
            "status" => once(&mut status, scan.value()?.parse().ok()?),
            "body" => {
                let told = match scan.peek()? {
                    b'{' => Body::Told(Told::scanned(scan)?),
                    _ => Body::Text(text_of(scan.value()?)?),
                };
                once(&mut body, told)
            }
            _ => scan.value().map(|_| ()),
        })?;
        scan.is_over().then_some(Self { run_id: run_id?, status, body: body.unwrap_or(Body::Missing) })
    }
}

impl<'a> Told<'a> {
    fn read(text: &'a str) -> Option<Self> {
        /// However it is spelt.
        #[derive(Deserialize)]
        struct Any<'a> {
            state: Option<String>,
            event_count: Option<u64>,
            #[serde(borrow)]
            events: Option<Vec<&'a RawValue>>,
            final_response: Option<String>,
        }
        let mut scan = Scan::of(text);
        if let Some(told) = Self::scanned(&mut scan)
            && scan.is_over()
        {
            return Some(told);
        }
        let any: Any<'_> = serde_json::from_str(text).ok()?;
        let events = any.events.map(|events| {
            let mut stored = Stored::default();
            events.iter().for_each(|raw| stored.take_in(&Seen::received(raw.get(), None)));
            stored
        });
        Some(Self {
            state: any.state.map(Cow::Owned),
            event_count: any.event_count,
            events,
            final_response: any.final_response.map(Cow::Owned),
        })
    }

    /// Reads a document of the usual spelling that begins here, and its events on the way.
    fn scanned(scan: &mut Scan<'a>) -> Option<Self> {
        let mut told = Self::default();
        scan.object(|key, scan| match key {
            "state" => once(&mut told.state, text_of(scan.value()?)?),
            "event_count" => once(&mut told.event_count, scan.value()?.parse().ok()?),
            "events" => {
                let mut stored = Stored::default();
                scan.array(|scan| stored.scan(scan))?;
                once(&mut told.events, stored)
            }
            "final_response" => once(&mut told.final_response, text_of(scan.value()?)?),
            _ => scan.value().map(|_| ()),
        })?;
        Some(told)
    }
}

/// A key that comes twice is not the usual spelling.
fn once<T>(place: &mut Option<T>, value: T) -> Option<()> {
    place.replace(value).is_none().then_some(())
}

/// Whether parts of the run were never ours to see.
fn is_partial(view: &RunView) -> bool {
    view.gap.is_some() || !view.sights.iter().any(|sight| sight.from_start)
}

/// An event by what it says, not by how its JSON is laid out: the order of keys and blanks count for nothing.
fn sketch(event: &EventView<'_>) -> u64 {
    let id = text_hash(event.event_id.as_deref().unwrap_or_default());
    let mut sketch = Sketch { id, seq: event.seq.unwrap_or(0), told: 0 };
    let mut left = TOLD;
    while let Some(field) = Field::ALL.get(left.trailing_zeros() as usize) {
        left &= left - 1;
        if let Some(raw) = event.fields.raw(*field) {
            sketch.take_in(*field, raw);
        }
    }
    sketch.of(event.kind)
}

/// What an event says, while its fields come in any order.
#[derive(Debug, Clone, Copy, Default)]
struct Sketch {
    id: u64,
    seq: u64,
    /// The sum of its other fields.
    told: u64,
}

impl Sketch {
    fn take_in(&mut self, field: Field, raw: &str) {
        let says = match JsonType::of(raw) {
            JsonType::String => string_hash(raw),
            JsonType::Number => raw.parse::<f64>().unwrap_or_default().to_bits(),
            _ => weight(raw),
        };
        let mut hasher = FxHasher::default();
        hasher.write_u64(field as u64 + 1);
        hasher.write_u64(says);
        self.told = self.told.wrapping_add(hasher.finish());
    }

    fn of(&self, kind: EventType) -> u64 {
        let mut hasher = FxHasher::default();
        hasher.write_u64(kind as u64 + 1);
        hasher.write_u64(self.id);
        hasher.write_u64(self.seq);
        hasher.write_u64(self.told);
        hasher.finish()
    }
}

/// A raw string by its text: one that spells a character in a way which has others is respelt.
fn string_hash(raw: &str) -> u64 {
    let inner = raw.get(1..raw.len().saturating_sub(1)).unwrap_or_default();
    let mut from = 0;
    while let Some(at) = memchr::memchr(b'\\', &inner.as_bytes()[from..]) {
        if matches!(inner.as_bytes().get(from + at + 1), Some(b'u' | b'/')) {
            let respelt = text_of(raw).and_then(|text| serde_json::to_string(&text).ok());
            return respelt
                .as_deref()
                .and_then(|raw| raw.get(1..raw.len().saturating_sub(1)))
                .map_or(0, text_hash);
        }
        from = (from + at + 2).min(inner.len());
    }
    text_hash(inner)
}

/// The sum of a value's characters, blanks and escapes left out: the same however the keys are ordered and the letters
/// are written.
fn weight(raw: &str) -> u64 {
    let respelt = memchr::memchr(b'\\', raw.as_bytes())
        .and_then(|at| memchr::memmem::find(&raw.as_bytes()[at..], b"\\u"))
        .and_then(|_| serde_json::from_str::<serde_json::Value>(raw).ok())
        .map(|value| value.to_string());
    let raw = respelt.as_deref().unwrap_or(raw);
    let counts = |byte: u8| !byte.is_ascii_whitespace() && byte != b'\\';
    let weigh =
        |piece: &[u8]| piece.iter().map(|byte| u32::from(*byte) * u32::from(counts(*byte))).sum::<u32>();
    // Pieces so small that their sums fit the narrow numbers which make this fast.
    raw.as_bytes().chunks(1 << 16).map(|piece| u64::from(weigh(piece))).sum()
}

fn text_hash(text: &str) -> u64 {
    let mut hasher = FxHasher::default();
    hasher.write(text.as_bytes());
    hasher.finish()
}
