//! Junk that no answer may be. Each gate is a file of its own and names the excerpt that gave it away.

mod dump;
mod echo;
mod filler;
mod judge_injection;
mod keyword_stuffing;
mod off_topic;
mod outline;
mod placeholder;
mod promise;
mod refusal;
mod repetition;
mod too_short;
mod wrong_language;

use super::relevance::coverage;
use super::text::{AnswerText, Sentence, Token, tokens};
use super::words::Words;
use aho_corasick::{AhoCorasick, AhoCorasickKind};
use std::cell::OnceCell;
use std::sync::LazyLock;

pub(crate) use outline::Outline;

/// An answer, read once for all gates and demands.
#[derive(Debug)]
pub(crate) struct Reading<'a> {
    /// The answer without references.
    pub(crate) text: &'a str,
    /// Its tokens.
    pub(crate) tokens: &'a [Token],
    /// The prompt without its reference, where it is known.
    pub(crate) prompt: Option<&'a str>,
    /// The prompt's tokens.
    pub(crate) prompt_tokens: &'a [Token],
    /// How many [`super::demands::insights`] it has.
    pub(crate) insights: usize,
    /// Facts of the run's own tool results in the answer.
    pub(crate) facts: usize,
    /// Its sentences.
    pub(crate) sentences: &'a [Sentence],
    coverage: OnceCell<Option<f64>>,
    plain: &'a str,
    phrases: &'a [Found],
}

/// A phrase in an answer: the place of its set, where it begins and where it ends.
type Found = (usize, usize, usize);

/// Why an answer is junk.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Junk {
    /// The gate.
    pub(crate) gate: &'static str,
    /// The piece of the answer that gave it away.
    pub(crate) excerpt: String,
}

impl<'a> Reading<'a> {
    /// Reads an answer that others read too.
    pub(crate) fn of(
        answer: &'a AnswerText<'_>,
        outline: &'a Outline,
        prompt: Option<&'a str>,
        facts: usize,
    ) -> Self {
        let (prompt, prompt_tokens) = prompt.map(|prompt| answer.prompt(prompt)).unzip();
        Self {
            text: answer.bare(),
            tokens: answer.tokens(),
            prompt,
            prompt_tokens: prompt_tokens.unwrap_or_default(),
            insights: outline.insights,
            facts,
            sentences: &outline.sentences,
            coverage: OnceCell::new(),
            plain: &outline.plain,
            phrases: &outline.phrases,
        }
    }

    /// How much of the prompt it takes up.
    pub(crate) fn coverage(&self) -> Option<f64> {
        *self.coverage.get_or_init(|| coverage(self.prompt_tokens, self.tokens))
    }

    /// The first phrase of a gate's own set, as it stands in the answer.
    fn phrase(&self, set: Set) -> Option<&str> {
        let (_, start, end) = self.phrases.iter().find(|(of, _, _)| *of == set as usize)?;
        Some(around(self.plain, *start, *end))
    }

    fn phrase_count(&self, set: Set) -> usize {
        self.phrases.iter().filter(|(of, _, _)| *of == set as usize).count()
    }
}

/// Whose phrases.
#[derive(Debug, Clone, Copy)]
enum Set {
    Refusal,
    Promise,
    Filler,
    JudgeInjection,
}

const SETS: [&[&str]; 4] = [refusal::PHRASES, promise::PHRASES, filler::PHRASES, judge_injection::PHRASES];

/// What begins the phrases that are more marks than words; few answers hold it.
const BRACKET: u8 = b'[';

struct Phrases {
    searcher: Option<AhoCorasick>,
    set_of: Vec<usize>,
    /// The longest word of each phrase of words that is junk whatever else an answer says.
    always: Words,
    /// The same of phrases that are excused where an answer says what to do.
    unless_actionable: Words,
}

impl Phrases {
    /// Whether a text of these tokens may hold a phrase of words that its gate would ask for. Only of ASCII texts: there
    /// a phrase's words are tokens.
    fn may_matter(&self, tokens: &[Token], insights: usize) -> bool {
        let excused = insights >= promise::ENOUGH.max(refusal::ENOUGH);
        tokens.iter().any(|token| {
            self.always.contains(token.hash) || !excused && self.unless_actionable.contains(token.hash)
        })
    }
}

static PHRASES: LazyLock<Phrases> = LazyLock::new(|| {
    let all: Vec<&str> = SETS.iter().flat_map(|set| set.iter().copied()).collect();
    let set_of = SETS.iter().enumerate().flat_map(|(i, set)| set.iter().map(move |_| i)).collect();
    let longest_words = |sets: [Set; 2]| {
        let phrases = sets.into_iter().flat_map(|set| SETS[set as usize]);
        let in_words = phrases.filter(|phrase| !phrase.as_bytes().starts_with(&[BRACKET]));
        Words::of(in_words.flat_map(|phrase| {
            tokens(phrase).into_iter().max_by_key(|word| word.end - word.start).map(|word| word.hash)
        }))
    };
    // Building fails only on too many patterns; then phrases are not searched.
    Phrases {
        searcher: AhoCorasick::builder().kind(Some(AhoCorasickKind::DFA)).build(all).ok(),
        set_of,
        always: longest_words([Set::Filler, Set::JudgeInjection]),
        unless_actionable: longest_words([Set::Refusal, Set::Promise]),
    }
});

fn whole_words(text: &str, start: usize, end: usize) -> bool {
    let boundary = |outer: Option<char>, inner: Option<char>| {
        let ascii_word = |c: Option<char>| c.is_some_and(|c| c.is_ascii_alphanumeric());
        !(ascii_word(outer) && ascii_word(inner))
    };
    boundary(text[..start].chars().next_back(), text[start..].chars().next())
        && boundary(text[end..].chars().next(), text[..end].chars().next_back())
}

/// A phrase with some of what surrounds it.
fn around(text: &str, start: usize, end: usize) -> &str {
    let from = text[..start].char_indices().rev().nth(30).map_or(0, |(at, _)| at);
    let to = text[end..].char_indices().nth(50).map_or(text.len(), |(at, _)| end + at);
    &text[from..to]
}

type Gate = fn(&Reading<'_>) -> Option<String>;

/// Every gate, with the name that findings show.
const GATES: [(&str, Gate); 12] = [
    ("too short", too_short::judge),
    ("judge injection", judge_injection::judge),
    ("dump", dump::judge),
    ("placeholder", placeholder::judge),
    ("echo", echo::judge),
    ("refusal or apology", refusal::judge),
    ("promise or status only", promise::judge),
    ("filler", filler::judge),
    ("repetition", repetition::judge),
    ("wrong language", wrong_language::judge),
    ("keyword stuffing", keyword_stuffing::judge),
    ("off topic", off_topic::judge),
];

/// Every gate that the answer does not pass.
pub(crate) fn judge(reading: &Reading<'_>) -> Vec<Junk> {
    GATES
        .iter()
        .filter_map(|(gate, judge)| {
            judge(reading).map(|excerpt| Junk { gate, excerpt: super::text::excerpt(&excerpt) })
        })
        .collect()
}

#[cfg(test)]
mod tests;
