//! Words, figures and ideographs, with hashes that ignore case and endings.

use super::function_words::{FUNCTIONS, LONGEST_FUNCTION_WORD};
use super::phrase::push_lower;
use super::stem::{bytes_hash, stem_hash, stem_length, word_hash};
use rustc_hash::FxHashMap;

/// What a token is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// Letters, perhaps with digits.
    Word,
    /// It begins with a digit and holds no letter but a unit.
    Figure,
    /// One ideograph, kana or Thai letter: scripts that put no spaces between words.
    Ideograph,
}

/// One token of a text.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Token {
    /// Its first byte.
    pub(crate) start: usize,
    /// The byte after its last.
    pub(crate) end: usize,
    /// Its lower-case form.
    pub(crate) hash: u64,
    /// The same without an English ending.
    pub(crate) stem: u64,
    /// What it is.
    pub(crate) kind: Kind,
    /// The languages in which it is a function word, as bits; bit 0 is English.
    pub(crate) function: u8,
}

impl Token {
    /// Whether it carries meaning of its own.
    pub(crate) fn is_content(&self) -> bool {
        self.function == 0 && (self.kind != Kind::Word || self.end - self.start > 1)
    }
}

/// The tokens of a text, in order. Punctuation, marks and emoji are none.
pub(crate) fn tokens(text: &str) -> Vec<Token> {
    let (functions, longest) = (&*FUNCTIONS, *LONGEST_FUNCTION_WORD);
    let bytes = text.as_bytes();
    // ASCII letters in lower case; digits, full stops and commas have the bit already. Other tokens are not read here.
    let lower: Vec<u8> = bytes.iter().map(|byte| byte | 0x20).collect();
    let mut found = Vec::with_capacity(text.len() / 6 + 1);
    let mut wide = String::new();
    let mut at = 0;
    while let Some(&first) = bytes.get(at) {
        if first.is_ascii() && !first.is_ascii_alphanumeric() {
            at += 1;
            continue;
        }
        let start = at;
        let figure = first.is_ascii_digit();
        let mut digits = 0;
        while let Some(byte) = bytes.get(at) {
            let inside =
                figure && matches!(byte, b'.' | b',') && bytes.get(at + 1).is_some_and(u8::is_ascii_digit);
            if !byte.is_ascii_alphanumeric() && !inside {
                break;
            }
            digits += usize::from(!byte.is_ascii_alphabetic());
            at += 1;
        }
        if bytes.get(at).is_some_and(|byte| !byte.is_ascii()) {
            at = wide_token(text, start, &mut wide, functions, &mut found);
            continue;
        }
        let kind = if figure && at - start - digits <= 1 { Kind::Figure } else { Kind::Word };
        let lower = &lower[start..at];
        let hash = bytes_hash(lower);
        let stem = match kind {
            Kind::Word => match stem_length(lower) {
                all if all == lower.len() => hash,
                length => bytes_hash(&lower[..length]),
            },
            _ => hash,
        };
        let function = if lower.len() <= longest { functions.get(&hash).copied().unwrap_or(0) } else { 0 };
        found.push(Token { start, end: at, hash, stem, kind, function });
    }
    found
}

/// The token at `start`, if there is one, in any script; the byte after it.
fn wide_token(
    text: &str,
    start: usize,
    lower: &mut String,
    functions: &FxHashMap<u64, u8>,
    found: &mut Vec<Token>,
) -> usize {
    let mut chars = text[start..].char_indices().map(|(at, c)| (start + at, c)).peekable();
    let Some((_, first)) = chars.next() else { return text.len() };
    let mut end = start + first.len_utf8();
    if !first.is_alphanumeric() {
        return end;
    }
    if is_ideograph(first) {
        let hash = word_hash(&text[start..end]);
        found.push(Token { start, end, hash, stem: hash, kind: Kind::Ideograph, function: 0 });
        return end;
    }
    let figure = first.is_ascii_digit();
    let mut letters = usize::from(first.is_alphabetic());
    lower.clear();
    push_lower(lower, first);
    while let Some(&(at, c)) = chars.peek() {
        let inside =
            figure && matches!(c, '.' | ',') && text.as_bytes().get(at + 1).is_some_and(u8::is_ascii_digit);
        if !(c.is_alphanumeric() && !is_ideograph(c) || is_combining(c) || inside) {
            break;
        }
        letters += usize::from(c.is_alphabetic());
        end = at + c.len_utf8();
        push_lower(lower, c);
        chars.next();
    }
    let kind = if figure && letters <= 1 { Kind::Figure } else { Kind::Word };
    let hash = word_hash(lower);
    let stem = if kind == Kind::Word { stem_hash(lower) } else { hash };
    let function = functions.get(&hash).copied().unwrap_or(0);
    found.push(Token { start, end, hash, stem, kind, function });
    end
}

/// Scripts without spaces between words: one character is one token.
fn is_ideograph(c: char) -> bool {
    matches!(c, '\u{3040}'..='\u{30ff}' | '\u{3400}'..='\u{4dbf}' | '\u{4e00}'..='\u{9fff}' | '\u{f900}'..='\u{faff}'
        | '\u{0e00}'..='\u{0e7f}' | '\u{20000}'..='\u{2ffff}')
}

/// Marks that belong to the letter before them.
fn is_combining(c: char) -> bool {
    matches!(c, '\u{300}'..='\u{36f}' | '\u{591}'..='\u{5bd}' | '\u{64b}'..='\u{65f}' | '\u{900}'..='\u{903}'
        | '\u{93a}'..='\u{94f}')
}

#[cfg(test)]
mod tests {
    use super::{Kind, tokens};
    use crate::value::text::plain;

    #[test]
    fn scripts_without_spaces_give_one_token_a_character() {
        assert_eq!(
            tokens("東京の cost: $1,234.50").iter().map(|t| t.kind).collect::<Vec<_>>(),
            [Kind::Ideograph, Kind::Ideograph, Kind::Ideograph, Kind::Word, Kind::Figure]
        );
        assert_eq!(tokens("cafe\u{301} 🚀 naïve").len(), 2);
    }

    #[test]
    fn a_text_of_one_script_reads_as_it_would_among_others() {
        let text =
            "It's 1,234.5 GB at $12.3k.\tRightsize `etl-77ff00` (g5.12xlarge), 30 % less;\u{b} v1.2. x_Y END";
        let all = |text: &str| -> Vec<_> {
            tokens(text).iter().map(|t| (t.start, t.end, t.hash, t.stem, t.kind, t.function)).collect()
        };
        let mut other = all(&format!("{text}é"));
        let last = other.pop().expect("the word that is not of it");
        let mut one = all(text);
        one.pop();
        assert_eq!(one, other);
        assert_eq!(last.1, text.len() + 2);
        assert_eq!(plain(&format!("{text}é")), format!("{}é", plain(text)));
    }
}
