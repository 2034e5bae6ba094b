//! The prompt given back instead of an answer.

use super::Reading;
use crate::value::text::Token;
use crate::value::words::Words;
use rustc_hash::FxHasher;
use std::hash::Hasher;

/// The share of an answer that may be literal prompt.
const MOST: f64 = 0.6;

pub(super) fn judge(reading: &Reading<'_>) -> Option<String> {
    let answer = reading.tokens;
    let prompt = Words::of(trigrams(reading.prompt_tokens).map(key));
    if prompt.len() == 0 {
        return None;
    }
    // Tokens that are prompt: how many, from where, and up to where they are counted.
    let (mut echoed, mut first, mut to) = (0, None, 0);
    for (at, trigram) in trigrams(answer).enumerate() {
        if prompt.contains(key(trigram)) {
            first.get_or_insert(at);
            echoed += at + 3 - to.max(at);
            to = at + 3;
        }
    }
    let first = first?;
    (echoed as f64 >= MOST * answer.len() as f64).then(|| reading.text[answer[first].start..].to_owned())
}

fn trigrams(tokens: &[Token]) -> impl Iterator<Item = [u64; 3]> + '_ {
    tokens.windows(3).map(|window| [window[0].hash, window[1].hash, window[2].hash])
}

/// Three words as one.
fn key(trigram: [u64; 3]) -> u64 {
    let mut hasher = FxHasher::default();
    trigram.iter().for_each(|word| hasher.write_u64(*word));
    hasher.finish()
}
