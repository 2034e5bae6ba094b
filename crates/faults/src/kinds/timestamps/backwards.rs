//! A clock that is set back.

use super::part::{made_at, made_ms};
use crate::{Act, Aim, Fault, Step};
use std::collections::HashMap;

/// Lets one event of a run be made before its predecessor, or all from there on be made as much earlier.
pub(super) struct GoesBack {
    aim: Aim,
    /// When the event before was made, by its run and `seq`.
    made: HashMap<(String, u64), i64>,
}

impl GoesBack {
    pub(super) fn new(seed: u64) -> Self {
        Self { aim: Aim::new(seed), made: HashMap::new() }
    }
}

impl Fault for GoesBack {
    fn rewrite(&mut self, _: &Step, act: &mut Act<'_>) {
        let Some((message, run)) = act.event() else { return };
        let (Some(made), Some(seq)) = (made_ms(message), message.whole("seq")) else { return };
        if !self.aim.hits(run) {
            return;
        }
        let from = 2 + self.aim.choice(run, 0, 3) as u64;
        if seq <= from {
            self.made.insert((run.to_owned(), seq), made);
        }
        let alone = self.aim.choice(run, 1, 2) == 0;
        if seq < from || (alone && seq > from) {
            return;
        }
        let at = |seq: u64| self.made.get(&(run.to_owned(), seq)).copied();
        let (Some(before), Some(own)) = (at(from - 1), at(from)) else { return };
        let back = own - before + 1 + self.aim.choice(run, 2, 250) as i64;
        act.say(made_at(message, made - back), format!("made {back} ms earlier"));
    }
}
