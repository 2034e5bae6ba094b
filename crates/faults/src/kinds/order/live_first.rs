//! What happens now overtakes what is replayed.

use crate::{Act, Aim, Fault, Step};
use goldenpath_history::RecordKind;
use std::collections::{BTreeMap, BTreeSet};

/// Lets the replay of a resumed connection wait for the first live event. Its `replay_end` waits with it, or does not.
pub(super) struct LiveBeforeReplay {
    aim: Aim,
    waiting: BTreeMap<u32, Vec<Step>>,
    /// Connections whose replay has ended, as far as the backend is concerned.
    live: BTreeSet<u32>,
}

impl LiveBeforeReplay {
    pub(super) fn new(seed: u64) -> Self {
        Self { aim: Aim::new(seed), waiting: BTreeMap::new(), live: BTreeSet::new() }
    }

    fn wait(&mut self, conn: u32, step: &Step, act: &mut Act<'_>, kind: &str) {
        self.waiting.entry(conn).or_default().push(step.clone());
        act.keep_back(format!("let a replayed `{kind}` wait for the live ones"));
    }
}

impl Fault for LiveBeforeReplay {
    fn rewrite(&mut self, step: &Step, act: &mut Act<'_>) {
        let Some(conn) = step.conn else { return };
        if matches!(step.kind, RecordKind::Close { .. }) {
            self.waiting.remove(&conn).into_iter().flatten().for_each(|kept| act.give_back_before(kept));
            return;
        }
        let Some(message) = act.message() else { return };
        let resumed = act.scene().conn(conn).is_some_and(|conn| conn.recovered == "full");
        if !resumed {
            return;
        }
        let end = message.is("replay_end");
        if message.run().is_some() && !self.live.contains(&conn) {
            if self.aim.hits(&conn.to_string()) {
                self.wait(conn, step, act, message.kind());
            }
        } else if end {
            self.live.insert(conn);
            if self.waiting.contains_key(&conn) && self.aim.choice(&conn.to_string(), 0, 2) == 0 {
                self.wait(conn, step, act, message.kind());
            }
        } else if message.run().is_some() {
            self.waiting.remove(&conn).into_iter().flatten().for_each(|kept| act.give_back(kept));
        }
    }
}
