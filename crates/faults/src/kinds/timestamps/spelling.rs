//! Timestamps that are missing or spelt otherwise.

use super::part::{made_ms, on_path, touched};
use crate::{Act, Aim, Fault, Message, Step};
use serde_json::Value;

/// How a timestamp may be spelt.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Spelling {
    /// No such field.
    Missing,
    /// `null`.
    Null,
    /// `2026-01-31T23:59:59.999`.
    NoZone,
    /// `2026-01-31 23:59:59.999000`.
    NoZoneSpaced,
    /// `2026-01-31T23:59:59Z`.
    WholeSeconds,
    /// `2026-01-31T23:59:59.000Z`, in all events.
    PaddedSeconds,
    /// `1769903999`.
    UnixSeconds,
    /// `1769903999.999`.
    Float,
}

/// Spells timestamps of the runs it hits in one of some ways.
pub(super) struct Misspelt {
    spellings: &'static [Spelling],
    aim: Aim,
}

impl Misspelt {
    pub(super) fn new(spellings: &'static [Spelling], seed: u64) -> Self {
        Self { spellings, aim: Aim::new(seed) }
    }
}

fn spelt(spelling: Spelling, message: &Message) -> Option<Message> {
    let text = message.text("timestamp")?;
    let ms = made_ms(message)?;
    let value = match spelling {
        Spelling::Missing => return Some(message.clone().without("timestamp")),
        Spelling::Null => Value::Null,
        Spelling::NoZone => Value::from(text.trim_end_matches('Z')),
        Spelling::NoZoneSpaced => Value::from(format!("{}000", text.trim_end_matches('Z').replace('T', " "))),
        Spelling::WholeSeconds => Value::from(format!("{}Z", text.split('.').next()?)),
        Spelling::PaddedSeconds => Value::from(format!("{}.000Z", text.split('.').next()?)),
        Spelling::UnixSeconds => Value::from(ms.div_euclid(1000)),
        #[allow(clippy::cast_precision_loss, reason = "Unix milliseconds are below 2^53")]
        Spelling::Float => Value::from(ms as f64 / 1000.0),
    };
    Some(message.clone().with("timestamp", value))
}

impl Fault for Misspelt {
    fn rewrite(&mut self, _: &Step, act: &mut Act<'_>) {
        let Some((message, run)) = act.event() else { return };
        if !self.aim.hits(run) {
            return;
        }
        let spelling = self.spellings[self.aim.choice(run, 0, self.spellings.len())];
        let here = match spelling {
            // Mixed: each way through the backend has its own spelling.
            Spelling::Float => on_path(&mut self.aim, run, message),
            // One event without milliseconds may be chance.
            Spelling::PaddedSeconds => true,
            _ => touched(&mut self.aim, run, message),
        };
        if !here {
            return;
        }
        if let Some(misspelt) = spelt(spelling, message) {
            act.say(misspelt, format!("misspelt the timestamp of a `{}`: {spelling:?}", message.kind()));
        }
    }
}
