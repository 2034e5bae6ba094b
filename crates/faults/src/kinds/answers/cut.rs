//! Answers that end in mid-sentence and say that they are complete.

use crate::{Act, Aim, Fault, Step};
use std::collections::HashMap;

/// Cuts the final answer of the runs it hits, at about 60 %.
pub(super) struct CutOff {
    aim: Aim,
    /// How much of each run's answer stays, in percent.
    stays: HashMap<String, usize>,
}

impl CutOff {
    pub(super) fn new(seed: u64) -> Self {
        Self { aim: Aim::new(seed), stays: HashMap::new() }
    }
}

impl Fault for CutOff {
    fn rewrite(&mut self, _: &Step, act: &mut Act<'_>) {
        let Some((message, run)) = act.event().filter(|(message, _)| message.is("agent_completed")) else {
            return;
        };
        let Some(answer) = message.text("final_response").filter(|_| self.aim.hits(run)) else { return };
        let percent = 55 + self.aim.pick(11);
        let percent = *self.stays.entry(run.to_owned()).or_insert(percent);
        let kept: String = answer.chars().take(answer.chars().count() * percent / 100).collect();
        act.say(message.clone().with("final_response", kept), format!("an answer cut off at {percent} %"));
    }
}
