//! Streams that outlive their token.

use crate::message::raw_in_place_of;
use crate::noted::probe;
use crate::{Act, Aim, Fault, Step};
use goldenpath_history::{ClosedBy, RecordKind};
use serde_json::json;
use std::collections::BTreeSet;

const SECOND: u64 = 1_000_000_000;

/// Keeps connections open whose token has ended: their closing is lost, or comes far too late.
pub(super) struct Outlived {
    aim: Aim,
    /// The code that such a connection should be closed with.
    code: u16,
    /// The limit is so long after the server would have closed.
    spare_ns: u64,
    open: BTreeSet<u32>,
}

impl Outlived {
    /// Past expiry and grace.
    pub(super) fn expiry(seed: u64) -> Self {
        Self { aim: Aim::all(seed), code: 4005, spare_ns: 3 * SECOND, open: BTreeSet::new() }
    }

    /// Past a revocation.
    pub(super) fn revocation(seed: u64) -> Self {
        Self { aim: Aim::new(seed), code: 4503, spare_ns: 5 * SECOND / 2, open: BTreeSet::new() }
    }

    /// Whether the step is the end of a stream whose token has ended, or announces it.
    fn ends(&self, step: &Step, act: &Act<'_>) -> bool {
        let announced = act
            .message()
            .is_some_and(|message| message.is("closing") && message.whole("code") == Some(self.code.into()));
        announced || matches!(&step.kind, RecordKind::Close { code, .. } if *code == Some(self.code))
    }

    fn goes_on(&mut self, conn: u32, step: &Step, act: &mut Act<'_>) {
        if !self.open.insert(conn) {
            return;
        }
        let late = self.spare_ns + self.aim.pick(3_000) as u64 * (SECOND / 1_000);
        let mut heartbeat = raw_in_place_of(step, json!({ "type": "heartbeat", "offset": 0 }).to_string());
        heartbeat.t_ns += late / 2;
        if self.aim.pick(2) == 0 {
            act.add(heartbeat, "the stream goes on");
        }
        let (code, by) = match self.aim.pick(2) {
            0 => (self.code, ClosedBy::Server),
            _ => (1000, ClosedBy::Client),
        };
        let kind = RecordKind::Close { code: Some(code), reason: None, by };
        act.add(Step { t_ns: step.t_ns + late, kind, ..step.clone() }, "closed far too late");
    }
}

impl Fault for Outlived {
    fn rewrite(&mut self, step: &Step, act: &mut Act<'_>) {
        if probe(step, "expiry").is_some_and(|_| !self.open.is_empty()) {
            return act.lose("nobody noticed the end of the token");
        }
        let Some(conn) = step.conn else { return };
        if self.ends(step, act) && self.aim.hits(&conn.to_string()) {
            self.goes_on(conn, step, act);
            act.lose("the end of a stream whose token had ended");
        }
    }
}
