//! Numbers that fit what is sent: a backend that counts on the way out leaves no hole behind what it forgot.

use crate::Message;
use std::collections::HashMap;

/// Where runs lack an event, or have one more than was made. Places are the numbers that the events came with, so that
/// all tabs and every replay are numbered alike.
#[derive(Debug, Default)]
pub(super) struct Numbers {
    lacking: HashMap<String, Vec<u64>>,
    added: HashMap<String, Vec<u64>>,
}

impl Numbers {
    /// The run's event with this `seq` is not counted.
    pub(super) fn lack(&mut self, run: &str, seq: u64) {
        note(&mut self.lacking, run, seq);
    }

    /// One more event is counted after the one with this `seq`.
    pub(super) fn add_after(&mut self, run: &str, seq: u64) {
        note(&mut self.added, run, seq);
    }

    /// The event as it would be numbered; `None` when its numbers fit already.
    pub(super) fn renumbered(&self, run: &str, message: &Message) -> Option<Message> {
        let seq = message.whole("seq")?;
        let number = self.fit(run, seq, seq);
        let count = message.whole("event_count").map(|count| self.fit(run, u64::MAX, count));
        if number == seq && count == message.whole("event_count") {
            return None;
        }
        let fitted = message.clone().with("seq", number);
        Some(match count {
            Some(count) => fitted.with("event_count", count),
            None => fitted,
        })
    }

    /// `value` without what is lacking before `place`, and with what was added.
    fn fit(&self, run: &str, place: u64, value: u64) -> u64 {
        let before = |places: &HashMap<String, Vec<u64>>| {
            places.get(run).map_or(0, |places| places.iter().filter(|other| **other < place).count() as u64)
        };
        (value + before(&self.added)).saturating_sub(before(&self.lacking))
    }
}

fn note(places: &mut HashMap<String, Vec<u64>>, run: &str, seq: u64) {
    let known = places.entry(run.to_owned()).or_default();
    if !known.contains(&seq) {
        known.push(seq);
    }
}
