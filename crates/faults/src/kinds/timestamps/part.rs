//! Which events of a run are touched.

use crate::{Aim, Message};
use goldenpath_protocol::EventType;

/// Whether this event is one of those that the run's own choice touches: all, its thoughts, or its end.
pub(super) fn touched(aim: &mut Aim, run: &str, message: &Message) -> bool {
    match aim.choice(run, 9, 3) {
        0 => true,
        1 => message.event() == Some(EventType::AgentThinking),
        _ => message.is_terminal(),
    }
}

/// Whether this event comes on the way through the backend that the run's own choice touches: thoughts, what tools
/// do, or the answer; ends always do.
pub(super) fn on_path(aim: &mut Aim, run: &str, message: &Message) -> bool {
    let path: &[EventType] = match aim.choice(run, 9, 3) {
        0 => &[EventType::AgentThinking],
        1 => &[EventType::ToolExecuting, EventType::ToolCompleted],
        _ => &[EventType::ResponseDelta],
    };
    message.is_terminal() || message.event().is_some_and(|kind| path.contains(&kind))
}

/// The Unix milliseconds of an event's timestamp.
pub(super) fn made_ms(message: &Message) -> Option<i64> {
    let made: goldenpath_protocol::Timestamp = message.text("timestamp")?.parse().ok()?;
    Some(made.unix_ms())
}

/// The same event, made at another instant.
pub(super) fn made_at(message: &Message, ms: i64) -> Message {
    let made = goldenpath_protocol::Timestamp::from_unix_ms(ms).to_string();
    message.clone().with("timestamp", made)
}
