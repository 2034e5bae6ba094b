//! A run begins before anybody asked for it.

use crate::kinds::identity::{other_id, with_other_id};
use crate::{Act, Aim, Fault, Message, Step};
use goldenpath_protocol::EventType;
use std::collections::HashMap;

/// A run that began by itself.
struct Early {
    run: String,
    /// The run that was asked for later and goes on in its name, if any does.
    goes_on: Option<String>,
}

/// Right behind the end of a user's run, before the user can have asked again, shows the `agent_started` of another one, as a
/// backend does that keeps a run warm. The user's
/// next run goes on under that name, or has its own.
pub(super) struct EarlyEvent {
    aim: Aim,
    starts: HashMap<String, Message>,
    /// By the run whose end they followed.
    early: HashMap<String, Early>,
    /// The newest of each user.
    newest: HashMap<String, String>,
    /// By the run that was asked for: the run in whose name it goes on.
    names: HashMap<String, String>,
}

impl EarlyEvent {
    pub(super) fn new(seed: u64) -> Self {
        Self {
            aim: Aim::new(seed),
            starts: HashMap::new(),
            early: HashMap::new(),
            newest: HashMap::new(),
            names: HashMap::new(),
        }
    }

    fn begin_next(&mut self, step: &Step, act: &mut Act<'_>, end: &Message, run: &str) {
        let Some(start) = self.starts.get(run) else { return };
        let early = other_id(run);
        let mut shown = ["event_id", "request_id"].into_iter().fold(start.clone(), with_other_id);
        shown = shown.with("run_id", early.as_str());
        for field in ["timestamp", "offset"] {
            if let Some(value) = end.get(field) {
                shown = shown.with(field, value.clone());
            }
        }
        act.add(shown.in_place_of(step), "began a run that nobody had asked for");
        self.early.entry(run.to_owned()).or_insert(Early { run: early, goes_on: None });
        if let Some(user) = end.text("user_id") {
            self.newest.insert(user.to_owned(), run.to_owned());
        }
    }

    /// Ties a run that was asked for to one that began by itself.
    fn tie(&mut self, run: &str, user: Option<&str>) {
        let Some(after) = user.and_then(|user| self.newest.get(user)) else { return };
        let goes_on = self.aim.choice(after, 1, 2) == 0;
        let Some(early) = self.early.get_mut(after).filter(|early| goes_on && early.goes_on.is_none()) else {
            return;
        };
        early.goes_on = Some(run.to_owned());
        self.names.insert(run.to_owned(), early.run.clone());
    }
}

impl Fault for EarlyEvent {
    fn rewrite(&mut self, step: &Step, act: &mut Act<'_>) {
        let Some(message) = act.message() else { return };
        if message.is("request_accepted") {
            let user = step.conn.and_then(|conn| act.scene().user_of(conn));
            let run = message.text("run_id").unwrap_or_default();
            if !self.starts.contains_key(run) && !self.names.contains_key(run) {
                self.tie(run, user);
            }
        }
        let Some(run) = message.text("run_id") else { return };
        if message.event() == Some(EventType::AgentStarted) && message.text("parent_agent").is_none() {
            self.starts.entry(run.to_owned()).or_insert_with(|| message.clone());
            if self.names.contains_key(run) {
                return act.lose("lost the `agent_started`, which had come before");
            }
        }
        if let Some(name) = self.names.get(run) {
            act.say(
                message.clone().with("run_id", name.as_str()),
                "goes on in the name of the run that began early",
            );
        } else if message.is_terminal() && self.aim.hits(run) {
            self.begin_next(step, act, message, run);
        }
    }
}
