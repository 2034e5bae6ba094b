//! A run ends twice.

use crate::kinds::identity::with_other_id;
use crate::{Act, Aim, Fault, Message, Step};
use goldenpath_protocol::EventType;
use serde_json::json;

/// How much later the second end may come.
const LATER_NS: [u64; 4] = [0, 2_000_000, 300_000_000, 1_500_000_000];

/// Adds a terminal after the terminal: the same again, one of the same type that is numbered on, or the failure that
/// whoever watched over the run announces.
pub(super) struct SecondEnd {
    /// Only runs that end like this.
    only: Option<EventType>,
    aim: Aim,
}

impl SecondEnd {
    pub(super) fn new(only: Option<EventType>, seed: u64) -> Self {
        Self { only, aim: Aim::new(seed) }
    }
}

/// The same event, as the next one of its run.
fn numbered_on(end: &Message) -> Message {
    let mut next = with_other_id(end.clone(), "event_id");
    for field in ["seq", "event_count"] {
        if let Some(number) = end.whole(field) {
            next = next.with(field, number + 1);
        }
    }
    next
}

/// The same end told as a failure.
fn failed(end: &Message) -> Message {
    ["status", "final_response", "summary", "degraded", "limitations", "reason"]
        .into_iter()
        .fold(numbered_on(end), Message::without)
        .with("type", EventType::AgentFailed.as_str())
        .with(
            "error",
            json!({ "code": "internal", "message": "the run ended in an unexpected way", "retryable": true }),
        )
}

impl Fault for SecondEnd {
    fn rewrite(&mut self, step: &Step, act: &mut Act<'_>) {
        let Some((message, run)) = act.event() else { return };
        let fits = self.only.is_none_or(|only| message.event() == Some(only));
        if !fits || !message.is_terminal() || !self.aim.hits(run) {
            return;
        }
        let second = match self.aim.choice(run, 0, 3) {
            0 => message.clone(),
            1 => numbered_on(message),
            _ => failed(message),
        };
        let later_ns = LATER_NS[self.aim.choice(run, 1, LATER_NS.len())];
        let kind = second.kind().to_owned();
        let shown = second.in_place_of(step);
        act.add(
            Step { t_ns: step.t_ns.saturating_add(later_ns), ..shown },
            format!("ended the run again by `{kind}`"),
        );
    }
}
