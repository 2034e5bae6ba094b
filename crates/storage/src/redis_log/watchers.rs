//! Who watches which stream on this node, and what they were told.
//!
//! Wakes come from three sides: own appends, the server's channels, and looks at where a stream stands. Inside one epoch they
//! need no order, since offsets only grow. Which of two epochs is the newer one nobody can tell from the outside, so a
//! strange epoch only makes its stream *suspect*, and one task alone, which asks the server, changes what is told.

use crate::Head;
use std::collections::{HashMap, HashSet};
use std::sync::{Mutex, MutexGuard, PoisonError};
use tokio::sync::{Notify, watch};

/// The watched streams, by the tag of their user.
#[derive(Debug, Default)]
pub(super) struct Watchers {
    table: Mutex<Table>,
    /// A stream came or went.
    pub(super) changed: Notify,
    /// A stream is suspect.
    pub(super) suspected: Notify,
}

#[derive(Debug, Default)]
struct Table {
    heads: HashMap<String, watch::Sender<Head>>,
    changed: HashSet<String>,
    suspects: HashSet<String>,
}

impl Watchers {
    fn table(&self) -> MutexGuard<'_, Table> {
        // Nothing under it can panic half-way through a change.
        self.table.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What the watchers of a stream were told last, if there are any.
    pub(super) fn told(&self, tag: &str) -> Option<Head> {
        self.table().heads.get(tag).map(|head| head.borrow().clone())
    }

    /// A watcher of a stream that stands at `head`; it may have been told of another life already.
    pub(super) fn watch(&self, tag: &str, head: &Head) -> watch::Receiver<Head> {
        let mut table = self.table();
        if let Some(known) = table.heads.get(tag) {
            known.send_if_modified(|told| advance(told, head));
            return known.subscribe();
        }
        let (sender, receiver) = watch::channel(head.clone());
        table.heads.insert(tag.to_owned(), sender);
        table.changed.insert(tag.to_owned());
        drop(table);
        self.changed.notify_one();
        receiver
    }

    /// Tells that a stream has grown to `head`.
    pub(super) fn tell(&self, tag: &str, head: &Head) {
        let strange = {
            let mut table = self.table();
            let Some(known) = table.heads.get(tag) else { return };
            let strange = known.borrow().epoch != head.epoch;
            known.send_if_modified(|told| advance(told, head));
            strange && table.suspects.insert(tag.to_owned())
        };
        if strange {
            self.suspected.notify_one();
        }
    }

    /// Wants these streams looked at.
    pub(super) fn suspect(&self, tags: impl IntoIterator<Item = String>) {
        self.table().suspects.extend(tags);
        self.suspected.notify_one();
    }

    /// The suspect streams, with what was told of them.
    pub(super) fn take_suspects(&self) -> Vec<(String, Head)> {
        let mut table = self.table();
        let suspects = std::mem::take(&mut table.suspects);
        let told = |tag: String| {
            let head = table.heads.get(&tag)?.borrow().clone();
            Some((tag, head))
        };
        suspects.into_iter().filter_map(told).collect()
    }

    /// Lets go of the streams that nobody watches any more; the others, with what was told of them.
    pub(super) fn sweep(&self) -> Vec<(String, Head)> {
        let mut table = self.table();
        let Table { heads, changed, suspects } = &mut *table;
        let before = changed.len();
        heads.retain(|tag, head| {
            let watched = head.receiver_count() > 0;
            if !watched {
                changed.insert(tag.clone());
            }
            watched
        });
        suspects.clear();
        if heads.is_empty() {
            // Give the room of a busy hour back.
            heads.shrink_to_fit();
        }
        let went = changed.len() > before;
        let left = heads.iter().map(|(tag, head)| (tag.clone(), head.borrow().clone())).collect();
        drop(table);
        if went {
            self.changed.notify_one();
        }
        left
    }

    /// Tells where a stream was found by the one task that looks, which began when `asked` was what was told.
    pub(super) fn settle(&self, tag: &str, asked: &Head, found: Head) {
        let table = self.table();
        let Some(known) = table.heads.get(tag) else { return };
        known.send_if_modified(|told| {
            if told.epoch != asked.epoch {
                // Let go and watched again meanwhile: what is told is newer than our look.
                false
            } else if told.epoch == found.epoch {
                advance(told, &found)
            } else {
                *told = found;
                true
            }
        });
    }

    /// The streams that came or went since the last call, and whether they are watched now.
    pub(super) fn take_changed(&self) -> Vec<(String, bool)> {
        let mut table = self.table();
        let changed = std::mem::take(&mut table.changed);
        changed
            .into_iter()
            .map(|tag| {
                let watched = table.heads.contains_key(&tag);
                (tag, watched)
            })
            .collect()
    }

    /// Every watched stream; nothing is changed any more.
    pub(super) fn all(&self) -> Vec<String> {
        let mut table = self.table();
        table.changed.clear();
        table.heads.keys().cloned().collect()
    }
}

/// Moves `told` on inside its epoch; gives whether it moved.
fn advance(told: &mut Head, head: &Head) -> bool {
    let grew = told.epoch == head.epoch && told.offset < head.offset;
    if grew {
        told.offset = head.offset;
    }
    grew
}

#[cfg(test)]
mod tests {
    use super::Watchers;
    use crate::Head;
    use goldenpath_protocol::Epoch;

    fn head(epoch: &str, offset: u64) -> Head {
        Head { epoch: Epoch::new(epoch).unwrap(), offset }
    }

    #[test]
    fn what_comes_late_moves_nothing_back() {
        let watchers = Watchers::default();
        let mut heads = watchers.watch("alice", &head("e1", 3));
        watchers.tell("alice", &head("e1", 5));
        watchers.tell("alice", &head("e1", 4));
        assert_eq!(*heads.borrow_and_update(), head("e1", 5));
        watchers.tell("alice", &head("e1", 5));
        assert!(!heads.has_changed().unwrap(), "told already");
    }

    #[test]
    fn a_strange_epoch_is_told_only_by_who_looked() {
        let watchers = Watchers::default();
        let heads = watchers.watch("alice", &head("e1", 3));
        watchers.tell("alice", &head("e2", 1));
        assert_eq!(*heads.borrow(), head("e1", 3));
        let suspects = watchers.take_suspects();
        assert_eq!(suspects, [("alice".to_owned(), head("e1", 3))]);
        watchers.settle("alice", &suspects[0].1, head("e2", 1));
        assert_eq!(*heads.borrow(), head("e2", 1));
        watchers.settle("alice", &suspects[0].1, head("e1", 9));
        assert_eq!(*heads.borrow(), head("e2", 1), "an older look");
    }

    #[test]
    fn who_is_gone_is_let_go_and_may_come_back() {
        let watchers = Watchers::default();
        let first = watchers.watch("alice", &head("e1", 3));
        let second = watchers.watch("alice", &head("e1", 3));
        assert_eq!(watchers.take_changed(), [("alice".to_owned(), true)]);
        drop(first);
        assert_eq!(watchers.sweep().len(), 1, "one still watches");
        assert!(watchers.take_changed().is_empty());
        drop(second);
        assert!(watchers.sweep().is_empty());
        assert_eq!(watchers.take_changed(), [("alice".to_owned(), false)]);
        let _third = watchers.watch("alice", &head("e2", 0));
        assert_eq!(watchers.take_changed(), [("alice".to_owned(), true)]);
        assert_eq!(watchers.told("alice"), Some(head("e2", 0)));
    }
}
