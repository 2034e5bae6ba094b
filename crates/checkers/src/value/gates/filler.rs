//! Words that would fit any question.

use super::{Reading, Set};

pub(super) const PHRASES: &[&str] = &[
    "lorem ipsum",
    "dolor sit amet",
    "great question",
    "good question",
    "excellent question",
    "it depends",
    "it really depends",
    "there are many ways",
    "there are several ways",
    "there are many factors",
    "many factors to consider",
    "various factors",
    "various aspects",
    "in today's fast-paced",
    "in today's world",
    "in the ever-evolving",
    "at the end of the day",
    "it's important to note",
    "it is important to note",
    "it is important to consider",
    "it's important to consider",
    "thank you for your question",
    "thank you for reaching out",
    "thanks for asking",
    "feel free to ask",
    "let me know if",
    "i hope this helps",
    "hope this helps",
    "happy to help",
    "always here to help",
    "best practices should be followed",
    "every situation is different",
    "each situation is unique",
    "every business is unique",
    "as needed and appropriate",
    "a holistic approach",
    "leverage synergies",
    "take it to the next level",
    "going forward",
];

/// Two such phrases without an insight, or one in every thirty words with hardly any.
pub(super) fn judge(reading: &Reading<'_>) -> Option<String> {
    let phrase = reading.phrase(Set::Filler)?;
    let count = reading.phrase_count(Set::Filler);
    let latin = phrase.contains("lorem ipsum") || phrase.contains("dolor sit amet");
    let quoted = reading.prompt.is_some_and(|prompt| prompt.to_lowercase().contains("lorem"));
    let empty = reading.insights == 0 && reading.facts < 3 && count >= 2;
    let thin = reading.insights < 2 && reading.facts < 3 && count >= 2 && count * 30 >= reading.tokens.len();
    ((latin && !quoted) || empty || thin).then(|| phrase.to_owned())
}
