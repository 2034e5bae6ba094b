//! What of a text may be somebody's own: references of prompts, in whatever form, and ids that no two users have by chance.

use super::hidden::{Form, Hidden};
use super::unfold::unfolded;
use rustc_hash::FxHasher;
use std::hash::Hasher;
use std::sync::LazyLock;

/// Shorter ids may be anybody's: `call_1`, `user-2`.
const ID_LENGTH: usize = 20;

/// A shorter word hides no reference that is encoded more than once: 35 characters are 47 in base64 without padding, and 63 in base64
/// of that.
const NESTED: usize = 63;

/// So many times something may be encoded.
const DEPTH: u32 = 3;

/// Room for so many ids is made at once; most frames hold fewer.
const IDS: usize = 8;

static HIDDEN: LazyLock<Hidden> = LazyLock::new(Hidden::default);

/// The traces of users in one text.
#[derive(Debug, Default)]
pub(crate) struct Traces<'a> {
    /// Numbers of references, the form each was written in, and where.
    pub(super) references: Vec<(u128, Form, usize)>,
    pub(super) ids: Vec<Id<'a>>,
}

/// A word that may be somebody's id.
#[derive(Debug, Clone, Copy)]
pub(super) struct Id<'a> {
    pub(super) at: usize,
    pub(super) word: &'a str,
    pub(super) hash: u64,
}

impl<'a> Traces<'a> {
    /// Searches a text for references and, if asked, for ids and for what is encoded more than once.
    pub(crate) fn of(text: &'a str, ids: bool) -> Self {
        let mut references = Vec::new();
        HIDDEN.each(text, |number, form, at| references.push((number, form, at)));
        let mut found = Vec::new();
        if ids {
            found.reserve(IDS);
            for (at, word) in words(text).filter(|(_, word)| unlikely_twice(word)) {
                found.push(Id { at, word, hash: hash_of(word) });
                // Of base64, hex and escapes base64 makes no other signs than those of words, so nothing is lost at its ends.
                if word.len() >= NESTED {
                    each_nested(word, DEPTH, &mut |number| {
                        if !references.iter().any(|(known, ..)| *known == number) {
                            references.push((number, Form::Nested, at));
                        }
                    });
                }
            }
        }
        Self { references, ids: found }
    }
}

/// The references in what a text holds in other spellings, however often they were spelt.
fn each_nested(text: &str, depth: u32, found: &mut dyn FnMut(u128)) {
    unfolded(text, &mut |inner: &str| {
        HIDDEN.each(inner, |number, _, _| found(number));
        if depth > 1 {
            each_nested(inner, depth - 1, found);
        }
    });
}

pub(super) fn hash_of(word: &str) -> u64 {
    let mut hasher = FxHasher::default();
    hasher.write(word.as_bytes());
    hasher.finish()
}

/// Long, and of letters and digits: a UUID or the like.
pub(super) fn unlikely_twice(id: &str) -> bool {
    id.len() >= ID_LENGTH
        && id.bytes().any(|byte| byte.is_ascii_digit())
        && id.bytes().any(|byte| byte.is_ascii_alphabetic())
}

/// The words of a text that are long enough, identifiers being one word, with where they begin; one behind an escape may be shorter.
fn words(text: &str) -> impl Iterator<Item = (usize, &str)> {
    let bytes = text.as_bytes();
    let mut from = 0;
    std::iter::from_fn(move || {
        loop {
            // A word that begins here and is long enough has no gap among its first bytes; the last gap tells how far
            // away the next such word begins at least.
            let head = bytes.get(from..from + ID_LENGTH)?;
            if let Some(gap) = head.iter().rposition(|byte| !is_word(*byte)) {
                from += gap + 1;
                continue;
            }
            let more = bytes[from + ID_LENGTH..].iter().take_while(|byte| is_word(**byte)).count();
            let (start, end) = (from + escape_before(bytes, from), from + ID_LENGTH + more);
            from = end;
            return Some((start, text.get(start..end)?));
        }
    })
}

/// How many bytes at the beginning of what looks like a word belong to an escape of JSON: `\nid` is the word `id`.
fn escape_before(bytes: &[u8], word: usize) -> usize {
    let slashes = bytes[..word].iter().rev().take_while(|byte| **byte == b'\\').count();
    match bytes.get(word) {
        _ if slashes == 0 => 0,
        Some(b'u') => 5,
        Some(b'n' | b'r' | b't' | b'b' | b'f') => 1,
        _ => 0,
    }
}

/// Which bytes belong to words.
const WORD: [bool; 256] = {
    let mut table = [false; 256];
    let mut byte = 0;
    while byte < 128 {
        let at = byte as u8;
        table[byte] = at.is_ascii_alphanumeric() || at == b'-' || at == b'_';
        byte += 1;
    }
    table
};

pub(super) fn is_word(byte: u8) -> bool {
    WORD[usize::from(byte)]
}
