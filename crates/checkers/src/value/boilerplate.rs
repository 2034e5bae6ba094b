//! `value/boilerplate`: the share of an answer's five-word shingles that stand in at least three other answers.

use super::text::{Token, excerpt, word_hash};
use super::words::Words;
use crate::check::{Check, FINDINGS_KEPT, Tally};
use crate::index::Index;
use crate::observation::{Observation, RunIx};
use crate::verdict::{CheckResult, Finding};
use crate::wilson::wilson;
use goldenpath_protocol::EventType;
use rustc_hash::{FxHashMap, FxHashSet};

/// Words in a shingle.
const WORDS: usize = 5;
/// A shingle is common when it stands in this many other answers.
const OTHERS: u32 = 3;
/// Shingles that are sampled of one answer: 64 bits each would be too much for a hundred thousand answers.
const SAMPLED: usize = 48;
/// Distinct shingles that are counted; beyond that every second one is forgotten, again and again.
const COUNTED: usize = 400_000;
/// By how many standard errors the share of a sample must lie above the limit: of a hundred thousand answers some are
/// drawn badly. A sample of which not even all would be enough says nothing.
const SURE: f64 = 2.58;
/// Above this share an answer is worth a look; only above the limit does it fail.
const WARN: f64 = 0.15;

/// The fold.
#[derive(Debug)]
pub(crate) struct Boilerplate {
    limit: f64,
    counts: FxHashMap<u32, u32>,
    /// Shingles are kept whose low bits are zero: so many of them.
    level: u32,
    answers: Vec<Sketch>,
    asked: FxHashSet<u64>,
}

#[derive(Debug)]
struct Sketch {
    run: RunIx,
    line: u64,
    /// Whether it was counted; a repeated question of one user is counted once.
    counted: bool,
    /// Whether shingles of it were left out.
    sampled: bool,
    shingles: Box<[u32]>,
    opening: Option<Box<str>>,
}

/// Hashes of the shingles, with every word of the prompt replaced by one mark, so that a template with the
/// prompt's nouns filled in stays the same.
fn shingles(answer: &[Token], prompt: &[Token]) -> Vec<u32> {
    const MASK: u64 = 0x5bd1_e995;
    let known = Words::of(prompt.iter().filter(|token| token.is_content()).map(|token| token.stem));
    let masked: Vec<u64> =
        answer.iter().map(|token| if known.contains(token.stem) { MASK } else { token.hash }).collect();
    let mut found: Vec<u32> = masked
        .windows(WORDS)
        .map(|window| {
            let key = window
                .iter()
                .fold(0_u64, |key, word| (key.rotate_left(13) ^ word).wrapping_mul(0x9e37_79b9_7f4a_7c15));
            (key >> 32) as u32
        })
        .collect();
    found.sort_unstable();
    found.dedup();
    found
}

/// What a share found in `n` is at least.
fn at_least(share: f64, n: u32) -> f64 {
    wilson(share, f64::from(n), SURE).0
}

impl Boilerplate {
    pub(crate) fn new(limit: f64) -> Self {
        Self {
            limit,
            counts: FxHashMap::default(),
            level: 0,
            answers: Vec::new(),
            asked: FxHashSet::default(),
        }
    }

    fn kept(&self, shingle: u32) -> bool {
        shingle & ((1_u32 << self.level) - 1) == 0
    }

    fn count(&mut self, shingles: &[u32]) {
        for &shingle in shingles {
            if self.kept(shingle) {
                *self.counts.entry(shingle).or_insert(0) += 1;
            }
        }
        while self.counts.len() > COUNTED && self.level < 20 {
            self.level += 1;
            let mask = (1_u32 << self.level) - 1;
            self.counts.retain(|shingle, _| shingle & mask == 0);
        }
    }

    /// The share of a sketch's shingles that are common, and what it is at least when they are a sample; `None` when too
    /// little of it is counted any more.
    fn share(&self, sketch: &Sketch) -> Option<(f64, f64)> {
        let own = u32::from(sketch.counted);
        let (all, common) = sketch.shingles.iter().filter(|shingle| self.kept(**shingle)).fold(
            (0_u32, 0_u32),
            |sum, shingle| {
                let others = self.counts.get(shingle).copied().unwrap_or(0).saturating_sub(own);
                (sum.0 + 1, sum.1 + u32::from(others >= OTHERS))
            },
        );
        let sampled = sketch.sampled || self.level > 0;
        let enough = all > 0 && (!sampled || at_least(1.0, all) > self.limit);
        enough.then(|| {
            let share = f64::from(common) / f64::from(all);
            (share, if sampled { at_least(share, all) } else { share })
        })
    }
}

