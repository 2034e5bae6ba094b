//! Closes that never come to their end.

use crate::{Act, Aim, Fault, Step};
use goldenpath_history::{CLOSE_NOT_ANSWERED, ClosedBy, RecordKind};

/// How long a client waits for the answer to its Close.
const PATIENCE_NS: u64 = 10_000_000_000;

/// The client's Close is not answered, or the server's own never follows its announcement.
pub(super) struct Unfinished {
    aim: Aim,
    own: bool,
}

impl Unfinished {
    pub(super) fn new(seed: u64) -> Self {
        let mut aim = Aim::new(seed);
        let own = aim.pick(2) == 0;
        Self { aim, own }
    }
}

impl Fault for Unfinished {
    fn rewrite(&mut self, step: &Step, act: &mut Act<'_>) {
        let (Some(conn), RecordKind::Close { code: Some(_), by, .. }) = (step.conn, &step.kind) else {
            return;
        };
        let theirs = match by {
            ClosedBy::Server => self.own,
            ClosedBy::Client => !self.own,
            ClosedBy::Transport => false,
        };
        if !theirs || !self.aim.hits(&conn.to_string()) {
            return;
        }
        if self.own {
            return act.lose("the Close that was announced");
        }
        let kind =
            RecordKind::Close { code: None, reason: Some(CLOSE_NOT_ANSWERED.into()), by: ClosedBy::Client };
        let given_up = Step { t_ns: step.t_ns.saturating_add(PATIENCE_NS), kind, ..step.clone() };
        act.alter(given_up, "the client's Close is not answered");
    }
}
