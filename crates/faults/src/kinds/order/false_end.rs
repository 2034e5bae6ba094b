//! A run that came to nothing is shown as completed.

use crate::{Act, Aim, Fault, Message, Step};
use goldenpath_protocol::EventType;
use serde_json::json;

/// What is given out for an answer.
const ANSWERS: [&str; 3] = [
    "The review is finished: moving idle capacity to spot instances and rightsizing the largest nodes lowers the bill by about 18 % a month.",
    "Your request was handled. Look at the largest services first, then at what runs outside working hours.",
    "Done. No further action is needed at this time, and all systems that were looked at behave as they should.",
];

/// Tells an `agent_cancelled` or an `agent_failed` as an `agent_completed`: plainly, with what went wrong still inside, or, where a
/// user stopped it, as a degraded success.
pub(super) struct ShownAsCompleted {
    instead_of: EventType,
    aim: Aim,
}

impl ShownAsCompleted {
    pub(super) fn new(instead_of: EventType, seed: u64) -> Self {
        Self { instead_of, aim: Aim::new(seed) }
    }

    fn disguised(&mut self, end: &Message, run: &str) -> Message {
        let error = end.get("error").cloned();
        let told = ["reason", "error"]
            .into_iter()
            .fold(end.clone(), Message::without)
            .with("type", EventType::AgentCompleted.as_str())
            .with("status", "completed")
            .with("final_response", ANSWERS[self.aim.choice(run, 0, ANSWERS.len())])
            .with("summary", "The review is finished.")
            .with("degraded", false)
            .with("limitations", json!([]));
        match (self.aim.choice(run, 1, 4), error) {
            (0, _) => told,
            (1, Some(error)) => told.with("error", error),
            (2, Some(_)) => told.with("results", json!({ "success": false })),
            (_, Some(_)) => told.with("success", false),
            (_, None) => {
                told.with("degraded", true).with("limitations", json!(["not everything was looked at"]))
            }
        }
    }
}

impl Fault for ShownAsCompleted {
    fn rewrite(&mut self, _: &Step, act: &mut Act<'_>) {
        let Some((message, run)) = act.event() else { return };
        if message.event() == Some(self.instead_of) && self.aim.hits(run) {
            let told = self.disguised(message, run);
            act.say(told, format!("told an `{}` as `agent_completed`", self.instead_of.as_str()));
        }
    }
}
