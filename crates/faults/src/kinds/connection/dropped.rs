//! Connections that end when they should not, and do not say why.

use crate::{Act, Aim, Fault, Message, Step};
use goldenpath_history::{Direction, RecordKind, Trial};
use std::collections::BTreeSet;

/// The transport ends in mid-run.
pub(super) struct MidRun {
    aim: Aim,
    /// The last event that passes, by its `seq`: small, so that every run has one after it.
    after: u64,
}

impl MidRun {
    pub(super) fn new(seed: u64) -> Self {
        let mut aim = Aim::one_in(seed, 4);
        let after = 1 + aim.pick(5) as u64;
        Self { aim, after }
    }
}

impl Fault for MidRun {
    fn rewrite(&mut self, _: &Step, act: &mut Act<'_>) {
        let Some((message, run)) = act.event() else { return };
        if self.aim.hits(run) && message.whole("seq") == Some(self.after + 1) {
            act.cut(None, "", format!("the transport ends after event {} of the run", self.after));
        }
    }
}

/// A run fails, and its connection is closed as if all were well: before the failure is told, or right after it.
pub(super) struct OnError {
    aim: Aim,
    before: bool,
    next: BTreeSet<u32>,
}

impl OnError {
    pub(super) fn new(seed: u64) -> Self {
        let mut aim = Aim::new(seed);
        let before = aim.pick(2) == 0;
        Self { aim, before, next: BTreeSet::new() }
    }
}

impl Fault for OnError {
    fn rewrite(&mut self, step: &Step, act: &mut Act<'_>) {
        let Some(conn) = step.conn else { return };
        let ends =
            matches!(step.kind, RecordKind::Frame { dir: Direction::In, .. } | RecordKind::Close { .. });
        if ends && self.next.remove(&conn) {
            return act.cut(Some(1000), "", "closed with 1000 after a run had failed");
        }
        let Some((message, run)) = act.event() else { return };
        if !message.is("agent_failed") || !self.aim.hits(run) {
            return;
        }
        if self.before {
            act.cut(Some(1000), "", "closed with 1000 instead of the failure of a run");
        } else {
            self.next.insert(conn);
        }
    }
}

/// Told to stop, the server just ends: at once, or when it has nothing more to write on a connection.
pub(super) struct AtStop {
    at_once: bool,
    stopping: bool,
}

impl AtStop {
    pub(super) fn new(seed: u64) -> Self {
        let at_once = Aim::new(seed).pick(2) == 0;
        Self { at_once, stopping: false }
    }
}

impl Fault for AtStop {
    fn rewrite(&mut self, step: &Step, act: &mut Act<'_>) {
        self.stopping |= Trial::of(&step.kind) == Some(Trial::TargetStopping);
        let open = step.conn.and_then(|conn| act.scene().conn(conn)).is_some_and(|conn| conn.open);
        if !self.stopping || !matches!(step.kind, RecordKind::Frame { dir: Direction::In, .. }) || !open {
            return;
        }
        let closing = Message::of(step).is_some_and(|message| message.is("closing"));
        if self.at_once || closing {
            act.cut(None, "", "the transport ends when the server is told to stop");
        }
    }
}
