//! One piece of an answer is lost.

use crate::kinds::numbers::Numbers;
use crate::{Act, Aim, Fault, Step};
use goldenpath_protocol::EventType;
use std::collections::HashMap;

/// Loses the second or the third delta of each run it hits, on all connections: of an answer in one piece nothing would be left
/// that lacks something. In some runs nothing is numbered before
/// it is written, so that only the text lacks something.
pub(super) struct OneDeltaLost {
    aim: Aim,
    /// The numbers of the deltas that each run has shown.
    deltas: HashMap<String, Vec<u64>>,
    numbers: Numbers,
}

impl OneDeltaLost {
    pub(super) fn new(seed: u64) -> Self {
        Self { aim: Aim::new(seed), deltas: HashMap::new(), numbers: Numbers::default() }
    }
}

impl Fault for OneDeltaLost {
    fn rewrite(&mut self, _: &Step, act: &mut Act<'_>) {
        let Some((message, run)) = act.event() else { return };
        let Some(seq) = message.whole("seq").filter(|_| self.aim.hits(run)) else { return };
        if message.event() == Some(EventType::ResponseDelta) {
            let deltas = self.deltas.entry(run.to_owned()).or_default();
            if !deltas.contains(&seq) {
                deltas.push(seq);
            }
            let place = 1 + self.aim.choice(run, 0, 2);
            if deltas.get(place) == Some(&seq) {
                if self.aim.choice(run, 1, 2) == 0 {
                    self.numbers.lack(run, seq);
                }
                return act.lose(format!("lost delta {} of the answer", place + 1));
            }
        }
        if let Some(fitted) = self.numbers.renumbered(run, message) {
            act.say(fitted, "numbered as if nothing was lost");
        }
    }
}
