//! The same words over and over.

use super::Reading;
use crate::value::text::sentences;
use rustc_hash::{FxBuildHasher, FxHashMap, FxHashSet};

/// Below this many tokens a ratio says nothing.
const LEAST_TOKENS: usize = 40;
/// Fewer distinct triples of words than this share of all are a loop.
const LEAST_DISTINCT: f64 = 0.34;
/// One sentence this often, over half of the text, is a loop too.
const TIMES: usize = 3;

pub(super) fn judge(reading: &Reading<'_>) -> Option<String> {
    let tokens = &reading.tokens;
    if tokens.len() >= LEAST_TOKENS {
        let mut distinct: FxHashSet<[u64; 3]> =
            FxHashSet::with_capacity_and_hasher(tokens.len(), FxBuildHasher);
        distinct.extend(tokens.windows(3).map(|w| [w[0].hash, w[1].hash, w[2].hash]));
        if (distinct.len() as f64) < LEAST_DISTINCT * (tokens.len() - 2) as f64 {
            return Some(reading.text.to_string());
        }
    }
    let mut times: FxHashMap<u64, (usize, usize, (usize, usize))> = FxHashMap::default();
    let mut next = 0;
    for (start, end) in sentences(&reading.text) {
        let from = next;
        while next < tokens.len() && tokens[next].start < end {
            next += 1;
        }
        let words = &tokens[from..next];
        if words.len() < 4 {
            continue;
        }
        let key =
            words.iter().fold(0_u64, |key, token| key.rotate_left(5).wrapping_mul(0x9e37_79b9) ^ token.hash);
        let entry = times.entry(key).or_insert((0, 0, (start, end)));
        entry.0 += 1;
        entry.1 += words.len();
    }
    times
        .into_values()
        .filter(|(count, words, _)| *count >= TIMES && words * 2 > tokens.len())
        .min_by_key(|(_, _, (start, _))| *start)
        .map(|(_, _, (start, end))| reading.text[start..end].to_owned())
}
