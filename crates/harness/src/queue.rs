//! What stands between reading tasks and the writing thread: bounded, cheap, and honest about what it drops.
//!
//! A producer takes the lock for one push, and the stamp is taken inside it: so the order of the queue is the
//! order of the stamps. The writer is woken by size or by a timer, never by each record. When it falls behind, readers
//! wait for it and say so (limits are then not judged: the client is overloaded); when that does not help, records are
//! lost and counted.

use crate::SessionClock;
use goldenpath_history::Record;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio_tungstenite::tungstenite::Utf8Bytes;

/// What may wait for the writer, in bytes of frames.
const MAX_BYTES: usize = 64 << 20;

/// From here on readers wait for the writer.
const BEHIND_BYTES: usize = MAX_BYTES / 4;

/// Counted for each entry beside its text.
const ENTRY_BYTES: usize = 96;

/// As many entries wake the writer at once…
const WAKE_AT: usize = 1024;

/// …and fewer after this long.
const WAKE_AFTER: Duration = Duration::from_millis(25);

/// One record on its way to the writer.
#[derive(Debug)]
pub(crate) enum Entry {
    /// A text frame that came in: the common case, without a copy of its text.
    TextIn { t_ns: u64, conn: u32, user: Arc<str>, text: Utf8Bytes },
    /// Anything else.
    Other(Box<Record<'static>>),
}

#[derive(Debug)]
pub(crate) struct Queue {
    clock: SessionClock,
    state: Mutex<State>,
    wake: Condvar,
    behind: AtomicBool,
}

#[derive(Debug, Default)]
struct State {
    entries: Vec<Entry>,
    bytes: usize,
    lost: u64,
    closed: bool,
}

/// What one turn of the writer finds beside the entries.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Turn {
    /// Records dropped since the last turn.
    pub(crate) lost: u64,
    /// Nothing follows.
    pub(crate) closed: bool,
}

impl Queue {
    pub(crate) fn new(clock: SessionClock) -> Self {
        Self { clock, state: Mutex::default(), wake: Condvar::new(), behind: AtomicBool::new(false) }
    }

    pub(crate) fn clock(&self) -> &SessionClock {
        &self.clock
    }

    /// Stamps and queues an entry of `size` bytes of text; gives the stamp.
    pub(crate) fn push(&self, size: usize, entry: impl FnOnce(u64) -> Entry) -> u64 {
        let mut state = self.lock();
        let t_ns = self.clock.now_ns();
        if state.closed || state.bytes > MAX_BYTES {
            state.lost += 1;
            return t_ns;
        }
        state.bytes += size + ENTRY_BYTES;
        state.entries.push(entry(t_ns));
        let full = state.entries.len() == WAKE_AT;
        if state.bytes > BEHIND_BYTES {
            self.behind.store(true, Ordering::Relaxed);
        }
        drop(state);
        if full {
            self.wake.notify_one();
        }
        t_ns
    }

    /// Waits for entries and swaps them into `taken`, which must be empty.
    pub(crate) fn take(&self, taken: &mut Vec<Entry>) -> Turn {
        let waiting = |state: &mut State| !state.closed && state.entries.len() < WAKE_AT;
        let (mut state, _) = self
            .wake
            .wait_timeout_while(self.lock(), WAKE_AFTER, waiting)
            .unwrap_or_else(PoisonError::into_inner);
        std::mem::swap(&mut state.entries, taken);
        state.bytes = 0;
        self.behind.store(false, Ordering::Relaxed);
        Turn { lost: std::mem::take(&mut state.lost), closed: state.closed }
    }

    /// Whether the writer is far behind.
    pub(crate) fn is_behind(&self) -> bool {
        self.behind.load(Ordering::Relaxed)
    }

    /// Says that nothing follows.
    pub(crate) fn close(&self) {
        self.lock().closed = true;
        self.wake.notify_one();
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        // A producer that panicked left at most one entry out; the rest is still whole.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::{Entry, MAX_BYTES, Queue};
    use crate::SessionClock;

    #[test]
    fn a_full_queue_loses_and_counts() {
        let queue = Queue::new(SessionClock::start());
        let entry = |t_ns| Entry::TextIn { t_ns, conn: 1, user: "ada".into(), text: "{}".into() };
        queue.push(MAX_BYTES, entry);
        queue.push(1, entry);
        queue.push(1, entry);
        queue.close();
        let mut taken = Vec::new();
        let turn = queue.take(&mut taken);
        assert_eq!((taken.len(), turn.lost, turn.closed), (1, 2, true));
    }
}
