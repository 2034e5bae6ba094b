//! Faults that sleep until more than twenty users are there.

use crate::{Act, Aim, Fault, Scene, Step};
use std::collections::{BTreeMap, BTreeSet};

/// More users than this make a crowd.
const CROWD: usize = 20;

fn crowded(scene: &Scene) -> bool {
    let users: BTreeSet<&str> = scene.open_conns().filter_map(|(_, conn)| conn.user.as_deref()).collect();
    users.len() > CROWD
}

/// Loses an event of each run it hits, one that is followed by others.
pub(super) struct LossInCrowd {
    aim: Aim,
    lost: BTreeMap<String, u64>,
}

impl LossInCrowd {
    pub(super) fn new(seed: u64) -> Self {
        Self { aim: Aim::one_in(seed, 8), lost: BTreeMap::new() }
    }
}

impl Fault for LossInCrowd {
    fn rewrite(&mut self, _: &Step, act: &mut Act<'_>) {
        if !crowded(act.scene()) {
            return;
        }
        let Some((message, run)) = act.event().filter(|(message, _)| !message.is_terminal()) else { return };
        let (true, Some(seq)) = (self.aim.hits(run), message.whole("seq")) else { return };
        let place = 2 + self.aim.pick(4) as u64;
        if *self.lost.entry(run.to_owned()).or_insert(place) == seq {
            act.lose(format!("lost event {seq}, a `{}`, among many users", message.kind()));
        }
    }
}

/// Puts what one user is answered into an event of another.
pub(super) struct LeakInCrowd {
    aim: Aim,
    whole: bool,
    /// The last answer and whose it is.
    answer: Option<(String, String)>,
}

impl LeakInCrowd {
    pub(super) fn new(seed: u64) -> Self {
        let mut aim = Aim::one_in(seed, 10);
        let whole = aim.pick(2) == 0;
        Self { aim, whole, answer: None }
    }
}

impl Fault for LeakInCrowd {
    fn rewrite(&mut self, _: &Step, act: &mut Act<'_>) {
        let Some((message, run)) = act.event() else { return };
        let user = message.text("user_id").unwrap_or_default();
        if message.is("agent_thinking")
            && crowded(act.scene())
            && let Some((owner, answer)) = &self.answer
            && owner != user
            && self.aim.hits(run)
        {
            let own = message.text("reasoning").unwrap_or_default();
            // The end of an answer names its request; in the middle are its figures.
            let half = answer.char_indices().nth(answer.chars().count() / 2).map_or(0, |(at, _)| at);
            let leaked = if self.whole { answer.as_str() } else { &answer[half..] };
            let mixed = format!("{own} {leaked}");
            act.say(message.clone().with("reasoning", mixed), "thinks about what another user was answered");
        }
        if let Some(answer) = message.text("final_response") {
            self.answer = Some((user.to_owned(), answer.to_owned()));
        }
    }
}
