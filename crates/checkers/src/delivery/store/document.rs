//! The document of a run as the store gave it, read in one pass.

use super::sketch::{Sketch, TOLD, sketch, text_hash};
use crate::event_view::{Field, Scan, Seen, text_of, whole_of};
use goldenpath_protocol::EventType;
use serde::Deserialize;
use serde_json::value::RawValue;
use std::borrow::Cow;

/// A `GET /runs/{id}` and its answer.
#[derive(Debug)]
pub(crate) struct Asked<'a> {
    pub(super) run_id: Cow<'a, str>,
    pub(super) status: Option<u16>,
    pub(super) body: Body<'a>,
}

/// The body of an answer.
#[derive(Debug)]
pub(super) enum Body<'a> {
    Missing,
    Told(Told<'a>),
    Text(Cow<'a, str>),
}

/// What the document of a run tells.
#[derive(Debug, Default)]
pub(super) struct Told<'a> {
    pub(super) state: Option<Cow<'a, str>>,
    pub(super) thread_id: Option<Cow<'a, str>>,
    pub(super) request_id: Option<Cow<'a, str>>,
    pub(super) event_count: Option<u64>,
    pub(super) events: Option<Stored>,
    pub(super) final_response: Option<Cow<'a, str>>,
}

/// The events of a document.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Stored {
    pub(super) count: u64,
    /// The sum of what they say.
    pub(super) sum: u64,
    /// Events of the namespace `x.`: they are in nobody's story, and may be counted or not.
    pub(super) extensions: u64,
    /// The greatest number so far.
    highest: u64,
    /// The first number that stands behind a greater one.
    pub(super) out_of_order: Option<u64>,
}

impl Stored {
    fn take_in(&mut self, seen: &Seen<'_>) {
        if matches!(seen, Seen::Extension) {
            self.extensions += 1;
            return;
        }
        self.count += 1;
        self.sum = self.sum.wrapping_add(seen.event().map_or(0, sketch));
        self.stands(seen.event().and_then(|event| event.seq).unwrap_or(0));
    }

    /// The next event has this number; 0 where it has none.
    fn stands(&mut self, seq: u64) {
        if seq > 0 && seq < self.highest {
            self.out_of_order.get_or_insert(seq);
        }
        self.highest = self.highest.max(seq);
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
        self.stands(sketch.seq);
        Some(())
    }
}

impl<'a> Asked<'a> {
    /// Reads what the mark of an answer holds; `None` when that is no such thing.
    pub(crate) fn read(note: &'a str) -> Option<Self> {
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

    /// The run asked for, the status and the state that the document tells; `None` when the body takes a closer look.
    pub(crate) fn standing(&self) -> Option<(&str, Option<u16>, Option<&str>)> {
        let Body::Told(told) = &self.body else { return None };
        Some((&self.run_id, self.status, told.state.as_deref()))
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
    /// Reads a document, however it is spelt.
    pub(super) fn read(text: &'a str) -> Option<Self> {
        /// However it is spelt.
        #[derive(Deserialize)]
        struct Any<'a> {
            state: Option<String>,
            thread_id: Option<String>,
            request_id: Option<String>,
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
            thread_id: any.thread_id.map(Cow::Owned),
            request_id: any.request_id.map(Cow::Owned),
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
            "thread_id" => once(&mut told.thread_id, text_of(scan.value()?)?),
            "request_id" => once(&mut told.request_id, text_of(scan.value()?)?),
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
