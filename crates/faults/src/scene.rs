//! What a fault may look up: who is connected, and whose run is whose.

use crate::fault::Step;
use crate::message::Message;
use goldenpath_history::RecordKind;
use std::collections::{BTreeMap, HashMap};

/// A connection, as far as it was seen.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct SceneConn {
    /// Whose it is: the step's own user, else the `user_id` of its greeting.
    pub user: Option<String>,
    /// Whether it was greeted and not closed.
    pub open: bool,
    /// Whether it joined with `recovered:"full"` and the replay has not ended.
    pub replaying: bool,
    /// The greeting's `recovered`, empty before it.
    pub recovered: String,
    /// When it was greeted.
    pub greeted_ns: u64,
    /// How many connections were greeted for this user before.
    pub earlier: usize,
}

/// A run, as far as it was seen.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct SceneRun {
    /// The connection of its first event.
    pub conn: u32,
    /// Its `user_id`.
    pub user: String,
    /// Its `request_id`.
    pub request_id: String,
    /// How many of the user's runs began before it.
    pub earlier: usize,
    /// When its first event came.
    pub began_ns: u64,
    /// The greatest `seq` seen.
    pub seq: u64,
    /// Whether a terminal was seen.
    pub ended: bool,
}

/// Everything seen so far, the step under way included.
#[derive(Debug, Default)]
pub struct Scene {
    conns: BTreeMap<u32, SceneConn>,
    runs: HashMap<String, SceneRun>,
    order: Vec<String>,
}

impl Scene {
    /// A connection.
    #[must_use]
    pub fn conn(&self, number: u32) -> Option<&SceneConn> {
        self.conns.get(&number)
    }

    /// Whose connection it is.
    #[must_use]
    pub fn user_of(&self, conn: u32) -> Option<&str> {
        self.conns.get(&conn)?.user.as_deref()
    }

    /// Open connections in the order of their numbers.
    pub fn open_conns(&self) -> impl Iterator<Item = (u32, &SceneConn)> {
        self.conns.iter().filter(|(_, conn)| conn.open).map(|(number, conn)| (*number, conn))
    }

    /// Open connections of anybody but the user of `conn`.
    pub fn strangers(&self, conn: u32) -> impl Iterator<Item = (u32, &SceneConn)> {
        let user = self.user_of(conn);
        self.open_conns().filter(move |(_, other)| other.user.is_some() && other.user.as_deref() != user)
    }

    /// Which of its user's open connections this is, counted from 0.
    #[must_use]
    pub fn tab(&self, conn: u32) -> usize {
        let user = self.user_of(conn);
        self.open_conns().filter(|(number, other)| *number < conn && other.user.as_deref() == user).count()
    }

    /// A run.
    #[must_use]
    pub fn run(&self, id: &str) -> Option<&SceneRun> {
        self.runs.get(id)
    }

    /// Every run in the order of its first event.
    pub fn runs(&self) -> impl Iterator<Item = (&str, &SceneRun)> {
        self.order.iter().filter_map(|id| Some((id.as_str(), self.runs.get(id)?)))
    }

    pub(crate) fn see(&mut self, step: &Step, message: Option<&Message>) {
        let Some(number) = step.conn else { return };
        let conn = self.conns.entry(number).or_default();
        if let Some(user) = &step.user {
            conn.user = Some(user.to_string());
        }
        match &step.kind {
            RecordKind::Close { .. } => conn.open = false,
            RecordKind::Frame { .. } => {
                if let Some(message) = message {
                    self.hear(number, step.t_ns, message);
                }
            }
            _ => {}
        }
    }

    fn hear(&mut self, number: u32, t_ns: u64, message: &Message) {
        match message.kind() {
            "connection_established" => {
                let user = message.text("user_id").map(str::to_owned);
                let known = self.conns.get(&number).and_then(|conn| conn.user.clone()).or(user);
                let earlier = self.conns.values().filter(|conn| conn.user == known && conn.greeted_ns > 0);
                let earlier = earlier.count();
                let conn = self.conns.entry(number).or_default();
                conn.user = known;
                conn.open = true;
                conn.earlier = earlier;
                conn.greeted_ns = t_ns.max(1);
                message.text("recovered").unwrap_or_default().clone_into(&mut conn.recovered);
                conn.replaying = conn.recovered == "full";
            }
            "replay_end" => {
                if let Some(conn) = self.conns.get_mut(&number) {
                    conn.replaying = false;
                }
            }
            _ => self.hear_event(number, t_ns, message),
        }
    }

    fn hear_event(&mut self, number: u32, t_ns: u64, message: &Message) {
        let Some(id) = message.run() else { return };
        if !self.runs.contains_key(id) {
            let user = message.text("user_id").unwrap_or_default().to_owned();
            let run = SceneRun {
                conn: number,
                earlier: self.runs.values().filter(|run| run.user == user).count(),
                user,
                request_id: message.text("request_id").unwrap_or_default().to_owned(),
                began_ns: t_ns,
                ..SceneRun::default()
            };
            self.runs.insert(id.to_owned(), run);
            self.order.push(id.to_owned());
        }
        if let Some(run) = self.runs.get_mut(id) {
            run.seq = run.seq.max(message.whole("seq").unwrap_or_default());
            run.ended |= message.is_terminal();
        }
    }
}
