//! A set of words that is made once and asked often: hashes in order, and a sieve before them.

use std::slice::Iter;

/// Distinct hashes of words.
#[derive(Debug, Clone, Default)]
pub(crate) struct Words {
    sorted: Vec<u64>,
    /// A bit for what the hashes begin with. Most words that are asked for are not there and have none.
    sieve: [u64; SIEVE],
}

/// A page of a few hundred bits tells the words of a prompt from nearly all others.
const SIEVE: usize = 8;

/// Room for so many is made before they come.
const MOST_AT_ONCE: usize = 128;

/// Which bit of which part of the sieve.
fn bit(hash: u64) -> (usize, u64) {
    ((hash >> 6) as usize % SIEVE, 1 << (hash & 63))
}

impl Words {
    /// Those that an iterator gives, each once.
    pub(crate) fn of(hashes: impl Iterator<Item = u64>) -> Self {
        // Nearly all that may come do.
        let mut sorted = Vec::with_capacity(hashes.size_hint().1.unwrap_or(0).min(MOST_AT_ONCE));
        sorted.extend(hashes);
        sorted.sort_unstable();
        sorted.dedup();
        let mut sieve = [0; SIEVE];
        for &hash in &sorted {
            let (word, bit) = bit(hash);
            sieve[word] |= bit;
        }
        Self { sorted, sieve }
    }

    /// Whether a word is among them.
    pub(crate) fn contains(&self, hash: u64) -> bool {
        self.place(hash).is_some()
    }

    /// A word's place in their order.
    pub(crate) fn place(&self, hash: u64) -> Option<usize> {
        let (word, bit) = bit(hash);
        if self.sieve[word] & bit == 0 { None } else { self.sorted.binary_search(&hash).ok() }
    }

    /// How many there are.
    pub(crate) fn len(&self) -> usize {
        self.sorted.len()
    }

    /// In order.
    pub(crate) fn iter(&self) -> Iter<'_, u64> {
        self.sorted.iter()
    }

    /// How many are among others too.
    pub(crate) fn shared(&self, others: &Self) -> usize {
        let (fewer, more) = if self.len() <= others.len() { (self, others) } else { (others, self) };
        fewer.iter().filter(|&&word| more.contains(word)).count()
    }
}

#[cfg(test)]
mod tests {
    use super::Words;

    #[test]
    fn words_are_kept_once_and_in_order() {
        let words = Words::of([7 << 58, 3, 7 << 58, u64::MAX].into_iter());
        assert_eq!(words.iter().copied().collect::<Vec<_>>(), [3, 7 << 58, u64::MAX]);
        assert_eq!((words.len(), words.place(3), words.contains(4)), (3, Some(0), false));
        assert_eq!(words.shared(&Words::of([u64::MAX, 3, 5].into_iter())), 2);
    }
}
