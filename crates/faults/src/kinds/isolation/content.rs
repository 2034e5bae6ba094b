//! Another's content under one's own ids.

use crate::{Act, Aim, Fault, Message, Step};
use goldenpath_protocol::EventType;
use std::collections::HashMap;

/// What belongs to the event's place in its own stream and stays.
const OWN: &[&str] = &[
    "event_id",
    "timestamp",
    "user_id",
    "thread_id",
    "run_id",
    "request_id",
    "seq",
    "offset",
    "execution_id",
    "step_number",
    "duration_ms",
    "event_count",
    "agent_name",
    "parent_agent",
];

/// The content of `foreign` under the labels of `own`.
fn relabelled(foreign: &Message, own: &Message) -> Message {
    let mut made = foreign.clone();
    for label in OWN {
        match own.get(label) {
            Some(value) => drop(made.fields().insert((*label).to_owned(), value.clone())),
            None => drop(made.fields().remove(*label)),
        }
    }
    made
}

/// The final event of the runs it hits, in some seeds with their thoughts, is another user's with its labels rewritten.
pub(super) struct Relabelled {
    aim: Aim,
    /// Which thoughts are hit, in seeds that hit any.
    thoughts: Option<Aim>,
    references_too: bool,
    /// The latest of each user by type.
    latest: Vec<(String, Message)>,
    /// What each event became, so that all tabs show the same.
    became: HashMap<(String, u64), Option<Message>>,
}

impl Relabelled {
    pub(super) fn new(seed: u64) -> Self {
        let mut aim = Aim::new(seed);
        let thoughts = (aim.pick(2) == 0).then(|| Aim::one_in(!seed, 4));
        // Whoever rewrites labels may well rewrite the reference, too: then names and figures alone give it away.
        let references_too = aim.pick(3) == 0;
        Self { aim, thoughts, references_too, latest: Vec::new(), became: HashMap::new() }
    }

    fn choose(&mut self, message: &Message, run: &str, user: &str) -> Option<Message> {
        let others: Vec<&Message> = self
            .latest
            .iter()
            .filter(|(other, latest)| other != user && latest.kind() == message.kind())
            .map(|(_, latest)| latest)
            .collect();
        let aim = if message.is_terminal() { Some(&mut self.aim) } else { self.thoughts.as_mut() };
        if others.is_empty() || !aim.is_some_and(|aim| aim.hits(run)) {
            return None;
        }
        let mut made = relabelled(others[self.aim.pick(others.len())], message);
        if self.references_too {
            let own = message.text("final_response").and_then(reference).map(str::to_owned);
            let text = made.text("final_response").map(str::to_owned);
            if let (Some(own), Some(text)) = (own, text)
                && let Some(foreign) = reference(&text)
            {
                made = made.with("final_response", text.replace(foreign, &own));
            }
        }
        Some(made)
    }
}

/// The reference that a text quotes.
fn reference(text: &str) -> Option<&str> {
    let at = text.find("gp-")?;
    text.get(at..at + 35)
}

impl Fault for Relabelled {
    fn rewrite(&mut self, _: &Step, act: &mut Act<'_>) {
        let Some((message, run)) = act.event() else { return };
        let (Some(kind), Some(seq), Some(user)) =
            (message.event(), message.whole("seq"), message.text("user_id"))
        else {
            return;
        };
        let eligible = match kind {
            EventType::AgentCompleted => true,
            EventType::AgentThinking => self.thoughts.is_some(),
            _ => false,
        };
        if !eligible {
            return;
        }
        let key = (run.to_owned(), seq);
        if !self.became.contains_key(&key) {
            let made = self.choose(message, run, user);
            self.became.insert(key.clone(), made);
            self.latest.retain(|(other, latest)| other != user || latest.kind() != message.kind());
            self.latest.push((user.to_owned(), message.clone()));
        }
        if let Some(Some(made)) = self.became.get(&key) {
            act.say(made.clone(), format!("another user's `{}` under this user's ids", message.kind()));
        }
    }
}

/// The context of the first user's first run serves the runs it hits of everybody else.
pub(super) struct FirstContext {
    aim: Aim,
    first: Option<(String, String)>,
    /// The first run's events by type, in order.
    kept: Vec<Message>,
    whole: bool,
    /// Runs that began when the context was there, and how many events of each type they had.
    served: HashMap<String, bool>,
    places: HashMap<(String, u64), usize>,
}

impl FirstContext {
    pub(super) fn new(seed: u64) -> Self {
        Self {
            aim: Aim::new(seed),
            first: None,
            kept: Vec::new(),
            whole: false,
            served: HashMap::new(),
            places: HashMap::new(),
        }
    }

    /// The first run's event that stands where this one does.
    fn like(&mut self, message: &Message, run: &str, seq: u64) -> Option<&Message> {
        let so_far = self.places.keys().filter(|(known, _)| known == run).count();
        let place = *self.places.entry((run.to_owned(), seq)).or_insert(so_far);
        let same_kind = |kept: &&Message| kept.kind() == message.kind();
        let nearest = self.kept.get(place).filter(same_kind);
        nearest.or_else(|| self.kept.iter().rev().find(same_kind))
    }
}

impl Fault for FirstContext {
    fn rewrite(&mut self, _: &Step, act: &mut Act<'_>) {
        let Some((message, run)) = act.event() else { return };
        let (Some(user), Some(seq)) = (message.text("user_id"), message.whole("seq")) else { return };
        let (first_user, first_run) =
            self.first.get_or_insert_with(|| (user.to_owned(), run.to_owned())).clone();
        if run == first_run && !self.whole {
            if !self.kept.iter().any(|kept| kept.whole("seq") == Some(seq)) {
                self.kept.push(message.clone());
            }
            self.whole = message.is_terminal();
        }
        if user == first_user {
            return;
        }
        let available = self.whole;
        let aim = &mut self.aim;
        if !*self.served.entry(run.to_owned()).or_insert_with(|| available && aim.hits(run)) {
            return;
        }
        if let Some(made) = self.like(message, run, seq).map(|kept| relabelled(kept, message)) {
            act.say(made, format!("a `{}` made in the first user's context", message.kind()));
            act.involve(&first_run);
        }
    }
}
