//! A user whose turn never comes, or comes last.

use crate::{Act, Aim, Fault, Step};
use std::collections::BTreeSet;

/// Among the first so many users is the one.
const AMONG: usize = 8;

/// Lets one user wait for many seconds for each run, or for ever.
pub(super) struct Starved {
    place: usize,
    /// `None`: for ever.
    wait_ns: Option<u64>,
    users: Vec<String>,
    held: BTreeSet<String>,
}

impl Starved {
    pub(super) fn new(seed: u64) -> Self {
        let mut aim = Aim::new(seed);
        let place = aim.pick(AMONG);
        let wait_ns = (aim.pick(4) > 0).then(|| 6_000_000_000 + 500_000_000 * aim.pick(40) as u64);
        Self { place, wait_ns, users: Vec::new(), held: BTreeSet::new() }
    }
}

impl Fault for Starved {
    fn rewrite(&mut self, step: &Step, act: &mut Act<'_>) {
        let Some((message, run)) = act.event() else { return };
        let user = message.text("user_id").unwrap_or_default();
        if !self.users.iter().any(|known| known == user) {
            self.users.push(user.to_owned());
        }
        if self.users.get(self.place).is_none_or(|starved| starved != user) {
            return;
        }
        match self.wait_ns {
            None => act.lose("nothing for this user"),
            Some(wait_ns) => {
                if self.held.insert(run.to_owned()) {
                    act.hold(step.t_ns.saturating_add(wait_ns), "this user waits");
                }
            }
        }
    }
}
