//! Hashes, each once: the few of most runs without a table.

use rustc_hash::FxHashSet;

/// Hashes in the order in which they came, each once.
#[derive(Debug, Default)]
pub(super) struct Distinct {
    pub(super) hashes: Vec<u64>,
    /// The same once they are too many to be looked through.
    many: FxHashSet<u64>,
}

impl Distinct {
    /// So many are looked through faster than a table is filled.
    const FEW: usize = 32;

    /// Whether it is new.
    pub(super) fn insert(&mut self, hash: u64) -> bool {
        let new = if self.hashes.len() <= Self::FEW {
            !self.hashes.contains(&hash)
        } else {
            if self.many.is_empty() {
                self.many.extend(&self.hashes);
            }
            self.many.insert(hash)
        };
        if new {
            self.hashes.push(hash);
        }
        new
    }

    pub(super) fn clear(&mut self) {
        self.hashes.clear();
        if !self.many.is_empty() {
            self.many = FxHashSet::default();
        }
    }
}
