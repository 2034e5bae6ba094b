//! What stands between reading tasks and the writing thread: bounded, cheap, and honest about what it drops.
//!
//! A producer takes the lock for one push, and the stamp is taken inside it: so the order of the queue is the
//! order of the stamps. Frames are copied into one text, which the writer takes whole and gives back emptied: nothing is
//! allocated for a frame, and the socket's buffer is free at once for its next read.
//! The writer is woken by size or by a timer, never by each record. When it falls behind, readers
//! wait for it and say so (limits are then not judged: the client is overloaded); when that does not help, records are
//! lost and counted.

use crate::SessionClock;
use goldenpath_history::Record;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::sync::Notify;

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

/// Memory of a batch that is kept for the next; only a burst needs more.
const KEPT_BYTES: usize = 4 << 20;

/// One record on its way to the writer.
#[derive(Debug)]
enum Entry {
    /// A text frame that came in: the common case. Its user's name and its text lie next in the batch's text.
    TextIn { t_ns: u64, conn: u32, user: usize, text: usize },
    /// Anything else.
    Other(Box<Record<'static>>),
}

/// What the writer takes at a time.
#[derive(Debug, Default)]
pub(crate) struct Batch {
    entries: Vec<Entry>,
    texts: String,
}

/// One record, as the writer sees it.
#[derive(Debug)]
pub(crate) enum Taken<'a> {
    /// A text frame that came in.
    TextIn {
        /// When.
        t_ns: u64,
        /// On which connection.
        conn: u32,
        /// Whose it is.
        user: &'a str,
        /// The frame.
        text: &'a str,
    },
    /// Anything else.
    Other(&'a Record<'static>),
}

impl Batch {
    /// Shows each record, in order.
    pub(crate) fn for_each(&self, mut see: impl FnMut(Taken<'_>)) {
        let mut rest = self.texts.as_str();
        let mut next = |length| {
            // Each length is that of a text that was put there.
            let (text, after) = rest.split_at_checked(length).unwrap_or_default();
            rest = after;
            text
        };
        for entry in &self.entries {
            see(match entry {
                Entry::TextIn { t_ns, conn, user, text } => {
                    Taken::TextIn { t_ns: *t_ns, conn: *conn, user: next(*user), text: next(*text) }
                }
                Entry::Other(record) => Taken::Other(record),
            });
        }
    }

    /// Empties it for its next use.
    pub(crate) fn clear(&mut self) {
        self.entries.clear();
        self.texts.clear();
        self.entries.shrink_to(KEPT_BYTES / ENTRY_BYTES);
        self.texts.shrink_to(KEPT_BYTES);
    }
}

#[derive(Debug)]
pub(crate) struct Queue {
    clock: SessionClock,
    state: Mutex<State>,
    wake: Condvar,
    behind: AtomicBool,
    /// Wakes who waits for the writer.
    caught_up: Notify,
}

#[derive(Debug, Default)]
struct State {
    batch: Batch,
    bytes: usize,
    lost: u64,
    closed: Option<Closed>,
}

/// Why nothing follows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Closed {
    /// All that was to be recorded was.
    Finished,
    /// Nobody cares any more.
    Dropped,
}

/// What one turn of the writer finds beside the entries.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Turn {
    /// When it was taken: after every entry of the batch, before all that follow.
    pub(crate) t_ns: u64,
    /// Records dropped since the last turn.
    pub(crate) lost: u64,
    /// Set when nothing follows.
    pub(crate) closed: Option<Closed>,
}

impl Queue {
    pub(crate) fn new(clock: SessionClock) -> Self {
        let behind = AtomicBool::new(false);
        Self { clock, state: Mutex::default(), wake: Condvar::new(), behind, caught_up: Notify::new() }
    }

    pub(crate) fn clock(&self) -> &SessionClock {
        &self.clock
    }

    /// Stamps and queues a text frame that came in; gives the stamp.
    pub(crate) fn push_text(&self, conn: u32, user: &str, text: &str) -> u64 {
        self.push(user.len() + text.len(), |t_ns, batch| {
            batch.texts.push_str(user);
            batch.texts.push_str(text);
            Entry::TextIn { t_ns, conn, user: user.len(), text: text.len() }
        })
    }

    /// Stamps and queues any record, with `size` bytes of text; gives the stamp.
    pub(crate) fn push_record(&self, size: usize, record: impl FnOnce(u64) -> Record<'static>) -> u64 {
        self.push(size, |t_ns, _| Entry::Other(Box::new(record(t_ns))))
    }

