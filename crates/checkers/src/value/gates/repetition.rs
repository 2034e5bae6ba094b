//! The same words over and over.

use super::Reading;
use crate::value::text::Token;
use rustc_hash::{FxBuildHasher, FxHashSet};

/// Below this many tokens a ratio says nothing.
const LEAST_TOKENS: usize = 40;
/// Fewer distinct triples of words than this share of all are a loop.
const LEAST_DISTINCT: f64 = 0.34;
/// One sentence this often, over half of the text, is a loop too.
const TIMES: usize = 3;
/// Sentences that were said before, as this share of the text: it is said twice.
const SAID_BEFORE: f64 = 0.45;

pub(super) fn judge(reading: &Reading<'_>) -> Option<String> {
    let tokens = reading.tokens;
    if tokens.len() >= LEAST_TOKENS {
        let least = LEAST_DISTINCT * (tokens.len() - 2) as f64;
        if (surely_distinct(tokens) as f64) < least && (distinct(tokens) as f64) < least {
            return Some(reading.text.to_string());
        }
    }
    let mut said: Vec<Said> = Vec::with_capacity(reading.sentences.len());
    for sentence in reading.sentences {
        let words = sentence.tokens(tokens);
        if words.len() >= 4 {
            let key = words
                .iter()
                .fold(0_u64, |key, token| key.rotate_left(5).wrapping_mul(0x9e37_79b9) ^ token.hash);
            said.push(Said { key, start: sentence.start, end: sentence.end, words: words.len() });
        }
    }
    if said.len() < TIMES {
        return None;
    }
    said.sort_unstable_by_key(|said| (said.key, said.start));
    let before = |same: &[Said]| same[1..].iter().map(|said| said.words).sum::<usize>();
    let again: usize = said.chunk_by(|a, b| a.key == b.key).map(before).sum();
    if tokens.len() >= LEAST_TOKENS && again as f64 >= SAID_BEFORE * tokens.len() as f64 {
        return Some(reading.text.to_string());
    }
    said.chunk_by(|a, b| a.key == b.key)
        .filter(|same| {
            same.len() >= TIMES && same.iter().map(|said| said.words).sum::<usize>() * 2 > tokens.len()
        })
        .min_by_key(|same| same[0].start)
        .map(|same| reading.text[same[0].start..same[0].end].to_owned())
}

/// A sentence: its words as one, where it stands, and how many words it has.
struct Said {
    key: u64,
    start: usize,
    end: usize,
    words: usize,
}

fn trigrams(tokens: &[Token]) -> impl Iterator<Item = [u64; 3]> + '_ {
    tokens.windows(3).map(|w| [w[0].hash, w[1].hash, w[2].hash])
}

/// At least so many triples of words are distinct; cheaper than to count them.
fn surely_distinct(tokens: &[Token]) -> u32 {
    let mut seen = [0_u64; 32];
    for [a, b, c] in trigrams(tokens) {
        let mixed = a ^ b.rotate_left(21) ^ c.rotate_left(42);
        seen[(mixed >> 6) as usize % 32] |= 1 << (mixed & 63);
    }
    seen.iter().map(|seen| seen.count_ones()).sum()
}

fn distinct(tokens: &[Token]) -> usize {
    let mut distinct = FxHashSet::with_capacity_and_hasher(tokens.len(), FxBuildHasher);
    distinct.extend(trigrams(tokens));
    distinct.len()
}
