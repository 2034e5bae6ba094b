//! Nothing is cut off, nothing is encoded twice.

use super::{Broken, Oddities, READ_BY_PEOPLE};
use crate::event_view::{EventView, Field, JsonType, Scan, fields_of, text_of};
use crate::evidence::excerpt;
use crate::observation::{Arrival, RunIx};
use goldenpath_protocol::EventType;
use rustc_hash::FxHashMap;
use serde_json::value::RawValue;
use std::collections::BTreeMap;

/// Lengths at which careless code cuts, in characters or bytes.
const CUTS: &[usize] = &[
    200, 250, 255, 256, 300, 400, 500, 512, 1000, 1024, 1500, 2000, 2048, 4000, 4096, 5000, 8000, 8192,
    10_000, 16_384, 32_768,
];

/// What careless code writes behind what it has cut.
const MARKS: &[&str] =
    &["[truncated]", "(truncated)", "<truncated>", "[cut off]", "[output truncated]", "[text truncated]"];

/// Deltas of one run are kept up to this many bytes; an answer beyond it is compared only so far.
const KEPT: usize = 256 * 1024;

/// A text may have a round length by chance: it was cut when at least this share of the texts of its field were, one in
/// so many …
const ONE_IN: u32 = 10;

/// … and, when it came in pieces that add up to it, when it was not the only one, and one in so many was cut there.
const ONE_IN_STREAMED: u32 = 5;

/// What is remembered of runs and fields.
#[derive(Debug, Default)]
pub(super) struct Whole {
    /// The deltas of each open run.
    deltas: FxHashMap<RunIx, String>,
    /// By field: long texts, and how many of them stopped at which length.
    lengths: FxHashMap<&'static str, (u32, FxHashMap<String, u32>)>,
}

impl Whole {
    pub(super) fn forget(&mut self, run: RunIx) {
        self.deltas.remove(&run);
    }

    /// What in this event is cut off or encoded twice.
    pub(super) fn broken(
        &mut self,
        event: &EventView<'_>,
        odd: Oddities,
        arrival: Option<Arrival>,
        own: impl Fn() -> String,
    ) -> Option<Broken> {
        let streamed = self.streamed(event, arrival);
        if let Some(answer) = event.text(Field::FinalResponse)
            && let Some(streamed) = &streamed
            && streamed.len() > answer.len()
            && streamed.starts_with(&*answer)
        {
            return Some(Broken::new(
                "an answer as long as its deltas",
                format!("`final_response` ends after {} of {} bytes streamed", answer.len(), streamed.len()),
            ));
        }
        let came_whole =
            event.text(Field::FinalResponse).is_some_and(|answer| streamed.as_deref() == Some(&*answer));
        let spelt = if odd.texts.misspelt { encoded_objects(event) } else { None };
        let mut texts = || {
            if odd.texts.misspelt || odd.texts.long { self.texts(event, odd, came_whole, &own) } else { None }
        };
        spelt.or_else(&mut texts).or_else(|| {
            let results = if odd.telling_results { telling_results(event) } else { None };
            self.members(results?, own)
        })
    }

    /// The length at which a text of this field was cut, if it looks so.
    fn cut(&mut self, field: &'static str, text: &str, came_whole: bool) -> Option<String> {
        if text.len() < CUTS[0] {
            return None;
        }
        let (all, lengths) = self.lengths.entry(field).or_default();
        *all = all.saturating_add(1);
        let found = cut(text)?;
        let times = lengths.entry(found.clone()).or_default();
        *times = times.saturating_add(1);
        let habit = if came_whole {
            *times > 1 && times.saturating_mul(ONE_IN_STREAMED) >= *all
        } else {
            times.saturating_mul(ONE_IN) >= *all
        };
        habit.then_some(found)
    }

