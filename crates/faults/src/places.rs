//! The places of a run's events in its order, kept dense when a backend makes fewer events or makes them in another order.

use crate::message::Message;
use std::collections::{HashMap, VecDeque};

/// The `seq` and the `offset` of an event.
type Place = (Option<u64>, Option<u64>);

/// Numbers the events of each run on each connection by the order in which they come.
#[derive(Debug, Default)]
pub(crate) struct Places {
    free: HashMap<(Option<u32>, String), VecDeque<Place>>,
}

impl Places {
    /// An event leaves its place to whatever comes next.
    pub(crate) fn give_up(&mut self, conn: Option<u32>, run: &str, message: &Message) {
        self.free.entry((conn, run.to_owned())).or_default().push_back(place(message));
    }

    /// The same event at the first free place of its run; its own is free then.
    pub(crate) fn fill(&mut self, conn: Option<u32>, run: &str, message: Message) -> Message {
        let Some(free) = self.free.get_mut(&(conn, run.to_owned())) else { return message };
        free.push_back(place(&message));
        self.take(conn, run, message)
    }

    /// The same event at the first free place, its own having been given up before.
    pub(crate) fn take(&mut self, conn: Option<u32>, run: &str, message: Message) -> Message {
        let free = self.free.get_mut(&(conn, run.to_owned())).and_then(VecDeque::pop_front);
        let Some((seq, offset)) = free else { return message };
        let message = seq.into_iter().fold(message, |message, seq| message.with("seq", seq));
        offset.into_iter().fold(message, |message, offset| message.with("offset", offset))
    }

    /// How many places of the run are free.
    pub(crate) fn free(&self, conn: Option<u32>, run: &str) -> u64 {
        self.free.get(&(conn, run.to_owned())).map_or(0, |free| free.len() as u64)
    }
}

fn place(message: &Message) -> Place {
    (message.whole("seq"), message.whole("offset"))
}
