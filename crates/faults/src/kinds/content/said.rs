//! Some events are said wrongly: the fault that asks a function what a backend says in their place.

use crate::message::{bytes_in_place_of, raw_in_place_of};
use crate::spot::Spot;
use crate::{Act, Fault, Message, Step};
use rand_chacha::ChaCha8Rng;

/// What comes in place of a message.
pub(super) enum Said {
    /// Another message.
    Message(Message),
    /// Some other text.
    Text(String),
    /// A binary frame.
    Binary(Vec<u8>),
    /// A text frame of bytes that are no UTF-8.
    NoUtf8(Vec<u8>),
}

/// What is said in place of an event, and what that is; `None` where it can't be said wrongly in this way.
pub(super) type Saying = fn(&Message, &mut ChaCha8Rng) -> Option<(Said, String)>;

/// Says some events of some runs wrongly.
pub(super) struct EventSaid {
    spot: Spot,
    saying: Saying,
    /// Only what is replayed is said wrongly.
    replayed_only: bool,
}

impl EventSaid {
    pub(super) fn new(seed: u64, saying: Saying) -> Self {
        Self { spot: Spot::new(seed), saying, replayed_only: false }
    }

    pub(super) fn on_replay(seed: u64, saying: Saying) -> Self {
        Self { replayed_only: true, ..Self::new(seed, saying) }
    }
}

impl Fault for EventSaid {
    fn rewrite(&mut self, step: &Step, act: &mut Act<'_>) {
        let Some((message, run)) = act.event() else { return };
        let replaying =
            || step.conn.and_then(|conn| act.scene().conn(conn)).is_some_and(|conn| conn.replaying);
        if self.replayed_only && !replaying() {
            return;
        }
        let said = (self.saying)(message, &mut self.spot.choices(message, run));
        let Some((said, what)) = said.filter(|_| self.spot.hits(message, run)) else { return };
        match said {
            Said::Message(message) => act.say(message, what),
            Said::Text(text) => act.alter(raw_in_place_of(step, text), what),
            Said::Binary(bytes) => act.alter(bytes_in_place_of(step, &bytes, "binary"), what),
            Said::NoUtf8(bytes) => act.alter(bytes_in_place_of(step, &bytes, "invalid_utf8"), what),
        }
    }
}

/// One of a list.
pub(super) fn one_of<'a, T: ?Sized>(rng: &mut ChaCha8Rng, list: &[&'a T]) -> Option<&'a T> {
    use rand::seq::IndexedRandom;
    list.choose(rng).copied()
}