    fn texts(
        &mut self,
        event: &EventView<'_>,
        odd: Oddities,
        came_whole: bool,
        own: impl Fn() -> String,
    ) -> Option<Broken> {
        READ_BY_PEOPLE.iter().copied().find_map(|field| {
            let text = event.text(field)?;
            if odd.texts.misspelt
                && let Some(broken) = misspelt(field, &text, &own)
            {
                return Some(broken);
            }
            let found = self.cut(field.as_str(), &text, came_whole && field == Field::FinalResponse)?;
            Some(Broken::new(
                format!("`{}` is whole", field.as_str()),
                format!(
                    "`{}` stops in mid-sentence after exactly {found}: `…{}`",
                    field.as_str(),
                    tail(&text)
                ),
            ))
        })
    }

    /// Strings among the results that hold JSON or stop at a cut. What the user wrote themselves may.
    fn members(&mut self, results: &str, own: impl Fn() -> String) -> Option<Broken> {
        let members: BTreeMap<String, &RawValue> = serde_json::from_str(results).ok()?;
        members.iter().find_map(|(name, value)| {
            let text = text_of(value.get())?;
            let broken = if holds_json(&text) {
                encoded_twice(&format!("results.{name}"), &text)
            } else if MARKS.iter().any(|mark| text.ends_with(mark)) {
                Broken::new(
                    format!("`results.{name}` is whole"),
                    format!("`results.{name}` says that it was cut"),
                )
            } else {
                let found = self.cut(Field::Results.as_str(), &text, false)?;
                Broken::new(
                    format!("`results.{name}` is whole"),
                    format!("`results.{name}` stops after exactly {found}"),
                )
            };
            (!own().contains(text.trim())).then_some(broken)
        })
    }

    /// Keeps a delta, and gives all of them at the end of the run.
    fn streamed(&mut self, event: &EventView<'_>, arrival: Option<Arrival>) -> Option<String> {
        let arrival = arrival.filter(|arrival| arrival.first)?;
        if event.kind.is_terminal() {
            return self.deltas.remove(&arrival.run);
        }
        if event.kind == EventType::ResponseDelta {
            let text = event.text(Field::Text)?;
            let kept = self.deltas.entry(arrival.run).or_default();
            if kept.len() + text.len() <= KEPT {
                kept.push_str(&text);
            }
        }
        None
    }
}

/// What the texts of an event show by themselves.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Texts {
    /// One is encoded twice or says that it was cut, unless its user wrote it so.
    pub(super) misspelt: bool,
    /// One is so long that it may have been cut.
    pub(super) long: bool,
}

impl Texts {
    pub(super) fn of(event: &EventView<'_>) -> Self {
        let mut texts = Self { misspelt: encoded_objects(event).is_some(), long: false };
        for field in READ_BY_PEOPLE {
            if let Some(text) = event.text(*field) {
                texts.long |= text.len() >= CUTS[0];
                texts.misspelt |= misspelt(*field, &text, String::new).is_some();
            }
        }
        texts
    }
}

/// The results of a tool, when they hold what may be cut or encoded twice: an escaped quotation mark or a long string.
pub(super) fn telling_results<'a>(event: &EventView<'a>) -> Option<&'a str> {
    if event.kind != EventType::ToolCompleted
        || event.fields.json_type(Field::Results) != Some(JsonType::Object)
    {
        return None;
    }
    let raw = event.fields.raw(Field::Results)?;
    let telling = raw.len() >= CUTS[0] || raw.contains("\\\"");
    (telling && holds_long_or_quoting(raw)).then_some(raw)
}

/// What shows by itself that a text is encoded twice or cut.
fn misspelt(field: Field, text: &str, own: impl Fn() -> String) -> Option<Broken> {
    let quoted = text.starts_with('"')
        && text.ends_with('"')
        && text.contains('\\')
        && serde_json::from_str::<String>(text).is_ok();
    if quoted {
        return Some(encoded_twice(field.as_str(), text));
    }
    if let Some(escape) = escaped_twice(text).filter(|escape| !own().contains(escape)) {
        return Some(Broken::new(
            format!("`{}` escaped once", field.as_str()),
            format!("`{}` is full of `{escape}`: `{}`", field.as_str(), excerpt(text)),
        ));
    }
    MARKS.iter().any(|mark| text.trim_end_matches(['.', '…', ' ']).ends_with(mark)).then(|| {
        Broken::new(
            format!("`{}` is whole", field.as_str()),
            format!("`{}` says that it was cut: `…{}`", field.as_str(), tail(text)),
        )
    })
}

