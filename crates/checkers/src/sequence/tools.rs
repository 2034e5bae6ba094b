//! Tool calls as pairs: by `execution_id`, of the same tool, each answered once, about what it asked.

use crate::event_view::{EventView, Field, JsonType, Scan, text_of};
use goldenpath_history::Expect;
use goldenpath_protocol::EventType;
use serde_json::value::RawValue;
use std::collections::BTreeMap;

/// Parameters and subjects up to this length are compared; larger ones are nobody's question.
const COMPARED: usize = 16 * 1024;

/// One call.
#[derive(Debug)]
struct Call {
    execution_id: Box<str>,
    tool: Box<str>,
    asked_line: u64,
    parameters: Box<str>,
    answer: Option<Answer>,
}

#[derive(Debug)]
struct Answer {
    line: u64,
    subject: Option<Box<str>>,
}

/// The calls of one run.
#[derive(Debug, Default)]
pub(super) struct ToolCalls {
    calls: Vec<Call>,
    /// The first thing that makes them no pairs, and the lines that show it.
    broken: Option<(String, Vec<u64>)>,
    /// Per tool: the line of its last failure that no later success made good.
    failed: BTreeMap<Box<str>, u64>,
    /// A success that says itself that it is none.
    pub(super) hollow: Option<(String, u64)>,
    pub(super) any_failed: bool,
    completed: u32,
}

impl ToolCalls {
    pub(super) fn take_in(&mut self, event: &EventView<'_>, line: u64) {
        match event.kind {
            EventType::ToolExecuting => self.asked(event, line),
            EventType::ToolCompleted => self.answered(event, line),
            kind if kind.is_terminal() => {
                let open: Vec<(String, u64)> = self
                    .open()
                    .map(|call| {
                        (
                            format!("`{}` of `{}` was open at the terminal", call.execution_id, call.tool),
                            call.asked_line,
                        )
                    })
                    .collect();
                for (what, asked) in open {
                    self.note(what, vec![asked, line]);
                }
            }
            _ => {}
        }
    }

    fn open(&self) -> impl Iterator<Item = &Call> {
        self.calls.iter().filter(|call| call.answer.is_none())
    }

    fn note(&mut self, what: String, lines: Vec<u64>) {
        self.broken.get_or_insert((what, lines));
    }

    fn asked(&mut self, event: &EventView<'_>, line: u64) {
        let Some(id) = event.text(Field::ExecutionId) else {
            return self.note("a `tool_executing` has no execution_id".to_owned(), vec![line]);
        };
        if let Some(known) = self.calls.iter().find(|call| *call.execution_id == *id) {
            let lines = vec![known.asked_line, line];
            return self.note(format!("`{id}` was begun twice"), lines);
        }
        let parameters =
            event.fields.raw(Field::Parameters).filter(|raw| raw.len() <= COMPARED).unwrap_or_default();
        self.calls.push(Call {
            execution_id: (&*id).into(),
            tool: event.text(Field::ToolName).as_deref().unwrap_or_default().into(),
            asked_line: line,
            parameters: parameters.into(),
            answer: None,
        });
    }

    fn answered(&mut self, event: &EventView<'_>, line: u64) {
        let tool = event.text(Field::ToolName).unwrap_or_default();
        let results = Results::of(event);
        self.take_success(event, results.as_ref(), &tool, line);
        let Some(id) = event.text(Field::ExecutionId) else {
            return self.note("a `tool_completed` has no execution_id".to_owned(), vec![line]);
        };
        // The latest calls are the likeliest.
        let Some(call) = self.calls.iter_mut().rev().find(|call| *call.execution_id == *id) else {
            return self.note(format!("`{id}` was completed and never begun"), vec![line]);
        };
        if let Some(answer) = &call.answer {
            let lines = vec![call.asked_line, answer.line, line];
            return self.note(format!("`{id}` was completed twice"), lines);
        }
        let asked_line = call.asked_line;
        let begun_as = (*call.tool != *tool).then(|| call.tool.clone());
        let subject = results.and_then(|results| results.subject).map(Into::into);
        call.answer = Some(Answer { line, subject });
        self.completed = self.completed.saturating_add(1);
        if let Some(begun_as) = begun_as {
            self.note(
                format!("`{id}` was begun as `{begun_as}` and completed as `{tool}`"),
                vec![asked_line, line],
            );
        }
    }

    fn take_success(&mut self, event: &EventView<'_>, results: Option<&Results<'_>>, tool: &str, line: u64) {
        match event.fields.flag(Field::Success) {
            Some(true) => {
                self.failed.remove(tool);
                if self.hollow.is_none() {
                    self.hollow =
                        hollow(event, results).map(|why| (format!("`{tool}` succeeded, {why}"), line));
                }
            }
            Some(false) => {
                self.any_failed = true;
                self.failed.insert(tool.into(), line);
            }
            None => {}
        }
    }

    /// A tool that failed and was never made good, and its line.
    pub(super) fn unmended(&self) -> Option<(&str, u64)> {
        self.failed.iter().next().map(|(tool, line)| (&**tool, *line))
    }

