//! What a fault of this module is made of: a function of one step, and what it may remember of the session.

use goldenpath_faults::{Act, Aim, Fault, Message, Step};
use goldenpath_history::{Direction, RecordKind};
use goldenpath_protocol::Timestamp;
use serde_json::{Value, json};
use std::collections::HashMap;

/// One millisecond in nanoseconds.
pub(super) const MS: u64 = 1_000_000;

struct By<F>(F);

impl<F: FnMut(&Step, &mut Act<'_>) + Send> Fault for By<F> {
    fn rewrite(&mut self, step: &Step, act: &mut Act<'_>) {
        (self.0)(step, act);
    }
}

/// A fault that does this with every step.
pub(super) fn by(rewrite: impl FnMut(&Step, &mut Act<'_>) + Send + 'static) -> Box<dyn Fault> {
    Box::new(By(rewrite))
}

/// What users asked, and what they were told.
#[derive(Default)]
pub(super) struct Notes {
    /// User and reference of each request.
    references: Vec<(String, String)>,
    told: Vec<Message>,
}

impl Notes {
    pub(super) fn see(&mut self, step: &Step, act: &Act<'_>) {
        if let (RecordKind::Request { reference: Some(reference), .. }, Some(user)) = (&step.kind, &step.user)
        {
            self.references.push((user.to_string(), reference.to_string()));
        }
        if let Some((message, _)) = act.event() {
            self.told.push(message.clone());
        }
    }

    /// The reference of a prompt of anybody else.
    pub(super) fn foreign_reference(&self, user: &str) -> Option<&str> {
        self.references.iter().rev().find(|(owner, _)| owner != user).map(|(_, reference)| &**reference)
    }

    /// Events of this type that anybody else got.
    pub(super) fn foreign<'a>(&'a self, user: &'a str, kind: &'a str) -> impl Iterator<Item = &'a Message> {
        self.told.iter().filter(move |told| told.is(kind) && told.text("user_id") != Some(user))
    }

    /// Events of this type that this user got before, in other runs.
    pub(super) fn earlier<'a>(&'a self, like: &'a Message) -> impl DoubleEndedIterator<Item = &'a Message> {
        self.told.iter().filter(move |told| {
            told.kind() == like.kind()
                && told.text("user_id") == like.text("user_id")
                && told.run() != like.run()
        })
    }

    /// The name of something that belongs to anybody else.
    pub(super) fn foreign_name(&self, user: &str) -> Option<String> {
        self.foreign(user, "tool_completed").find_map(|told| first_name(told.get("results")?))
    }
}

/// The first named resource in what a tool found.
fn first_name(results: &Value) -> Option<String> {
    match results {
        Value::Object(fields) => match fields.get("resource").and_then(Value::as_str) {
            Some(name) => Some(name.to_owned()),
            None => fields.values().find_map(first_name),
        },
        Value::Array(items) => items.iter().find_map(first_name),
        _ => None,
    }
}

/// An event of a run that is hit, and what is known when it passes.
pub(super) struct Case<'a> {
    pub(super) message: &'a Message,
    pub(super) run: &'a str,
    pub(super) user: &'a str,
    pub(super) notes: &'a Notes,
    pub(super) aim: &'a mut Aim,
}

