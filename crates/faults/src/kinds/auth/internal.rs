//! Authentication failures that look like the server's own, so that clients come back at once.

use super::admitted::{close_after, let_in, refused_for};
use crate::{Act, Aim, Fault, Step};
use goldenpath_history::ClosedBy;

const MS: u64 = 1_000_000;

/// Connections that only a storm makes have numbers from here on.
const STORM: u32 = 3_000_000_000;

const REASONS: [&str; 5] =
    ["", "internal error", "Authentication failed", "Token validation error", "unexpected condition"];

/// Accepts the socket, fails on the token, closes with 1011; the client storms back.
pub(super) struct ClosedAsInternal {
    aim: Aim,
    reason: &'static str,
    storm: u32,
}

impl ClosedAsInternal {
    pub(super) fn new(seed: u64) -> Self {
        let mut aim = Aim::new(seed);
        let reason = REASONS[aim.pick(REASONS.len())];
        Self { aim, reason, storm: STORM }
    }
}

impl Fault for ClosedAsInternal {
    fn rewrite(&mut self, step: &Step, act: &mut Act<'_>) {
        let Some(case) = refused_for(step).filter(|case| *case != "in_query" && self.aim.hits(case)) else {
            return;
        };
        act.alter(let_in(step), format!("a token that was `{case}` got as far as a socket"));
        act.add(
            close_after(step, 2 * MS, 1011, self.reason, ClosedBy::Server),
            "closed as an internal error",
        );
        for attempt in 1..=2 + self.aim.pick(6) as u64 {
            let mut again = let_in(step);
            again.conn = Some(self.storm);
            again.t_ns += attempt * 3 * MS;
            self.storm += 1;
            let closed = close_after(&again, MS, 1011, self.reason, ClosedBy::Server);
            act.add(again, "the client comes back at once");
            act.add(closed, "closed as an internal error again");
        }
    }
}
