//! Pings that nobody answers.

use crate::{Act, Aim, Fault, Step};
use std::collections::BTreeMap;

/// Loses the pongs of the connections it hits, from one of them on; of some its heartbeats with them.
pub(super) struct NoPong {
    aim: Aim,
    answered: usize,
    heartbeats: bool,
    pongs: BTreeMap<u32, usize>,
}

impl NoPong {
    pub(super) fn new(seed: u64) -> Self {
        let mut aim = Aim::new(seed);
        let (answered, heartbeats) = (aim.pick(5), aim.pick(3) == 0);
        Self { aim, answered, heartbeats, pongs: BTreeMap::new() }
    }
}

impl Fault for NoPong {
    fn rewrite(&mut self, step: &Step, act: &mut Act<'_>) {
        let (Some(conn), Some(message)) = (step.conn, act.message()) else { return };
        let (pong, heartbeat) = (message.is("pong"), message.is("heartbeat"));
        if !(pong || heartbeat && self.heartbeats) || !self.aim.hits(&conn.to_string()) {
            return;
        }
        let seen = self.pongs.entry(conn).or_default();
        if *seen < self.answered {
            *seen += usize::from(pong);
            return;
        }
        act.lose(if pong { "lost a pong" } else { "lost a heartbeat" });
    }
}