/// The escape that a text shows where it should show what it stands for: line ends, or quotation marks, and none of them
/// written as it is. One may be meant, and code shows what it likes.
fn escaped_twice(text: &str) -> Option<&'static str> {
    memchr::memchr(b'\\', text.as_bytes())?;
    if text.contains('`') {
        return None;
    }
    let ends_line = |at: usize| {
        let next = text[at + 2..].chars().next();
        next.is_none_or(|next| {
            next.is_uppercase()
                || next.is_numeric()
                || matches!(next, '\\' | '-' | '*' | '•' | '#' | '|' | ' ')
        })
    };
    let line_ends = text.match_indices("\\n").filter(|(at, _)| ends_line(*at)).count();
    if line_ends > 1 && !text.contains('\n') {
        return Some("\\n");
    }
    let quotes = text.matches("\\\"").count();
    (quotes > 1 && quotes == text.matches('"').count() && !text.contains('{')).then_some("\\\"")
}

/// Whether an object has a member that is a text so long that it may be cut, or with an escape, as JSON in it has.
fn holds_long_or_quoting(raw: &str) -> bool {
    let mut found = false;
    let whole = Scan::of(raw).object(|_, scan| {
        let value = scan.value()?;
        found |= value.starts_with('"') && (value.len() >= CUTS[0] || value.contains('\\'));
        Some(())
    });
    found || whole.is_none()
}

/// Objects that came as strings which hold them.
fn encoded_objects(event: &EventView<'_>) -> Option<Broken> {
    [Field::Results, Field::Parameters, Field::Error].into_iter().find_map(|field| {
        let inner = event.text(field)?;
        holds_json(&inner).then(|| encoded_twice(field.as_str(), &inner))
    })
}

fn encoded_twice(name: &str, inner: &str) -> Broken {
    Broken::new(
        format!("`{name}` encoded once"),
        format!("`{name}` is a string that holds JSON: `{}`", excerpt(inner)),
    )
}

/// Whether a text is an object with members, or an array of them, written as JSON.
fn holds_json(text: &str) -> bool {
    let text = text.trim();
    let object = text.starts_with("{\"") && fields_of(text).is_ok();
    object || (text.starts_with("[{") && serde_json::from_str::<serde::de::IgnoredAny>(text).is_ok())
}

/// The length at which a text was cut, if it looks so: a round number, and no end of a sentence.
fn cut(text: &str) -> Option<String> {
    if text.len() < CUTS[0] {
        return None;
    }
    let body = text.strip_suffix("...").or_else(|| text.strip_suffix('…')).unwrap_or(text);
    let last = body.chars().next_back()?;
    if body.len() == text.len() && !(last.is_alphanumeric() || matches!(last, ',' | '-' | ' ' | '(')) {
        return None;
    }
    if ends_with_reference(text) {
        return None;
    }
    let chars = text.chars().count();
    let lengths = [chars, body.chars().count(), text.len(), body.len()];
    let units = ["characters", "characters and an ellipsis", "bytes", "bytes and an ellipsis"];
    lengths
        .iter()
        .zip(units)
        .find(|(length, _)| CUTS.contains(length))
        .map(|(length, unit)| format!("{length} {unit}"))
}

fn ends_with_reference(text: &str) -> bool {
    let tail = text.len().checked_sub(35).and_then(|at| text.get(at..));
    tail.is_some_and(|tail| crate::reference_number(tail).is_some())
}

fn tail(text: &str) -> String {
    let skip = text.chars().count().saturating_sub(30);
    excerpt(&text.chars().skip(skip).collect::<String>())
}
