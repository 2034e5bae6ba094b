//! The prompt given back instead of an answer.

use super::Reading;
use rustc_hash::FxHashSet;

/// The share of an answer that may be literal prompt.
const MOST: f64 = 0.6;

pub(super) fn judge(reading: &Reading<'_>) -> Option<String> {
    let prompt: FxHashSet<[u64; 3]> = trigrams(&reading.prompt_tokens).collect();
    let answer = &reading.tokens;
    if prompt.is_empty() || answer.len() < 3 {
        return None;
    }
    let mut covered = vec![false; answer.len()];
    for (at, trigram) in trigrams(answer).enumerate() {
        if prompt.contains(&trigram) {
            covered[at..at + 3].fill(true);
        }
    }
    let echoed = covered.iter().filter(|&&is| is).count();
    let first = covered.iter().position(|&is| is)?;
    (echoed as f64 >= MOST * answer.len() as f64).then(|| reading.text[answer[first].start..].to_owned())
}

fn trigrams(tokens: &[crate::value::text::Token]) -> impl Iterator<Item = [u64; 3]> + '_ {
    tokens.windows(3).map(|window| [window[0].hash, window[1].hash, window[2].hash])
}
