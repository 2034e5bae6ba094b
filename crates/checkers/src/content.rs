//! Content: every frame is one whole event of the agreed shape, and what people read says something.

mod changed;
mod emptiness;
mod internals;
mod meaningful;
mod oddities;
mod schema;
mod unicode;
mod whole;

#[cfg(test)]
mod tests;

use crate::check::{Check, Tally};
use crate::event_view::{Field, Flaw, JsonType, Seen, text_of};
use crate::evidence::{excerpt, frame_words};
use crate::index::{Index, RunView};
use crate::judge::Terms;
use crate::observation::{Observation, RunIx};
use crate::verdict::{CheckResult, Finding};
use goldenpath_history::{Direction, RecordKind};
use internals::INTERNALS;
use whole::Whole;

pub(crate) use oddities::Oddities;

const IDS: &[&str] = &[
    "content/json",
    "content/text-frames",
    "content/schema",
    "content/meaningful",
    "content/unicode",
    "content/whole",
    "content/no-internals",
];

/// The group.
pub(crate) fn checks(terms: &Terms) -> Vec<Box<dyn Check + Send>> {
    vec![Box::new(Content {
        numbered: !terms.not_observable.contains_key("sequence/seq-dense"),
        whole: Whole::default(),
        tallies: Default::default(),
    })]
}

#[derive(Debug)]
struct Content {
    /// Whether events carry `seq` and `offset` on this target.
    numbered: bool,
    whole: Whole,
    tallies: [Tally; 7],
}

/// What one judgment of one frame says: what was promised, and what came instead.
struct Broken {
    expected: String,
    observed: String,
}

impl Broken {
    fn new(expected: impl Into<String>, observed: impl Into<String>) -> Self {
        Self { expected: expected.into(), observed: observed.into() }
    }
}

/// The places of the tallies, in the order of [`IDS`].
#[derive(Debug, Clone, Copy)]
enum Place {
    Json,
    TextFrames,
    Schema,
    Meaningful,
    Unicode,
    Whole,
    Internals,
}

impl Check for Content {
    fn ids(&self) -> &'static [&'static str] {
        IDS
    }

    fn observe(&mut self, seen: &Observation<'_>, index: &Index) {
        let (RecordKind::Frame { dir: Direction::In, .. }, Some(read), Some(raw)) =
            (&seen.record.kind, seen.seen, seen.raw())
        else {
            return;
        };
        self.judge(Place::TextFrames, text_frame(read), seen, index);
        if matches!(read, Seen::Malformed(Flaw::Binary)) {
            return;
        }
        self.judge(Place::Json, json(read), seen, index);
        if matches!(read, Seen::Malformed(Flaw::InvalidUtf8)) {
            return;
        }
        let (odd, own) = (*seen.at_sight.oddities.get(), || own_words(seen, index));
        let odd_text = if odd.wide { unicode::broken(raw, own) } else { None };
        let changed = odd_text.or_else(|| changed::broken(read.event()?, own_prompt(seen, index)?, odd.html));
        self.judge(Place::Unicode, changed, seen, index);
        let internal = if odd.internal { INTERNALS.broken(raw, own) } else { None };
        self.judge(Place::Internals, internal, seen, index);
        match read {
            Seen::Event(event) => {
                let misshapen = if odd.misshapen { schema::event(event, self.numbered) } else { None };
                self.judge(Place::Schema, misshapen, seen, index);
                let hollow = if odd.hollow { meaningful::broken(event) } else { None };
                self.judge(Place::Meaningful, hollow, seen, index);
                let cut = self.whole.broken(event, odd, seen.arrival, || own_words(seen, index));
                self.judge(Place::Whole, cut, seen, index);
            }
            Seen::Control(control) => self.judge(Place::Schema, schema::control(control), seen, index),
            Seen::Malformed(flaw) => {
                if let Some(broken) = schema::flaw(flaw) {
                    self.judge(Place::Schema, Some(broken), seen, index);
                }
                if matches!(flaw, Flaw::NotAnObject(JsonType::String)) {
                    self.judge(Place::Whole, encoded_twice(raw), seen, index);
                }
            }
            Seen::Extension | Seen::Sent(_) => {}
        }
    }

    fn run_settled(&mut self, run: RunIx, _view: &RunView, _index: &Index) {
        self.whole.forget(run);
    }

    fn finish(self: Box<Self>, _index: &Index) -> Vec<CheckResult> {
        IDS.iter().zip(self.tallies).map(|(id, tally)| tally.into_result(id)).collect()
    }
}

impl Content {
    fn judge(&mut self, place: Place, broken: Option<Broken>, seen: &Observation<'_>, index: &Index) {
        let tally = &mut self.tallies[place as usize];
        let Some(broken) = broken else { return tally.kept() };
        tally.broke(|| {
            let what = match seen.seen {
                Some(Seen::Event(event)) => event.kind.as_str(),
                Some(Seen::Control(control)) => control.kind.as_str(),
                _ => "a frame",
            };
            Finding::new(
                format!(
                    "{}: `{what}` is not what was promised: {}",
                    frame_words(index, seen),
                    broken.observed
                ),
                broken.expected,
                broken.observed,
                [seen.line],
            )
        });
    }
}

/// What was asked of the run that the frame is an event of.
fn own_prompt<'a>(seen: &Observation<'_>, index: &'a Index) -> Option<&'a str> {
    let run = seen.arrival.filter(|arrival| !arrival.foreign)?.run;
    index.request_of_run(index.run(run)?)?.prompt.as_deref()
}

/// Everything the frame's user asked: what they wrote themselves is theirs to see again, also in a later run.
fn own_words(seen: &Observation<'_>, index: &Index) -> String {
    let prompts = index.requests().filter(|(_, request)| Some(request.user) == seen.user);
    prompts.filter_map(|(_, request)| request.prompt.as_deref()).collect::<Vec<_>>().join("\n")
}

fn text_frame(read: &Seen<'_>) -> Option<Broken> {
    let one = "one event in one text frame";
    match read {
        Seen::Malformed(Flaw::Binary) => Some(Broken::new(one, "a binary frame")),
        Seen::Malformed(Flaw::Several(rest)) => {
            Some(Broken::new(one, format!("a second value in the same message: `{}`", excerpt(rest))))
        }
        Seen::Malformed(Flaw::NotAnObject(JsonType::Array)) => Some(Broken::new(one, "an array")),
        _ => None,
    }
}

fn json(read: &Seen<'_>) -> Option<Broken> {
    let whole = "one whole JSON value in valid UTF-8";
    match read {
        Seen::Malformed(Flaw::NotJson(why)) => Some(Broken::new(whole, format!("no JSON: {}", excerpt(why)))),
        Seen::Malformed(Flaw::Several(_)) => Some(Broken::new(whole, "more than one value")),
        Seen::Malformed(Flaw::InvalidUtf8) => Some(Broken::new(whole, "bytes that are no UTF-8")),
        _ => None,
    }
}

fn encoded_twice(raw: &str) -> Option<Broken> {
    let inner = text_of(raw.trim())?;
    crate::fields_of(&inner).is_ok().then(|| {
        Broken::new("a frame encoded once", format!("a JSON string that holds JSON: `{}`", excerpt(&inner)))
    })
}

/// The fields of text that people read, for every type of event.
const READ_BY_PEOPLE: &[Field] = &[
    Field::TaskDescription,
    Field::Reasoning,
    Field::ToolPurpose,
    Field::FinalResponse,
    Field::Summary,
    Field::Reason,
];
