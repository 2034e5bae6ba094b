//! Events with wrong ids: somebody else's user, a run called `registry`, another thread.

use crate::{Act, Aim, Fault, Message, Step};
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet, HashMap};

/// Events of the runs it hits name a user who is not their owner.
pub(super) struct WrongUser {
    aim: Aim,
    chosen: HashMap<String, Value>,
    /// Only every so manieth event.
    every: u64,
}

impl WrongUser {
    pub(super) fn new(seed: u64) -> Self {
        let mut aim = Aim::new(seed);
        let every = 1 + aim.pick(4) as u64;
        Self { aim, chosen: HashMap::new(), every }
    }

    fn wrong(&mut self, act: &Act<'_>, step: &Step) -> Value {
        let strangers: Vec<String> = step
            .conn
            .into_iter()
            .flat_map(|conn| act.scene().strangers(conn))
            .filter_map(|(_, other)| other.user.clone())
            .collect();
        match self.aim.pick(5) {
            0 => json!("00000000-0000-4000-8000-000000000001"),
            1 => json!("default"),
            2 => Value::Null,
            _ if strangers.is_empty() => json!("user-1"),
            _ => json!(strangers[self.aim.pick(strangers.len())]),
        }
    }
}

impl Fault for WrongUser {
    fn rewrite(&mut self, step: &Step, act: &mut Act<'_>) {
        let Some((message, run)) = act.event() else { return };
        if !self.aim.hits(run) || message.whole("seq").is_none_or(|seq| seq % self.every != 0) {
            return;
        }
        let wrong = match self.chosen.get(run) {
            Some(known) => known.clone(),
            None => self.wrong(act, step),
        };
        self.chosen.insert(run.to_owned(), wrong.clone());
        let what = format!("a `{}` names user {wrong}", message.kind());
        act.say(message.clone().with("user_id", wrong), what);
    }
}

/// Events of the runs it hits name their run `registry`, `null` or nothing.
pub(super) struct NoRunId {
    aim: Aim,
    chosen: HashMap<String, Value>,
    /// Not before this event of a run.
    from: u64,
}

impl NoRunId {
    pub(super) fn new(seed: u64) -> Self {
        let mut aim = Aim::new(seed);
        let from = 1 + aim.pick(5) as u64;
        Self { aim, chosen: HashMap::new(), from }
    }
}

impl Fault for NoRunId {
    fn rewrite(&mut self, _: &Step, act: &mut Act<'_>) {
        let Some((message, run)) = act.event() else { return };
        if !self.aim.hits(run) || message.whole("seq").is_none_or(|seq| seq < self.from) {
            return;
        }
        let names = [json!("registry"), json!("null"), json!(""), Value::Null];
        let pick = names[self.aim.pick(names.len())].clone();
        let name = self.chosen.entry(run.to_owned()).or_insert(pick).clone();
        let what = format!("a `{}` names run {name}", message.kind());
        act.say(message.clone().with("run_id", name), what);
    }
}

/// Some events of the runs it hits name another thread of their user.
pub(super) struct WrongThread {
    aim: Aim,
    threads: BTreeMap<String, BTreeSet<String>>,
    /// What each event was made to name, so that all tabs show the same.
    named: HashMap<(String, u64), Option<String>>,
}

impl WrongThread {
    pub(super) fn new(seed: u64) -> Self {
        Self { aim: Aim::new(seed), threads: BTreeMap::new(), named: HashMap::new() }
    }

    fn choose(&mut self, message: &Message, user: &str, first: bool) -> Option<String> {
        let own = message.text("thread_id")?;
        let others: Vec<&String> = self.threads.get(user)?.iter().filter(|other| *other != own).collect();
        // The first that can be mislabelled is, and some of those behind it.
        if others.is_empty() || !first && self.aim.pick(4) > 0 {
            return None;
        }
        Some(others[self.aim.pick(others.len())].clone())
    }
}

impl Fault for WrongThread {
    fn rewrite(&mut self, step: &Step, act: &mut Act<'_>) {
        let user = step.conn.and_then(|conn| act.scene().user_of(conn)).map(str::to_owned);
        let (Some(message), Some(user)) = (act.message(), user) else { return };
        if let Some(thread) = message.text("thread_id") {
            self.threads.entry(user.clone()).or_default().insert(thread.to_owned());
        }
        let Some((message, run)) = act.event() else { return };
        let Some(seq) = message.whole("seq").filter(|_| self.aim.hits(run)) else { return };
        let key = (run.to_owned(), seq);
        if !self.named.contains_key(&key) {
            let first = !self.named.iter().any(|((known, _), name)| known == run && name.is_some());
            let name = self.choose(message, &user, first);
            self.named.insert(key.clone(), name);
        }
        if let Some(Some(thread)) = self.named.get(&key) {
            let what = format!("a `{}` names another thread", message.kind());
            act.say(message.clone().with("thread_id", thread.as_str()), what);
        }
    }
}
