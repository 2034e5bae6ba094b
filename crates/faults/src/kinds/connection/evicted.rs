//! A user's second connection costs them the first.

use crate::message::raw_in_place_of;
use crate::{Act, Aim, Fault, Step};
use goldenpath_history::{Direction, RecordKind};
use goldenpath_protocol::{CloseCode, ServerFrame};
use std::collections::BTreeSet;

/// Ends a user's first connection when another joins: with a code that is not true, with one that says nothing, or with none.
pub(super) struct Evicted {
    aim: Aim,
    how: usize,
    evicted: BTreeSet<u32>,
}

impl Evicted {
    pub(super) fn new(seed: u64) -> Self {
        let mut aim = Aim::new(seed);
        let how = aim.pick(4);
        Self { aim, how, evicted: BTreeSet::new() }
    }
}

impl Fault for Evicted {
    fn rewrite(&mut self, step: &Step, act: &mut Act<'_>) {
        let Some(conn) = step.conn else { return };
        if act.message().is_some_and(|message| message.is("connection_established")) {
            let user = act.scene().user_of(conn).map(str::to_owned);
            let first = act
                .scene()
                .open_conns()
                .find(|(other, view)| *other != conn && view.user == user)
                .map(|(other, _)| other);
            if let (Some(user), Some(first)) = (user, first)
                && self.aim.hits(&user)
            {
                self.evicted.insert(first);
            }
            return;
        }
        let frame = matches!(step.kind, RecordKind::Frame { dir: Direction::In, .. });
        if !frame || !self.evicted.remove(&conn) {
            return;
        }
        let what = "the first connection makes room for the second";
        match self.how {
            0 => {
                let closing = ServerFrame::closing(CloseCode::Replaced, 0);
                if let Ok(raw) = serde_json::to_string(&closing) {
                    act.add_before(raw_in_place_of(step, raw), what);
                }
                act.cut(Some(CloseCode::Replaced.code()), CloseCode::Replaced.reason(), what);
            }
            1 => act.cut(Some(CloseCode::Replaced.code()), CloseCode::Replaced.reason(), what),
            2 => act.cut(Some(1008), "too many connections", what),
            _ => act.cut(Some(1001), "", what),
        }
    }
}
