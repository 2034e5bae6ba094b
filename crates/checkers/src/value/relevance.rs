//! How much of a question an answer takes up, each word weighted by how much it tells.

use super::text::{Kind, Token, stem_hash};
use super::words::Words;
use rustc_hash::{FxHashMap, FxHashSet};
use std::sync::LazyLock;

/// Words of requests that tell little about their subject: a quarter of the weight of others.
const GENERIC: &str = "help please provide give show tell make need want like look review analyze analyse audit check find \
     recommend suggest explain improve entire whole full current best good better new use using month year week day today \
     improvement recommendation suggestion question answer thing way lot";

/// Words that mean the same in talk about money.
const SYNONYMS: &str =
    "cost spend expense bill price budget charge fee pay saving save money dollar spending";

static GENERIC_STEMS: LazyLock<FxHashSet<u64>> =
    LazyLock::new(|| GENERIC.split_whitespace().map(stem_hash).collect());
static SAME: LazyLock<FxHashMap<u64, u64>> = LazyLock::new(|| {
    let group = stem_hash("cost");
    SYNONYMS.split_whitespace().map(|word| (stem_hash(word), group)).collect()
});

fn meaning(stem: u64) -> u64 {
    SAME.get(&stem).copied().unwrap_or(stem)
}

/// The weighted share of the prompt's words of content that the answer holds; `None` when the prompt has fewer
/// than two, or is in a script without words.
pub(crate) fn coverage(prompt: &[Token], answer: &[Token]) -> Option<f64> {
    let ideographs = prompt.iter().filter(|token| token.kind == Kind::Ideograph).count();
    if ideographs * 2 > prompt.len() {
        return pair_coverage(prompt, answer);
    }
    let asked = Words::of(
        prompt
            .iter()
            .filter(|token| token.kind == Kind::Word && token.is_content())
            .map(|token| meaning(token.stem)),
    );
    if asked.len() < 2 {
        return None;
    }
    let said = Words::of(answer.iter().map(|token| meaning(token.stem)));
    let weight = |stem: &u64| if GENERIC_STEMS.contains(stem) { 0.25 } else { 1.0 };
    let all: f64 = asked.iter().map(weight).sum();
    // The standard library's sum of nothing is -0.0, which would be told as such.
    let covered =
        asked.iter().filter(|stem| said.contains(**stem)).map(weight).fold(0.0, |sum, more| sum + more);
    Some(covered / all)
}

/// For scripts without spaces: the share of the prompt's pairs of neighbouring characters.
fn pair_coverage(prompt: &[Token], answer: &[Token]) -> Option<f64> {
    let pairs = |tokens: &[Token]| -> FxHashSet<(u64, u64)> {
        tokens
            .windows(2)
            .filter(|pair| pair.iter().all(|token| token.kind == Kind::Ideograph))
            .map(|pair| (pair[0].hash, pair[1].hash))
            .collect()
    };
    let (asked, said) = (pairs(prompt), pairs(answer));
    if asked.len() < 4 {
        return None;
    }
    Some(asked.intersection(&said).count() as f64 / asked.len() as f64)
}
