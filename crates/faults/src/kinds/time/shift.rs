//! Lateness, and what it does to the times that an event tells of itself.

use crate::{Act, Message};
use goldenpath_protocol::Timestamp;

pub(super) const MS: u64 = 1_000_000;

/// Why an event comes late.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Cause {
    /// It was made in time and lay about.
    Delivery,
    /// It was made late, and says so.
    Work,
}

impl Cause {
    pub(super) fn of(seed: u64) -> Self {
        if seed.count_ones().is_multiple_of(2) { Self::Delivery } else { Self::Work }
    }
}

/// Lets the step come `by_ms` later. `longer` says whether the duration that the event tells holds the wait.
pub(super) fn late(act: &mut Act<'_>, message: &Message, cause: Cause, by_ms: u64, longer: bool) {
    if by_ms == 0 {
        return;
    }
    if cause == Cause::Work {
        let mut told = restamped(message.clone(), by_ms);
        if let Some(took) = told.whole("duration_ms").filter(|_| longer) {
            told = told.with("duration_ms", took.saturating_add(by_ms));
        }
        act.say(told, format!("`{}` was made {by_ms} ms later", message.kind()));
    }
    act.delay(by_ms * MS, format!("`{}` came {by_ms} ms later", message.kind()));
}

fn restamped(message: Message, by_ms: u64) -> Message {
    let made = message.text("timestamp").and_then(|text| text.parse::<Timestamp>().ok());
    let Some(made) = made else { return message };
    let later = made.unix_ms().saturating_add(i64::try_from(by_ms).unwrap_or(i64::MAX));
    message.with("timestamp", Timestamp::from_unix_ms(later).to_string())
}
