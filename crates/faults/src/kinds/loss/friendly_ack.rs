//! What the server cannot serve gets kind words instead of an `error`, and then nothing.

use crate::kinds::identity::other_id;
use crate::{Act, Aim, Fault, Message, Step};

/// Turns the `error` that answers a request into a friendly acknowledgement.
pub(super) struct FriendlyAck {
    aim: Aim,
}

impl FriendlyAck {
    pub(super) fn new(seed: u64) -> Self {
        Self { aim: Aim::new(seed) }
    }
}

impl Fault for FriendlyAck {
    fn rewrite(&mut self, _: &Step, act: &mut Act<'_>) {
        let Some(message) = act.message().filter(|message| message.is("error")) else { return };
        let Some(request) = message.text("request_id").filter(|request| self.aim.hits(request)) else {
            return;
        };
        let kind = self.aim.choice(request, 0, 3);
        let acked = Message::object().with("request_id", request);
        let acked = match kind {
            0 => acked
                .with("type", "request_accepted")
                .with("run_id", other_id(request))
                .with("thread_id", other_id(&other_id(request)))
                .with("duplicate", false),
            1 => acked.with("type", "message_received").with("message", "Got it! I am on it."),
            _ => acked.with("type", "ack").with("status", "ok"),
        };
        act.say(acked, "acknowledged what it will not serve");
    }
}
