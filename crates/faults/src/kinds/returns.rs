//! What passed of every user's stream, and how connections come back to it. Shared by the faults of returns.

use crate::{Act, Message, Step};
use goldenpath_history::RecordKind;
use goldenpath_protocol::ResumePoint;
use std::collections::{BTreeMap, HashMap};

/// Events remembered of a stream: more than any backend replays.
const REMEMBERED: usize = 2_000;

/// A connection that goes on where another left off.
#[derive(Debug, Clone)]
pub(super) struct Back {
    pub(super) user: String,
    /// The epoch that it asked to resume from.
    pub(super) epoch: String,
    /// The epoch that it was told.
    pub(super) told: String,
    /// The last offset that it says it received.
    pub(super) after: u64,
    /// Where the stream stood.
    pub(super) head: u64,
    /// How many events were announced.
    pub(super) replay: u64,
    /// `full` or `failed`.
    pub(super) recovered: String,
    /// How often the user had come back before.
    pub(super) earlier: usize,
}

impl Back {
    /// What tells it from other returns.
    pub(super) fn name(&self) -> String {
        format!("{}, return {}", self.user, self.earlier)
    }

    pub(super) fn full(&self) -> bool {
        self.recovered == "full"
    }
}

/// What is remembered of every stream and every return.
#[derive(Debug, Default)]
pub(super) struct Returns {
    points: HashMap<u32, ResumePoint>,
    backs: HashMap<u32, Back>,
    streams: HashMap<String, Stream>,
}

#[derive(Debug, Default)]
struct Stream {
    epoch: String,
    events: BTreeMap<u64, Step>,
    returns: usize,
}

impl Returns {
    /// Sees a step before the fault does; gives the return when this is the greeting of one.
    pub(super) fn see(&mut self, step: &Step, act: &Act<'_>) -> Option<Back> {
        let conn = step.conn?;
        if let RecordKind::Open { url: Some(url), .. } = &step.kind {
            let point = url.split(['?', '&']).find_map(|pair| pair.strip_prefix("resume="))?;
            self.points.insert(conn, point.parse().ok()?);
            return None;
        }
        let message = act.message()?;
        let user = act.scene().user_of(conn)?.to_owned();
        if message.is("connection_established") {
            return self.greet(conn, user, message);
        }
        message.run()?;
        let stream = self.streams.entry(user).or_default();
        stream.events.entry(message.whole("offset")?).or_insert_with(|| step.clone());
        if stream.events.len() > REMEMBERED {
            stream.events.pop_first();
        }
        None
    }

    fn greet(&mut self, conn: u32, user: String, greeting: &Message) -> Option<Back> {
        let stream = self.streams.entry(user.clone()).or_default();
        let told = greeting.text("epoch")?;
        if stream.epoch != told {
            stream.events.clear();
            told.clone_into(&mut stream.epoch);
        }
        let point = self.points.get(&conn)?;
        let back = Back {
            user,
            epoch: point.epoch.to_string(),
            told: told.to_owned(),
            after: point.offset,
            head: greeting.whole("offset")?,
            replay: greeting.whole("replay")?,
            recovered: greeting.text("recovered")?.to_owned(),
            earlier: stream.returns,
        };
        stream.returns += 1;
        self.backs.insert(conn, back.clone());
        Some(back)
    }

    /// The return that a connection is.
    pub(super) fn of(&self, conn: Option<u32>) -> Option<&Back> {
        self.backs.get(&conn?)
    }

    /// The events of a user's stream after one offset, up to another, as they passed.
    pub(super) fn events(&self, user: &str, after: u64, to: u64) -> impl Iterator<Item = &Step> {
        let stream = self.streams.get(user);
        stream
            .into_iter()
            .flat_map(move |stream| stream.events.range(after.min(to)..=to))
            .filter_map(move |(offset, step)| (*offset > after).then_some(step))
    }
}

/// The same frame on the connection of `here`.
pub(super) fn sent_to(here: &Step, old: &Step) -> Step {
    Step { conn: here.conn, user: here.user.clone(), t_ns: here.t_ns, kind: old.kind.clone() }
}

/// The `replay_end` that follows what was replayed to the connection of `here`.
pub(super) fn replay_end(here: &Step, head: u64) -> Step {
    let raw = format!("{{\"type\":\"replay_end\",\"offset\":{head}}}");
    crate::message::raw_in_place_of(here, raw)
}
