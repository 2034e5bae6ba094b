//! Names that can be traced from a tool to an answer: identifiers, and capitalised names of two words.

use crate::value::text::{bytes_hash, word_hash};

/// A name that can be traced.
pub(super) struct Name<'a> {
    pub(super) hash: u64,
    pub(super) text: &'a str,
    /// Whether many texts might hold it by chance: a region, an instance type, a product.
    pub(super) common: bool,
}

/// What a byte is to a name, as bits; a character beyond ASCII may be a letter.
const LETTER: u8 = 1;
const DIGIT: u8 = 2;
/// Joins the words of an identifier.
const TIE: u8 = 4;
/// May stand inside a name, but makes none.
const INSIDE: u8 = 8;
const WIDE: u8 = 16;

static CLASSES: [u8; 256] = {
    let mut classes = [0; 256];
    let mut byte = 0;
    while byte < 256 {
        classes[byte] = match byte as u8 {
            b'a'..=b'z' | b'A'..=b'Z' => LETTER,
            b'0'..=b'9' => DIGIT,
            b'-' | b'_' | b'/' | b'@' => TIE,
            b'.' | b':' => INSIDE,
            128.. => WIDE,
            _ => 0,
        };
        byte += 1;
    }
    classes
};

fn class(byte: u8) -> u8 {
    CLASSES[usize::from(byte)]
}

/// Identifiers (letters with digits, hyphens, underscores) and capitalised names of two words.
pub(super) fn each_name<'a>(text: &'a str, mut each: impl FnMut(Name<'a>)) {
    let capital = |word: &str| word.len() >= 2 && word.starts_with(char::is_uppercase);
    let bytes = text.as_bytes();
    let mut before: Option<&str> = None;
    let mut at = 0;
    while at < bytes.len() {
        let (start, mut classes) = (at, 0);
        while let Some(&byte) = bytes.get(at) {
            let class = class(byte);
            if class == WIDE {
                // Always on the boundary of a character: so far all were passed over whole.
                let Some(c) = text[at..].chars().next().filter(|c| c.is_alphanumeric()) else { break };
                at += c.len_utf8();
            } else if class != 0 {
                at += 1;
            } else {
                break;
            }
            classes |= class;
        }
        let mut piece = &text[start..at];
        at += match bytes.get(at) {
            Some(byte) if !byte.is_ascii() => text[at..].chars().next().map_or(1, char::len_utf8),
            _ => 1,
        };
        if classes & (TIE | INSIDE) != 0 {
            piece = piece.trim_matches(|c: char| !c.is_alphanumeric());
        }
        if piece.is_empty() {
            continue;
        }
        // What is all letters is no identifier.
        if classes & (DIGIT | TIE) != 0
            && let Some(name) = identifier(piece)
        {
            each(name);
        }
        let named = capital(piece).then_some(piece);
        if let (Some(before), Some(piece)) = (before, named) {
            let hash = lower_hash(before).rotate_left(17) ^ lower_hash(piece);
            each(Name { hash, text: piece, common: true });
        }
        before = named;
    }
}

/// The longest name that is traced.
const LONGEST: usize = 200;

/// The hash of a name in lower case.
fn lower_hash(name: &str) -> u64 {
    let mut lower = [0; LONGEST];
    match lower.get_mut(..name.len()).filter(|_| name.is_ascii()) {
        Some(lower) => {
            lower.copy_from_slice(name.as_bytes());
            lower.make_ascii_lowercase();
            bytes_hash(lower)
        }
        None => word_hash(&name.to_lowercase()),
    }
}

fn identifier(piece: &str) -> Option<Name<'_>> {
    if piece.len() < 4 || piece.len() > LONGEST {
        return None;
    }
    let classes = piece.bytes().fold(0, |classes, byte| classes | class(byte));
    let letters = classes & LETTER != 0 || piece.chars().any(char::is_alphabetic);
    let digits = classes & DIGIT != 0;
    if !letters || !(digits || classes & TIE != 0) || piece.starts_with("gp-") {
        return None;
    }
    let common = !digits || piece.len() < 5 || is_region(piece) || is_instance(piece);
    Some(Name { hash: lower_hash(piece), text: piece, common })
}

/// `us-east-1`: a name that every text about clouds may hold.
fn is_region(piece: &str) -> bool {
    // No character becomes a hyphen or a digit in lower case, but its length may change.
    let length = |part: &str| if part.is_ascii() { part.len() } else { part.to_lowercase().len() };
    piece.ends_with(|c: char| c.is_ascii_digit())
        && length(piece) <= 16
        && piece.bytes().filter(|byte| *byte == b'-').count() == 2
        && piece.split('-').next().is_some_and(|first| length(first) == 2)
}

/// `m5.large`: another of those.
fn is_instance(piece: &str) -> bool {
    let ends = |with: &str| {
        piece
            .len()
            .checked_sub(with.len())
            .and_then(|at| piece.as_bytes().get(at..))
            .is_some_and(|end| end.eq_ignore_ascii_case(with.as_bytes()))
    };
    piece.contains('.') && (ends("large") || ends("medium") || ends("small"))
}