    fn push(&self, size: usize, entry: impl FnOnce(u64, &mut Batch) -> Entry) -> u64 {
        let mut state = self.lock();
        let t_ns = self.clock.now_ns();
        if state.closed.is_some() || state.bytes > MAX_BYTES {
            state.lost += 1;
            return t_ns;
        }
        state.bytes += size + ENTRY_BYTES;
        let entry = entry(t_ns, &mut state.batch);
        state.batch.entries.push(entry);
        let full = state.batch.entries.len() == WAKE_AT;
        if state.bytes > BEHIND_BYTES {
            self.behind.store(true, Ordering::Relaxed);
        }
        drop(state);
        if full {
            self.wake.notify_one();
        }
        t_ns
    }

    /// Waits for records and swaps them into `taken`, which must be empty.
    pub(crate) fn take(&self, taken: &mut Batch) -> Turn {
        let waiting = |state: &mut State| state.closed.is_none() && state.batch.entries.len() < WAKE_AT;
        let (mut state, _) = self
            .wake
            .wait_timeout_while(self.lock(), WAKE_AFTER, waiting)
            .unwrap_or_else(PoisonError::into_inner);
        std::mem::swap(&mut state.batch, taken);
        state.bytes = 0;
        self.catch_up();
        Turn { t_ns: self.clock.now_ns(), lost: std::mem::take(&mut state.lost), closed: state.closed }
    }

    /// Whether the writer is far behind.
    pub(crate) fn is_behind(&self) -> bool {
        self.behind.load(Ordering::Relaxed)
    }

    /// Waits until it no longer is.
    pub(crate) async fn caught_up(&self) {
        loop {
            // Enabled before the look, so that no turn of the writer in between is missed.
            let mut turn = std::pin::pin!(self.caught_up.notified());
            turn.as_mut().enable();
            if !self.is_behind() {
                return;
            }
            turn.await;
        }
    }

    fn catch_up(&self) {
        if self.behind.swap(false, Ordering::Relaxed) {
            self.caught_up.notify_waiters();
        }
    }

    /// Says that nothing follows. Whoever says it first is right.
    pub(crate) fn close(&self, how: Closed) {
        self.lock().closed.get_or_insert(how);
        self.catch_up();
        self.wake.notify_one();
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        // A producer that panicked left at most one entry out; the rest is still whole.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::{BEHIND_BYTES, Batch, Closed, MAX_BYTES, Queue, Taken};
    use crate::SessionClock;
    use goldenpath_history::{Record, RecordKind};

    fn mark(t_ns: u64) -> Record<'static> {
        Record { t_ns, conn: None, user: None, kind: RecordKind::Mark { name: "x".into(), note: None } }
    }

    #[test]
    fn a_full_queue_loses_and_counts() {
        let queue = Queue::new(SessionClock::start());
        queue.push_record(MAX_BYTES, mark);
        queue.push_text(1, "ada", "{}");
        queue.push_record(1, mark);
        queue.close(Closed::Finished);
        let mut batch = Batch::default();
        let turn = queue.take(&mut batch);
        assert_eq!((batch.entries.len(), turn.lost, turn.closed), (1, 2, Some(Closed::Finished)));
    }

    #[test]
    fn who_waits_for_the_writer_is_woken_by_its_turn_or_its_end() {
        let turn: fn(&Queue) = |queue| {
            queue.take(&mut Batch::default());
        };
        let end: fn(&Queue) = |queue| queue.close(Closed::Dropped);
        for relieve in [turn, end] {
            let queue = Queue::new(SessionClock::start());
            queue.push_record(BEHIND_BYTES, mark);
            let mut waiting = std::pin::pin!(queue.caught_up());
            let mut look = std::task::Context::from_waker(std::task::Waker::noop());
            assert!(waiting.as_mut().poll(&mut look).is_pending());
            relieve(&queue);
            assert!(waiting.as_mut().poll(&mut look).is_ready());
        }
    }

    #[test]
    fn a_batch_gives_each_record_its_own_text_in_the_order_of_the_stamps() {
        let queue = Queue::new(SessionClock::start());
        let mut batch = Batch::default();
        for round in 0..2 {
            queue.push_text(1, "ada", "{\"é\":1}");
            queue.push_record(0, mark);
            queue.push_text(2, "", "");
            queue.push_text(3, "bob", "last");
            queue.close(Closed::Finished);
            let turn = queue.take(&mut batch);
            let (mut seen, mut last) = (Vec::new(), 0);
            batch.for_each(|taken| {
                let (t_ns, what) = match taken {
                    Taken::TextIn { t_ns, conn, user, text } => (t_ns, format!("{conn} {user} {text}")),
                    Taken::Other(record) => (record.t_ns, "mark".to_owned()),
                };
                assert!(t_ns >= last, "round {round}");
                last = t_ns;
                seen.push(what);
            });
            assert!(turn.t_ns >= last);
            assert_eq!(seen, ["1 ada {\"é\":1}", "mark", "2  ", "3 bob last"]);
            batch.clear();
            queue.lock().closed = None;
        }
    }
}
