//! Words as hashes, whole or without their English endings.

use rustc_hash::FxHasher;
use std::hash::Hasher;

/// [`word_hash`] of a word's bytes.
pub(crate) fn bytes_hash(lower: &[u8]) -> u64 {
    let mut hasher = FxHasher::default();
    hasher.write(lower);
    hasher.finish()
}

/// The hash of a word that is already in lower case, as tokens carry it.
pub(crate) fn word_hash(lower: &str) -> u64 {
    bytes_hash(lower.as_bytes())
}

/// The hash of a lower-case word's stem, as tokens carry it.
pub(crate) fn stem_hash(lower: &str) -> u64 {
    word_hash(stem(lower))
}

/// English endings, longest first; what stays must have four letters.
const ENDINGS: [&str; 15] = [
    "izations", "ations", "ation", "ements", "ement", "ments", "ment", "ings", "ing", "ies", "ers", "ed",
    "es", "er", "s",
];

pub(super) fn stem(lower: &str) -> &str {
    if lower.is_ascii() { &lower[..stem_length(lower.as_bytes())] } else { lower }
}

/// How much of an ASCII word is its stem.
pub(super) fn stem_length(lower: &[u8]) -> usize {
    if lower.ends_with(b"ss") {
        return lower.len();
    }
    let mut stem = lower;
    // What no ending ends with needs no look at all of them.
    if let Some(b's' | b't' | b'g' | b'd' | b'r' | b'n') = lower.last() {
        for ending in ENDINGS {
            if let Some(rest) = lower.strip_suffix(ending.as_bytes())
                && rest.len() >= 4 - usize::from(ending == "s")
            {
                stem = rest;
                break;
            }
        }
    }
    match stem.strip_suffix(b"e") {
        Some(rest) if rest.len() >= 4 => rest.len(),
        _ => stem.len(),
    }
}

#[cfg(test)]
mod tests {
    use super::stem;

    #[test]
    fn endings_do_not_tell_words_apart() {
        for (a, b) in [
            ("costs", "cost"),
            ("optimize", "optimization"),
            ("training", "trainer"),
            ("process", "processing"),
            ("improvements", "improve"),
            ("services", "service"),
        ] {
            assert_eq!(stem(a), stem(b), "{a} {b}");
        }
    }
}
