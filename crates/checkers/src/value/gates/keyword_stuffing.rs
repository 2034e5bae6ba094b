//! The question's words in heaps, without a sentence that says anything.

use super::Reading;
use crate::value::text::Kind;
use rustc_hash::FxHashMap;

/// Below this many words a missing sentence is just brevity.
const LEAST_TOKENS: usize = 18;

pub(super) fn judge(reading: &Reading<'_>) -> Option<String> {
    let count = |kind| reading.tokens.iter().filter(|token| token.kind == kind).count();
    let (all, figures) = (count(Kind::Word), count(Kind::Figure));
    // Tables and lists of figures have few function words too; what quotes figures is no heap of keywords.
    if all < LEAST_TOKENS || reading.facts >= 3 || figures * 20 > reading.tokens.len() {
        return None;
    }
    let words = || reading.tokens.iter().filter(|token| token.kind == Kind::Word);
    let functions = words().filter(|token| token.function != 0).count() as f64 / all as f64;
    // So many function words make sentences.
    if functions >= 0.2 {
        return None;
    }
    let english_prompt = reading.prompt_tokens.iter().any(|token| token.function & 1 != 0);
    let ideographs = reading.tokens.iter().any(|token| token.kind == Kind::Ideograph);
    let mut counts: FxHashMap<u64, usize> = FxHashMap::default();
    for word in words().filter(|word| word.is_content()) {
        *counts.entry(word.stem).or_default() += 1;
    }
    let content: usize = counts.values().sum();
    let most = counts.values().copied().max().unwrap_or(0);
    let heaped = most >= 6 && most as f64 > 0.15 * all as f64;
    let recurring = counts.len() * 3 < content && functions < 0.12;
    let listed = functions < 0.08 && english_prompt && !ideographs;
    (heaped || recurring || listed).then(|| reading.text.to_string())
}
