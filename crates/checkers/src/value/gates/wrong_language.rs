//! An answer in another language than the question, unless the question asks for that.

use super::Reading;
use crate::value::text::Token;

/// Letters of fewer scripts than this many say nothing.
const LEAST_LETTERS: usize = 40;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Script {
    Latin,
    Cyrillic,
    Greek,
    Arabic,
    Hebrew,
    Devanagari,
    Hangul,
    EastAsian,
    Other,
}

fn script(c: char) -> Option<Script> {
    if !c.is_alphabetic() {
        return None;
    }
    Some(match c {
        'a'..='z' | 'A'..='Z' | '\u{c0}'..='\u{24f}' | '\u{1e00}'..='\u{1eff}' => Script::Latin,
        '\u{370}'..='\u{3ff}' => Script::Greek,
        '\u{400}'..='\u{52f}' => Script::Cyrillic,
        '\u{590}'..='\u{5ff}' => Script::Hebrew,
        '\u{600}'..='\u{77f}' => Script::Arabic,
        '\u{900}'..='\u{97f}' => Script::Devanagari,
        '\u{ac00}'..='\u{d7af}' => Script::Hangul,
        '\u{3040}'..='\u{30ff}' | '\u{3400}'..='\u{9fff}' => Script::EastAsian,
        _ => Script::Other,
    })
}

/// The most frequent script, the share of its letters, and how many letters there are.
fn main_script(text: &str) -> Option<(Script, f64, usize)> {
    let mut counts: [usize; 9] = [0; 9];
    counts[Script::Latin as usize] = text.bytes().filter(u8::is_ascii_alphabetic).count();
    if !text.is_ascii() {
        for script in text.chars().filter(|c| !c.is_ascii()).filter_map(script) {
            counts[script as usize] += 1;
        }
    }
    let all: usize = counts.iter().sum();
    let scripts = [
        Script::Latin,
        Script::Cyrillic,
        Script::Greek,
        Script::Arabic,
        Script::Hebrew,
        Script::Devanagari,
        Script::Hangul,
        Script::EastAsian,
        Script::Other,
    ];
    let best = scripts.into_iter().max_by_key(|script| counts[*script as usize])?;
    (all > 0).then(|| (best, counts[best as usize] as f64 / all as f64, all))
}

/// How often function words of each language occur.
fn languages(tokens: &[Token]) -> [usize; 6] {
    let mut counts = [0; 6];
    for token in tokens.iter().filter(|token| token.function != 0) {
        for (bit, count) in counts.iter_mut().enumerate() {
            *count += usize::from(token.function & (1 << bit) != 0);
        }
    }
    counts
}

/// Names by which a prompt asks for another language.
const NAMED: [&str; 14] = [
    "translate",
    "german",
    "french",
    "spanish",
    "italian",
    "portuguese",
    "japanese",
    "chinese",
    "korean",
    "arabic",
    "russian",
    "hindi",
    "language",
    "english",
];

/// Whether a prompt speaks about languages, so that an answer in another one may be what was asked.
pub(super) fn asks_for_language(prompt: &str) -> bool {
    let lower = prompt.to_lowercase();
    NAMED.iter().any(|name| lower.contains(name))
}

pub(super) fn judge(reading: &Reading<'_>) -> Option<String> {
    let prompt = reading.prompt?;
    (is_another(reading, prompt)? && !asks_for_language(prompt)).then(|| reading.text.to_string())
}

/// Whether the answer is in another language than its prompt; `None` when too little is said to tell.
fn is_another(reading: &Reading<'_>, prompt: &str) -> Option<bool> {
    let (asked, asked_share, asked_letters) = main_script(prompt)?;
    let (said, said_share, letters) = main_script(reading.text)?;
    if letters < LEAST_LETTERS || asked_letters < 10 {
        return None;
    }
    if asked != said && asked_share >= 0.8 && said_share >= 0.7 {
        return Some(true);
    }
    if asked != Script::Latin || said != Script::Latin {
        return None;
    }
    let (asked, said) = (languages(reading.prompt_tokens), languages(reading.tokens));
    let best = |counts: &[usize; 6]| (0..6).max_by_key(|&i| (counts[i], 6 - i)).unwrap_or(0);
    let (from, to) = (best(&asked), best(&said));
    let told_apart = asked[from] >= 3 && asked[from] >= asked[to] * 2;
    Some(from != to && told_apart && said[to] >= 8 && said[to] >= said[from] * 3)
}