impl Check for Boilerplate {
    fn ids(&self) -> &'static [&'static str] {
        &["value/boilerplate"]
    }

    fn observe(&mut self, seen: &Observation<'_>, index: &Index) {
        let Some((event, arrival)) = seen.event() else { return };
        if event.kind != EventType::AgentCompleted || !arrival.first {
            return;
        }
        let Some(answer) = event.answer() else { return };
        let request = index.run(arrival.run).and_then(|run| index.request_of_run(run));
        let prompt = request.and_then(|request| request.prompt.as_deref());
        let (prompt, asked) = prompt.map(|prompt| answer.prompt(prompt)).unwrap_or_default();
        let mut shingles = shingles(answer.tokens(), asked);
        // Without a known prompt every run is a question of its own.
        let unknown = u64::from(arrival.run.0) << 32;
        let question = if prompt.is_empty() { unknown } else { word_hash(prompt) };
        let asker = seen.user.map_or(0, |user| u64::from(user.0) + 1);
        let counted = self.asked.insert(question ^ asker.wrapping_mul(0x9e37_79b9_7f4a_7c15));
        if counted {
            self.count(&shingles);
        }
        // The smallest hashes that are still counted are a fair sample.
        let all = shingles.len();
        shingles.retain(|shingle| self.kept(*shingle));
        shingles.truncate(SAMPLED);
        let sampled = shingles.len() < all;
        let opening = (self.answers.len() < FINDINGS_KEPT * 4).then(|| excerpt(answer.bare()).into());
        let sketch = Sketch {
            run: arrival.run,
            line: seen.line,
            counted,
            sampled,
            shingles: shingles.into(),
            opening,
        };
        self.answers.push(sketch);
    }

    fn finish(self: Box<Self>, index: &Index) -> Vec<CheckResult> {
        let mut tally = Tally { limit: Some(self.limit), ..Tally::default() };
        let (mut sum, mut judged, mut warned) = (0.0, 0_u64, 0_u64);
        for sketch in &self.answers {
            let Some((share, least)) = self.share(sketch) else { continue };
            sum += share;
            judged += 1;
            warned += u64::from(share > WARN);
            if least <= self.limit {
                tally.kept();
                continue;
            }
            tally.broke(|| Finding {
                summary: format!(
                    "the answer to `{}` is mostly what others were told too: {:.0} % of its phrases",
                    index.user_name(index.owner(sketch.run)),
                    share * 100.0
                ),
                expected: format!(
                    "at most {:.0} % of its five-word phrases in {OTHERS} or more other answers",
                    self.limit * 100.0
                ),
                observed: sketch.opening.as_deref().map_or_else(
                    || format!("{:.0} %", share * 100.0),
                    |opening| {
                        format!(
                            "{:.0} %: `{opening}` ({warned} answers above {:.0} % so far)",
                            share * 100.0,
                            WARN * 100.0
                        )
                    },
                ),
                records: vec![sketch.line],
                witness: None,
            });
        }
        tally.value = (judged > 0).then(|| sum / judged as f64);
        vec![tally.into_result("value/boilerplate")]
    }
}

#[cfg(test)]
mod tests {
    use super::{Boilerplate, Sketch};
    use crate::observation::RunIx;

    fn failing(common: u32, of: u32, sampled: bool) -> Option<bool> {
        let mut fold = Boilerplate::new(0.5);
        fold.counts = (0..common).map(|shingle| (shingle, 9)).collect();
        let shingles = (0..of).collect();
        let sketch = Sketch { run: RunIx(0), line: 2, counted: true, sampled, shingles, opening: None };
        fold.share(&sketch).map(|(_, least)| least > fold.limit)
    }

    #[test]
    fn a_sample_fails_only_when_it_is_no_chance_and_all_of_an_answer_fails_as_it_is() {
        assert_eq!(failing(25, 48, false), Some(true));
        assert_eq!(failing(25, 48, true), Some(false), "52 % of a sample may well be less of the whole");
        assert_eq!(failing(40, 48, true), Some(true));
        assert_eq!(failing(7, 7, true), Some(true), "a canned text is found in the smallest sample");
        assert_eq!(failing(6, 6, true), None, "too little to say");
        assert_eq!(failing(0, 0, false), None);
    }
}
