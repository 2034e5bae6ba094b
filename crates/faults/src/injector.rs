//! Runs one fault over steps, and keeps what it delays until it is due.

use crate::act::Act;
use crate::catalogue::FaultInfo;
use crate::fault::{Fault, Step};
use crate::message::Message;
use crate::receipt::Receipt;
use crate::scene::Scene;
use goldenpath_history::{ClosedBy, RecordKind};
use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet, BinaryHeap};

/// A fault at work between clients and a backend. Feed it steps in the order of time, take those that are due.
///
/// `T` is what a step came in, such as the frames of a message: it leaves with the step that stands for it, and is dropped
/// with a step that is lost.
pub struct Injector<T = ()> {
    id: &'static str,
    fault: Box<dyn Fault>,
    scene: Scene,
    queue: BinaryHeap<Reverse<Queued<T>>>,
    held: BTreeMap<u32, u64>,
    cut: BTreeSet<u32>,
    /// When the last of each connection's steps is due.
    last_due: BTreeMap<u32, u64>,
    fed: u64,
    receipts: Vec<Receipt>,
}

/// A step on its way; of two that are due at once the one that was queued first goes first.
struct Queued<T> {
    due_ns: u64,
    order: u64,
    due: Due<T>,
}

/// A step that has come to its time.
#[derive(Debug)]
pub struct Due<T> {
    /// It, with the time of its arrival.
    pub step: Step,
    /// What it came in; `None` for what the fault made up.
    pub origin: Option<T>,
    /// Whether nothing but its time was changed.
    pub as_it_came: bool,
}

impl<T> PartialEq for Queued<T> {
    fn eq(&self, other: &Self) -> bool {
        (self.due_ns, self.order) == (other.due_ns, other.order)
    }
}

impl<T> Eq for Queued<T> {}

impl<T> PartialOrd for Queued<T> {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl<T> Ord for Queued<T> {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        (self.due_ns, self.order).cmp(&(other.due_ns, other.order))
    }
}

impl<T> std::fmt::Debug for Injector<T> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Injector")
            .field("fault", &self.id)
            .field("queued", &self.queue.len())
            .finish_non_exhaustive()
    }
}

impl<T> Injector<T> {
    /// The fault of a row, with its choices made by `seed`.
    #[must_use]
    pub fn new(info: &FaultInfo, seed: u64) -> Self {
        Self::with(info.id, (info.make)(seed))
    }

    /// A fault of one's own, under the name that its receipts carry.
    #[must_use]
    pub fn with(id: &'static str, fault: Box<dyn Fault>) -> Self {
        Self {
            id,
            fault,
            scene: Scene::default(),
            queue: BinaryHeap::new(),
            held: BTreeMap::new(),
            cut: BTreeSet::new(),
            last_due: BTreeMap::new(),
            fed: 0,
            receipts: Vec::new(),
        }
    }

    /// What the fault may look up.
    #[must_use]
    pub fn scene(&self) -> &Scene {
        &self.scene
    }

    /// Takes in a step and what it came in. What becomes of it is due at its own time or later.
    pub fn feed_with(&mut self, step: Step, origin: T) {
        let message = Message::of(&step);
        self.scene.see(&step, message.as_ref());
        if step.conn.is_some_and(|conn| self.cut.contains(&conn)) {
            return;
        }
        let mut act = Act::new(self.id, &self.scene, &step, message.as_ref());
        self.fault.rewrite(&step, &mut act);
        let Act { passes, before, stand_in, after, delay_ns, holds, cuts, receipts, .. } = act;
        self.receipts.extend(receipts);
        for (conn, until_ns) in holds {
            let held = self.held.entry(conn).or_default();
            *held = until_ns.max(*held);
        }
        let now_ns = step.t_ns;
        let mut origin = Some(origin);
        for (place, step) in before.into_iter().enumerate() {
            let origin = if stand_in == Some(place) { origin.take() } else { None };
            self.queue(Due { step, origin, as_it_came: false }, now_ns.saturating_add(delay_ns));
        }
        if passes {
            self.queue(Due { step, origin, as_it_came: true }, now_ns.saturating_add(delay_ns));
        }
        for step in after {
            self.queue(Due { step, origin: None, as_it_came: false }, now_ns);
        }
        for step in cuts {
            let conn = step.conn;
            self.queue(Due { step, origin: None, as_it_came: false }, now_ns);
            self.cut.extend(conn);
        }
    }

    /// Takes in what no fault has a say in. It waits with its connection, and ends with it.
    pub fn pass_with(&mut self, step: Step, origin: T) {
        let now_ns = step.t_ns;
        self.queue(Due { step, origin: Some(origin), as_it_came: true }, now_ns);
    }

    fn queue(&mut self, due: Due<T>, earliest_ns: u64) {
        let step = &due.step;
        if step.conn.is_some_and(|conn| self.cut.contains(&conn)) {
            return;
        }
        let held = step.conn.and_then(|conn| self.held.get(&conn)).copied().unwrap_or(0);
        let mut due_ns = step.t_ns.max(earliest_ns).max(held);
        if let Some(conn) = step.conn {
            let last_due = self.last_due.entry(conn).or_default();
            // What was sent before a server's Close arrives before it.
            if matches!(step.kind, RecordKind::Close { by: ClosedBy::Server | ClosedBy::Transport, .. }) {
                due_ns = due_ns.max(*last_due);
            }
            *last_due = due_ns.max(*last_due);
        }
        self.fed += 1;
        self.queue.push(Reverse(Queued { due_ns, order: self.fed, due }));
    }

    /// When the last of a connection's steps is due, as far as it is known.
    #[must_use]
    pub fn last_due_ns(&self, conn: u32) -> u64 {
        self.last_due.get(&conn).copied().unwrap_or(0)
    }

    /// When the next step is due; `None` when none waits.
    #[must_use]
    pub fn next_due_ns(&self) -> Option<u64> {
        self.queue.peek().map(|Reverse(next)| next.due_ns)
    }

    /// The next step that is due by `now_ns`, with what it came in.
    pub fn take_due_with(&mut self, now_ns: u64) -> Option<Due<T>> {
        if self.next_due_ns()? > now_ns {
            return None;
        }
        let Reverse(Queued { due_ns, mut due, .. }) = self.queue.pop()?;
        due.step.t_ns = due_ns;
        Some(due)
    }

    /// The receipts written since this was last asked.
    pub fn take_receipts(&mut self) -> Vec<Receipt> {
        std::mem::take(&mut self.receipts)
    }
}

impl Injector {
    /// Takes in a step. What becomes of it is due at its own time or later.
    pub fn feed(&mut self, step: Step) {
        self.feed_with(step, ());
    }

    /// The next step that is due by `now_ns`, with the time of its arrival in it.
    pub fn take_due(&mut self, now_ns: u64) -> Option<Step> {
        self.take_due_with(now_ns).map(|due| due.step)
    }
}
