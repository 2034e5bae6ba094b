//! The texts of events, as they are sent and as the store keeps them, and what it tells afterwards.

use super::User;
use crate::history::line;
use crate::plan::RunPlan;
use goldenpath_protocol::{RequestId, RunEvent, RunId, RunState, ThreadId};
use serde::Serialize;
use serde_json::json;

impl User {
    /// The text of an event, as it is sent.
    pub(super) fn told(&self, event: &RunEvent) -> String {
        if !self.scenario.extra_fields {
            return line(event);
        }
        let mut value = serde_json::to_value(event).unwrap_or_default();
        if let Some(fields) = value.as_object_mut() {
            fields.insert("x_trace".to_owned(), json!({ "span": self.offset }));
            fields.insert("model_version".to_owned(), json!("analyst-3"));
        }
        value.to_string()
    }

    /// What `GET /runs/{id}` answers, as the note of the mark that holds it.
    pub(super) fn document(&self, run: &RunPlan, events: &[String]) -> String {
        let (ids, user) = (self.pen.ids, self.pen.user);
        let run_id = ids.run(user, run.run);
        let mut document = line(&Answer {
            run_id: run_id.clone(),
            status: 200,
            body: Stored {
                run_id,
                thread_id: ids.thread(user, run.lane),
                request_id: ids.request(user, run.run),
                state: run.state,
                event_count: events.len(),
                events: [],
                final_response: run.answer.as_deref(),
            },
        });
        // Their texts are there already: put in as they are, not read and written once more.
        if let Some(at) = document.find(NO_EVENTS) {
            let place = at + NO_EVENTS.len() - 1;
            document.insert_str(place, &events.join(","));
        }
        document
    }
}

/// Before the answer, which is the first text that could hold anything.
const NO_EVENTS: &str = "\"events\":[]";

/// The text of an event, as the store keeps it: its place in the stream, `offset`, is not its own.
pub(super) fn kept(told: &str, offset: u64) -> String {
    let place = format!(",\"offset\":{offset}");
    // Where a text holds the same words, its quotation marks are escaped.
    match told.split_once(&place) {
        Some((before, after)) => [before, after].concat(),
        None => told.to_owned(),
    }
}

/// An answer to `GET /runs/{id}`.
#[derive(Serialize)]
struct Answer<'a> {
    run_id: RunId,
    status: u16,
    body: Stored<'a>,
}

/// A run, as the store tells it.
#[derive(Serialize)]
struct Stored<'a> {
    run_id: RunId,
    thread_id: ThreadId,
    request_id: RequestId,
    state: RunState,
    event_count: usize,
    events: [u8; 0],
    final_response: Option<&'a str>,
}
