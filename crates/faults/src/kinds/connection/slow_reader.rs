//! What a backend does wrong about a reader that does not read.
//!
//! That a reader stalls is told by the mark that its driver leaves; a proxy tells it when its own writes to the client stop
//! going through. What comes for it meanwhile, or waits until it reads again, is what such a backend would throw away.

use crate::{Act, Aim, Fault, Step};
use goldenpath_history::Trial;
use std::collections::BTreeMap;

/// For how long after it reads again what waited is still coming.
const CATCHING_UP_NS: u64 = 300_000_000;

/// Whose reader stalls, and until when it is catching up.
#[derive(Default)]
struct Readers {
    /// `None`: it does not read.
    until_ns: BTreeMap<u32, Option<u64>>,
}

impl Readers {
    fn see(&mut self, step: &Step) {
        let Some(conn) = step.conn else { return };
        match Trial::of(&step.kind) {
            Some(Trial::ReaderStalled) => {
                self.until_ns.insert(conn, None);
            }
            Some(Trial::ReaderReads) => {
                self.until_ns.insert(conn, Some(step.t_ns.saturating_add(CATCHING_UP_NS)));
            }
            _ => {}
        }
    }

    fn behind(&self, conn: u32, now_ns: u64) -> bool {
        self.until_ns.get(&conn).is_some_and(|until| until.is_none_or(|until| now_ns <= until))
    }

    fn somebody_stalls(&self) -> bool {
        self.until_ns.values().any(Option::is_none)
    }
}

/// Events for a slow reader are dropped when its buffer is full, and nobody says so: the newest, or some in the middle.
pub(crate) struct DroppedWhileSlow {
    readers: Readers,
    buffer: usize,
    lost: usize,
    seen: BTreeMap<u32, usize>,
}

impl DroppedWhileSlow {
    pub(crate) fn new(seed: u64) -> Self {
        let mut aim = Aim::new(seed);
        let buffer = aim.pick(3);
        let lost = if aim.pick(3) == 0 { usize::MAX } else { 1 + aim.pick(4) };
        Self { readers: Readers::default(), buffer, lost, seen: BTreeMap::new() }
    }
}

impl Fault for DroppedWhileSlow {
    fn rewrite(&mut self, step: &Step, act: &mut Act<'_>) {
        self.readers.see(step);
        let Some(conn) = step.conn else { return };
        let Some((message, _)) = act.event() else { return };
        if !self.readers.behind(conn, step.t_ns) {
            return;
        }
        let seen = self.seen.entry(conn).or_default();
        *seen += 1;
        if *seen > self.buffer && *seen - self.buffer <= self.lost {
            act.lose(format!("no room for a `{}`", message.kind()));
        }
    }
}

/// While one reader stalls, the others get nothing: all of them, or the reader's own other connections.
pub(super) struct OthersStalled {
    readers: Readers,
    own_only: bool,
    for_ns: u64,
    held: BTreeMap<u32, u64>,
}

impl OthersStalled {
    pub(super) fn new(seed: u64) -> Self {
        let mut aim = Aim::new(seed);
        let own_only = aim.pick(2) == 0;
        let for_ns = 800_000_000 + 100_000_000 * aim.pick(40) as u64;
        Self { readers: Readers::default(), own_only, for_ns, held: BTreeMap::new() }
    }
}

impl Fault for OthersStalled {
    fn rewrite(&mut self, step: &Step, act: &mut Act<'_>) {
        self.readers.see(step);
        let Some(conn) = step.conn else { return };
        if act.event().is_none() || self.readers.behind(conn, step.t_ns) || !self.readers.somebody_stalls() {
            return;
        }
        let user = act.scene().user_of(conn);
        let theirs = |stalled: &u32| act.scene().user_of(*stalled) == user;
        let stalled = self.readers.until_ns.iter().filter(|(_, until)| until.is_none()).map(|(conn, _)| conn);
        if self.own_only && !stalled.into_iter().any(theirs) {
            return;
        }
        // Held once, until the stalled write is given up.
        if !self.held.contains_key(&conn) {
            let until_ns = step.t_ns.saturating_add(self.for_ns);
            self.held.insert(conn, until_ns);
            act.hold(until_ns, "waits for a reader that does not read");
        }
    }
}