    /// The first thing that makes the calls of a run that ended with `end` no pairs.
    pub(super) fn broken(
        &self,
        end: EventType,
        expect: &Expect,
        absent: &[EventType],
    ) -> Option<(String, Vec<u64>)> {
        if absent.contains(&EventType::ToolExecuting) || absent.contains(&EventType::ToolCompleted) {
            return None;
        }
        if let Some(broken) = self.broken.clone().or_else(|| self.swapped()) {
            return Some(broken);
        }
        let least = expect.tools.least();
        (end == EventType::AgentCompleted && self.completed < least)
            .then(|| (format!("{} whole pairs, and the scenario owes {least}", self.completed), Vec::new()))
    }

    /// An answer about what another call asked.
    fn swapped(&self) -> Option<(String, Vec<u64>)> {
        let answered = || self.calls.iter().filter_map(|call| Some((call, call.answer.as_ref()?)));
        answered().find_map(|(call, answer)| {
            let subject = answer.subject.as_deref()?;
            let asked = asks_about(&call.parameters, subject);
            if asked == Some(true) {
                return None;
            }
            let other = answered().find(|(other, _)| asks_about(&other.parameters, subject) == Some(true));
            if asked.is_none() && other.is_none() {
                return None;
            }
            let owner = other.map_or("no call of this run", |(other, _)| &other.execution_id);
            Some((
                format!("the results of `{}` answer what `{owner}` asked", call.execution_id),
                vec![call.asked_line, answer.line],
            ))
        })
    }
}

/// What results say of themselves, raw.
#[derive(Default)]
struct Results<'a> {
    error: Option<&'a str>,
    status: Option<&'a str>,
    /// `success` or `ok`.
    success: Option<&'a str>,
    subject: Option<&'a str>,
}

impl<'a> Results<'a> {
    /// What an event has for results; nothing where they are no object.
    fn of(event: &EventView<'a>) -> Option<Self> {
        let raw = event.fields.raw(Field::Results)?;
        Self::scanned(raw).or_else(|| {
            let fields = event.fields.object(Field::Results)?;
            let (error, status) = (fields.raw(Field::Error), fields.raw(Field::Status));
            Some(Self { error, status, success: fields.raw(Field::Success), subject: subject_of(raw) })
        })
    }

    /// Reads results of the usual spelling.
    fn scanned(raw: &'a str) -> Option<Self> {
        let mut found = Self::default();
        let mut scan = Scan::of(raw);
        scan.object(|key, scan| {
            let value = scan.value()?;
            let place = match key {
                "error" | "exception" => &mut found.error,
                "success" | "ok" => &mut found.success,
                "status" => &mut found.status,
                "subject" => &mut found.subject,
                _ => return Some(()),
            };
            // A key that comes twice is not the usual spelling.
            place.replace(value).is_none().then_some(())
        })?;
        found.subject = found.subject.filter(|raw| *raw != "null" && raw.len() <= COMPARED);
        scan.is_over().then_some(found)
    }
}

/// Why a success is hollow: it carries an error.
fn hollow(event: &EventView<'_>, results: Option<&Results<'_>>) -> Option<String> {
    let says_something = |raw: &str| !matches!(raw, "null" | "\"\"" | "{}" | "false" | "[]");
    if event.fields.raw(Field::Error).is_some_and(says_something) {
        return Some("with an `error`".to_owned());
    }
    let results = results?;
    if results.error.is_some_and(says_something) {
        return Some("with an `error` in its results".to_owned());
    }
    if results.success == Some("false") {
        return Some("with `success:false` in its results".to_owned());
    }
    let status = text_of(results.status?)?;
    matches!(&*status.to_ascii_lowercase(), "error" | "failed" | "failure")
        .then(|| format!("with the status `{status}` in its results"))
}

/// The raw `subject` of results.
fn subject_of(results: &str) -> Option<&str> {
    #[derive(serde::Deserialize)]
    struct Subject<'a> {
        #[serde(borrow, default)]
        subject: Option<&'a RawValue>,
    }
    let subject = serde_json::from_str::<Subject<'_>>(results).ok()?.subject?.get();
    (subject.len() <= COMPARED).then_some(subject)
}

/// Whether the parameters ask about `subject`; `None` when that can't be said.
fn asks_about(parameters: &str, subject: &str) -> Option<bool> {
    if parameters.is_empty() || parameters == "{}" {
        return None;
    }
    if parameters == subject {
        return Some(true);
    }
    match JsonType::of(subject) {
        JsonType::Object => {
            let same = serde_json::from_str::<serde_json::Value>(parameters).ok()?
                == serde_json::from_str::<serde_json::Value>(subject).ok()?;
            Some(same)
        }
        JsonType::String => {
            let wanted = text_of(subject)?;
            if let Some(own) = subject_of(parameters) {
                return Some(text_of(own).as_deref() == Some(&*wanted));
            }
            // Without a parameter of that name any string among them may be what was asked about; where none is, the
            // subject may be one of the tool's own findings, such as a mail's.
            texts_of(parameters)
                .iter()
                .any(|text| text.contains(&*wanted) || wanted.contains(text.as_str()))
                .then_some(true)
        }
        _ => None,
    }
}

fn texts_of(parameters: &str) -> Vec<String> {
    let members: BTreeMap<String, &RawValue> = serde_json::from_str(parameters).unwrap_or_default();
    members
        .values()
        .filter_map(|value| Some(text_of(value.get())?.into_owned()))
        .filter(|text| !text.is_empty())
        .collect()
}
