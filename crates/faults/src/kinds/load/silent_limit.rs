//! Limits that nobody is told.

use crate::{Act, Aim, Fault, Step};

/// Loses the words with which requests over a limit are refused.
pub(super) struct SilentLimit {
    aim: Aim,
}

impl SilentLimit {
    pub(super) fn new(seed: u64) -> Self {
        Self { aim: Aim::new(seed) }
    }
}

impl Fault for SilentLimit {
    fn rewrite(&mut self, _: &Step, act: &mut Act<'_>) {
        let Some(message) = act.message().filter(|message| message.is("error")) else { return };
        let limit = matches!(message.text("code"), Some("rate_limited" | "run_limit"));
        if limit && self.aim.hits(message.text("request_id").unwrap_or_default()) {
            act.lose("a request over the limit is dropped without a word");
        }
    }
}
