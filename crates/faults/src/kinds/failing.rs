//! Runs that are made to end too early: with a failure, or with nothing at all.

use crate::{Act, Message};
use serde_json::{Map, Value, json};
use std::collections::BTreeSet;

/// The fields that every run event carries.
const HEAD: [&str; 9] =
    ["event_id", "timestamp", "user_id", "thread_id", "run_id", "request_id", "seq", "offset", "agent_name"];

/// Runs that are over, whatever their backend still makes.
#[derive(Debug)]
pub(super) struct Failing {
    /// Whether clients are told; otherwise the rest never comes.
    told: bool,
    over: BTreeSet<(u32, String)>,
}

impl Failing {
    pub(super) fn new(told: bool) -> Self {
        Self { told, over: BTreeSet::new() }
    }

    /// Ends a run at the event under way, on its connection: the first time by the failure in its place, from then on by silence.
    pub(super) fn end(&mut self, conn: u32, act: &mut Act<'_>, why: &str) {
        let Some((message, run)) = act.event() else { return };
        let first = self.over.insert((conn, run.to_owned()));
        if !first || !self.told {
            return act.lose(format!("{why}: lost a `{}`", message.kind()));
        }
        act.say(failure_in_place_of(message), format!("{why}: `agent_failed`"));
    }
}

/// The failure of its run, in the place of one of its events.
fn failure_in_place_of(message: &Message) -> Message {
    let mut failed = message.clone();
    let kept: Map<String, Value> =
        HEAD.iter().filter_map(|field| Some(((*field).to_owned(), message.get(field)?.clone()))).collect();
    let count = message.whole("seq").unwrap_or(1);
    *failed.fields() = kept;
    failed
        .with("type", "agent_failed")
        .with("error", json!({ "code": "internal", "message": "the run could not go on", "retryable": true }))
        .with("duration_ms", 40)
        .with("event_count", count)
}
