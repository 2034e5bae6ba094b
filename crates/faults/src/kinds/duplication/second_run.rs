//! A request that is sent again begins a second run.

use crate::kinds::identity::{other_id, with_other_id};
use crate::{Act, Aim, Fault, Message, Step};
use std::collections::HashMap;

/// A request that may come again, and the run that answered it.
#[derive(Default)]
struct Asked {
    accepted_ns: u64,
    /// What its run has shown.
    shown: Vec<Step>,
    /// How much later its second run shows the same; `None` while there is no second run.
    behind_ns: Option<u64>,
}

/// Answers the retry of a request with a run of its own, which does all that the first run does, as late as the retry came.
pub(super) struct SecondRun {
    aim: Aim,
    asked: HashMap<String, Asked>,
}

impl SecondRun {
    pub(super) fn new(seed: u64) -> Self {
        Self { aim: Aim::new(seed), asked: HashMap::new() }
    }

    fn accepted(&mut self, step: &Step, act: &mut Act<'_>, message: &Message) {
        let Some(request) = message.text("request_id").filter(|request| self.aim.hits(request)) else {
            return;
        };
        let asked = self.asked.entry(request.to_owned()).or_default();
        if message.get("duplicate").and_then(serde_json::Value::as_bool) != Some(true) {
            asked.accepted_ns = step.t_ns;
            return;
        }
        let behind_ns = step.t_ns.saturating_sub(asked.accepted_ns).max(1);
        asked.behind_ns = Some(behind_ns);
        let accepted = with_other_id(message.clone(), "run_id").with("duplicate", false);
        act.say(accepted, "accepted the retry as a new request");
        for shown in std::mem::take(&mut asked.shown) {
            repeat(&shown, behind_ns, act);
        }
    }
}

/// Adds the event of a first run as one of the second.
fn repeat(shown: &Step, behind_ns: u64, act: &mut Act<'_>) {
    let Some(message) = Message::of(shown) else { return };
    let own = ["event_id", "execution_id"].into_iter().fold(message.clone(), with_other_id);
    let own = own.with("run_id", other_id(message.run().unwrap_or_default()));
    let later = Step { t_ns: shown.t_ns.saturating_add(behind_ns), ..own.in_place_of(shown) };
    act.add(later, format!("a `{}` of the second run", message.kind()));
}

impl Fault for SecondRun {
    fn rewrite(&mut self, step: &Step, act: &mut Act<'_>) {
        let Some(message) = act.message() else { return };
        if message.is("request_accepted") {
            return self.accepted(step, act, message);
        }
        let request = act.event().and_then(|(message, _)| message.text("request_id"));
        let Some(asked) = request.and_then(|request| self.asked.get_mut(request)) else { return };
        match asked.behind_ns {
            Some(behind_ns) => repeat(step, behind_ns, act),
            None => asked.shown.push(step.clone()),
        }
    }
}