/// Rewrites events of the runs that the seed hits.
pub(super) fn events(
    seed: u64,
    what: &'static str,
    change: impl FnMut(&mut Case<'_>) -> Option<Message> + Send + 'static,
) -> Box<dyn Fault> {
    events_of(Aim::new(seed), what, change)
}

/// Rewrites events of every run that offers what the fault needs.
pub(super) fn all_events(
    seed: u64,
    what: &'static str,
    change: impl FnMut(&mut Case<'_>) -> Option<Message> + Send + 'static,
) -> Box<dyn Fault> {
    events_of(Aim::all(seed), what, change)
}

fn events_of(
    mut aim: Aim,
    what: &'static str,
    mut change: impl FnMut(&mut Case<'_>) -> Option<Message> + Send + 'static,
) -> Box<dyn Fault> {
    let mut notes = Notes::default();
    by(move |step, act| {
        if let Some((message, run)) = act.event()
            && aim.hits(run)
        {
            let user = message.text("user_id").unwrap_or_default();
            let made = change(&mut Case { message, run, user, notes: &notes, aim: &mut aim });
            if let Some(made) = made {
                act.say(made, what);
            }
        }
        notes.see(step, act);
    })
}

/// Rewrites events of this type, in the runs that the seed hits.
pub(super) fn each(
    kind: &'static str,
    seed: u64,
    what: &'static str,
    mut change: impl FnMut(Message, usize) -> Message + Send + 'static,
) -> Box<dyn Fault> {
    let choice = Aim::new(seed).pick(1 << 20);
    events(seed, what, move |case| case.message.is(kind).then(|| change(case.message.clone(), choice)))
}

/// Rewrites other frames from the server than run events, the first of this type and some of the rest.
pub(super) fn frames(
    kind: &'static str,
    seed: u64,
    what: &'static str,
    mut change: impl FnMut(Message, &mut Aim) -> Message + Send + 'static,
) -> Box<dyn Fault> {
    let mut aim = Aim::new(seed);
    by(move |step, act| {
        let (Some(conn), Some(message)) = (step.conn, act.message().filter(|message| message.is(kind)))
        else {
            return;
        };
        if aim.hits(&format!("{conn} {}", message.to_raw())) {
            act.say(change(message.clone(), &mut aim), what);
        }
    })
}

/// The step that shows this text frame where `like` showed another.
pub(super) fn raw(like: &Step, raw: String) -> Step {
    Step { kind: RecordKind::Frame { dir: Direction::In, raw: raw.into(), opcode: None }, ..like.clone() }
}

/// The message with its instant moved.
pub(super) fn moved(message: Message, by_ms: i64) -> Message {
    let at: Option<Timestamp> = message.text("timestamp").and_then(|text| text.parse().ok());
    match at {
        Some(at) => message.with("timestamp", Timestamp::from_unix_ms(at.unix_ms() + by_ms).to_string()),
        None => message,
    }
}

/// The same text with every occurrence replaced, inside any value.
pub(super) fn replaced(value: &mut Value, change: &mut impl FnMut(&str) -> String) {
    match value {
        Value::String(text) => *text = change(text),
        Value::Array(items) => items.iter_mut().for_each(|item| replaced(item, change)),
        Value::Object(fields) => fields.values_mut().for_each(|item| replaced(item, change)),
        _ => {}
    }
}

/// The message with a text field changed.
pub(super) fn retold(message: &Message, field: &str, change: impl FnOnce(&str) -> String) -> Message {
    match message.text(field).map(change) {
        Some(text) => message.clone().with(field, text),
        None => message.clone(),
    }
}

/// Something hidden in an event, where its type has room for it.
pub(super) fn hidden_in(message: &Message, text: &str, place: usize) -> Message {
    let inside = |field: &str, key: &str| {
        let mut object = message.get(field).cloned().unwrap_or_else(|| json!({}));
        if let Some(fields) = object.as_object_mut() {
            fields.insert(key.to_owned(), text.into());
        }
        message.clone().with(field, object)
    };
    match (message.kind(), place) {
        ("agent_thinking", 0) => retold(message, "reasoning", |own| format!("{own} ({text})")),
        ("tool_executing", 0) => inside("parameters", "note"),
        ("tool_completed", 0) => inside("results", "trace"),
        _ => message.clone().with("x_debug", json!({ "spans": [text] })),
    }
}

/// Numbers that fit what was put in between.
#[derive(Default)]
pub(super) struct Numbers {
    streams: HashMap<String, u64>,
    runs: HashMap<String, u64>,
    made: u64,
}

impl Numbers {
    /// The message with its place moved by what was put in before it; `None` when it stays.
    pub(super) fn fitted(&self, message: &Message) -> Option<Message> {
        let (user, run) = (message.text("user_id")?, message.run()?);
        let stream = self.streams.get(user)?;
        let own = self.runs.get(run).copied().unwrap_or(0);
        let mut fitted = message.clone().with("offset", message.whole("offset")? + stream);
        fitted = fitted.with("seq", message.whole("seq")? + own);
        if let Some(count) = message.whole("event_count") {
            fitted = fitted.with("event_count", count + own);
        }
        Some(fitted)
    }

    /// `extra` numbered as the event that follows `last`; whatever comes later moves on by one.
    pub(super) fn next(&mut self, last: &Message, extra: Message) -> Message {
        let (user, run) = (last.text("user_id").unwrap_or_default(), last.run().unwrap_or_default());
        let moved = self.fitted(last);
        let last = moved.as_ref().unwrap_or(last);
        let extra = extra
            .with("seq", last.whole("seq").unwrap_or(0) + 1)
            .with("offset", last.whole("offset").unwrap_or(0) + 1);
        self.made += 1;
        *self.streams.entry(user.to_owned()).or_default() += 1;
        *self.runs.entry(run.to_owned()).or_default() += 1;
        let id = extra.text("event_id").unwrap_or_default();
        let id = format!("{}{:012x}", &id[..id.len().saturating_sub(12)], 0xbad_0000 + self.made);
        extra.with("event_id", id)
    }
}

/// Puts an event that nobody made behind some of those of the runs that the seed hits.
pub(super) fn extra(
    seed: u64,
    what: &'static str,
    mut make: impl FnMut(&Message, &mut Aim) -> Option<Message> + Send + 'static,
) -> Box<dyn Fault> {
    let (mut aim, mut numbers) = (Aim::new(seed), Numbers::default());
    by(move |step, act| {
        let Some((message, run)) = act.event() else { return };
        let extra = if aim.hits(run) { make(message, &mut aim) } else { None };
        let fitted = numbers.fitted(message);
        if let Some(extra) = extra {
            let extra = numbers.next(message, extra);
            act.add(raw(step, extra.to_raw()), what);
        }
        if let Some(fitted) = fitted {
            act.say(fitted, "numbered on");
        }
    })
}
