//! What an answer says by itself, whatever was asked and found: its sentences, its insights, its phrases.

use super::{BRACKET, Found, PHRASES, whole_words};
use crate::value::demands::insights;
use crate::value::text::{AnswerText, Sentence, Token, plain};

/// What an answer says by itself.
#[derive(Debug)]
pub(crate) struct Outline {
    pub(super) sentences: Vec<Sentence>,
    /// How many [`insights`] it has.
    pub(super) insights: usize,
    /// In lower case and plain letters, where it was searched for phrases.
    pub(super) plain: String,
    pub(super) phrases: Vec<Found>,
}

impl Outline {
    /// Of an answer.
    pub(crate) fn of(answer: &AnswerText<'_>) -> Self {
        Self::of_tokens(answer.bare(), answer.tokens())
    }

    pub(super) fn of_tokens(text: &str, tokens: &[Token]) -> Self {
        let sentences = Sentence::all(text, tokens);
        let insights = insights(text, tokens, &sentences).len();
        // Most answers need not be searched: no word of theirs is the longest one of a phrase that could matter.
        let searched = !text.is_ascii()
            || memchr::memchr(BRACKET, text.as_bytes()).is_some()
            || PHRASES.may_matter(tokens, insights);
        let plain = if searched { plain(text) } else { String::new() };
        let phrases = PHRASES
            .searcher
            .iter()
            .flat_map(|searcher| searcher.find_overlapping_iter(&plain))
            .filter(|found| whole_words(&plain, found.start(), found.end()))
            .map(|found| (PHRASES.set_of[found.pattern().as_usize()], found.start(), found.end()))
            .collect();
        Self { sentences, insights, plain, phrases }
    }
}
