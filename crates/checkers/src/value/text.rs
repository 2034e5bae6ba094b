//! Texts as tokens: words, figures and ideographs, with hashes that ignore case and endings.

use memchr::memmem::Finder;
use rustc_hash::{FxHashMap, FxHasher};
use std::borrow::Cow;
use std::cell::OnceCell;
use std::hash::Hasher;
use std::sync::LazyLock;

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

/// Function words of the languages that are told apart; their place is their bit.
const FUNCTION_WORDS: [&str; 6] = [
    "the a an and or but of to in on at by for with from is are was were be been this that these those it its as if \
     then than so not no we you your our my me i he she they them their which who what when where how can could should \
     would will may might do does did has have had there here all each any more most into out up over per about after \
     before between while since because also only very such let us",
    "der die das und oder aber von zu im auf bei mit aus ist sind war waren ein eine einer eines einen dem den des \
     nicht kein keine wir sie ihr ihre unser ich wie wenn dann als auch nur sehr für über nach durch werden wird kann",
    "le la les et ou mais de du des dans sur par pour avec est sont était un une ce cette ces il elle nous vous votre \
     notre je ne pas plus qui que quoi dont où si au aux en se sa son ses leur leurs peut",
    "el los las y o pero de del en por para con es son era un una este esta estos estas no nosotros su sus mi yo que \
     cual donde si como al se lo más muy también puede",
    "il lo gli e ed o ma di del della dei nel nella per con è sono era un una questo questa questi non noi voi suo \
     sua io che quale dove se come al si più molto anche può",
    "o os as e ou mas de do da dos das em no na por para com é são era um uma este esta isto não nós você seu sua eu \
     que qual onde se como ao mais muito também pode",
];

fn hash_of(lower: &str) -> u64 {
    bytes_hash(lower.as_bytes())
}

/// [`word_hash`] of a word's bytes.
pub(crate) fn bytes_hash(lower: &[u8]) -> u64 {
    let mut hasher = FxHasher::default();
    hasher.write(lower);
    hasher.finish()
}

static FUNCTIONS: LazyLock<FxHashMap<u64, u8>> = LazyLock::new(|| {
    let mut functions = FxHashMap::default();
    for (bit, words) in FUNCTION_WORDS.iter().enumerate() {
        for word in words.split_whitespace() {
            *functions.entry(hash_of(word)).or_insert(0) |= 1 << bit;
        }
    }
    functions
});

/// The hash of a word that is already in lower case, as tokens carry it.
pub(crate) fn word_hash(lower: &str) -> u64 {
    hash_of(lower)
}

/// The hash of a lower-case word's stem, as tokens carry it.
pub(crate) fn stem_hash(lower: &str) -> u64 {
    hash_of(stem(lower))
}

/// English endings, longest first; what stays must have four letters.
const ENDINGS: [&str; 15] = [
    "izations", "ations", "ation", "ements", "ement", "ments", "ment", "ings", "ing", "ies", "ers", "ed",
    "es", "er", "s",
];

fn stem(lower: &str) -> &str {
    if lower.is_ascii() { &lower[..stem_length(lower.as_bytes())] } else { lower }
}

/// How much of an ASCII word is its stem.
fn stem_length(lower: &[u8]) -> usize {
    if lower.ends_with(b"ss") {
        return lower.len();
    }
    let mut stem = lower;
    // What no ending ends with needs no look at all of them.
    if let Some(b's' | b't' | b'g' | b'd' | b'r' | b'n') = lower.last() {
        for ending in ENDINGS {
            if let Some(rest) = lower.strip_suffix(ending.as_bytes())
                && rest.len() >= 4 - usize::from(ending == "s")
            {
                stem = rest;
                break;
            }
        }
    }
    match stem.strip_suffix(b"e") {
        Some(rest) if rest.len() >= 4 => rest.len(),
        _ => stem.len(),
    }
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

/// Function words are short: the bytes of the longest.
static LONGEST_FUNCTION_WORD: LazyLock<usize> = LazyLock::new(|| {
    FUNCTION_WORDS.iter().flat_map(|words| words.split_whitespace()).map(str::len).max().unwrap_or(0)
});

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
        let hash = hash_of(&text[start..end]);
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
    let hash = hash_of(lower);
    let stem = if kind == Kind::Word { hash_of(stem(lower)) } else { hash };
    let function = functions.get(&hash).copied().unwrap_or(0);
    found.push(Token { start, end, hash, stem, kind, function });
    end
}

/// The text of an answer, read once for all who judge it.
#[derive(Debug, Clone)]
pub(crate) struct AnswerText<'a> {
    /// As it came.
    pub(crate) text: Cow<'a, str>,
    read: OnceCell<Read>,
    prompt: OnceCell<Read>,
}

/// What is read of a text.
#[derive(Debug, Clone)]
struct Read {
    references: Vec<(usize, u128)>,
    /// `None` when that is the text itself.
    bare: Option<String>,
    tokens: Vec<Token>,
}

impl Read {
    fn of(text: &str) -> Self {
        let references: Vec<_> = references(text).collect();
        let bare = (!references.is_empty()).then(|| without_references(text).into_owned());
        let tokens = tokens(bare.as_deref().unwrap_or(text));
        Self { references, bare, tokens }
    }
}

impl<'a> AnswerText<'a> {
    /// An answer that nobody has read yet.
    pub(crate) fn new(text: Cow<'a, str>) -> Self {
        Self { text, read: OnceCell::new(), prompt: OnceCell::new() }
    }

    fn read(&self) -> &Read {
        self.read.get_or_init(|| Read::of(&self.text))
    }

    /// Without its references.
    pub(crate) fn bare(&self) -> &str {
        self.read().bare.as_deref().unwrap_or(&self.text)
    }

    /// The tokens of [`AnswerText::bare`].
    pub(crate) fn tokens(&self) -> &[Token] {
        &self.read().tokens
    }

    /// The references in it: where each begins, and its number.
    pub(crate) fn references(&self) -> &[(usize, u128)] {
        &self.read().references
    }

    /// Its prompt without references, and the tokens of that. Whoever asks gives the same prompt: it is read once.
    pub(crate) fn prompt<'p>(&'p self, prompt: &'p str) -> (&'p str, &'p [Token]) {
        let read = self.prompt.get_or_init(|| Read::of(prompt));
        (read.bare.as_deref().unwrap_or(prompt), &read.tokens)
    }
}

fn push_lower(lower: &mut String, c: char) {
    if c.is_ascii() { lower.push(c.to_ascii_lowercase()) } else { lower.extend(c.to_lowercase()) }
}

/// Lower case, one blank for each run of white space, straight apostrophes: what phrases are searched in.
pub(crate) fn plain(text: &str) -> String {
    if text.is_ascii() {
        return ascii_plain(text.as_bytes());
    }
    let mut plain = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '\u{2019}' | '\u{2018}' | '`' => plain.push('\''),
            c if c.is_whitespace() => {
                if !plain.ends_with(' ') {
                    plain.push(' ');
                }
            }
            c => push_lower(&mut plain, c),
        }
    }
    plain
}

/// The same for a text of which every byte is a character.
fn ascii_plain(text: &[u8]) -> String {
    let mut plain = vec![0; text.len()];
    let (mut length, mut blank) = (0, false);
    for byte in text {
        let plainly = match byte {
            b'`' => b'\'',
            b'\t'..=b'\r' | b' ' => b' ',
            byte => byte.to_ascii_lowercase(),
        };
        // A blank after a blank is overwritten.
        length -= usize::from(blank && plainly == b' ');
        blank = plainly == b' ';
        plain[length] = plainly;
        length += 1;
    }
    plain.truncate(length);
    String::from_utf8(plain).unwrap_or_default()
}

/// A text without its references: a line `Reference: gp-…` goes whole, elsewhere the `gp-…` alone.
pub(crate) fn without_references(text: &str) -> Cow<'_, str> {
    let Some((first, _)) = references(text).next() else { return Cow::Borrowed(text) };
    let mut kept = String::with_capacity(text.len());
    let (mut done, mut next) = (0, Some(first));
    while let Some(at) = next {
        let begin = memchr::memrchr(b'\n', &text.as_bytes()[done..at]).map_or(done, |line| done + line + 1);
        let end = memchr::memchr(b'\n', &text.as_bytes()[at..]).map_or(text.len(), |line| at + line + 1);
        kept.push_str(&text[done..begin]);
        let mut rest = &text[begin..end];
        let mut part = String::with_capacity(rest.len());
        while let Some((at, _)) = references(rest).next() {
            part.push_str(&rest[..at]);
            rest = &rest[at + REFERENCE_LENGTH..];
        }
        part.push_str(rest);
        let label = part.trim().trim_matches(|c: char| !c.is_alphanumeric());
        if !["reference", "ref", ""].iter().any(|only| label.eq_ignore_ascii_case(only)) {
            kept.push_str(&part);
        }
        done = end;
        next = references(&text[done..]).next().map(|(at, _)| done + at);
    }
    kept.push_str(&text[done..]);
    Cow::Owned(kept)
}

/// `gp-` and 32 hex digits.
const REFERENCE_LENGTH: usize = 35;

static REFERENCE: LazyLock<Finder<'static>> = LazyLock::new(|| Finder::new(b"gp-"));

/// The references in a text: where each begins, and its number.
pub(crate) fn references(text: &str) -> impl Iterator<Item = (usize, u128)> + '_ {
    REFERENCE.find_iter(text.as_bytes()).filter_map(|at| {
        let digits = text.get(at + 3..at + REFERENCE_LENGTH)?;
        if !digits.bytes().all(|b| b.is_ascii_hexdigit()) {
            return None;
        }
        Some((at, u128::from_str_radix(digits, 16).ok()?))
    })
}

/// The sentences, list items and table rows of a text, as byte ranges.
pub(crate) fn sentences(text: &str) -> Vec<(usize, usize)> {
    let bytes = text.as_bytes();
    let mut found = Vec::with_capacity(16);
    let mut start = 0;
    let mut at = 0;
    while let Some(&byte) = bytes.get(at) {
        let mut end = at + 1;
        let ends = match byte {
            b'\n' => true,
            // `1.` at the beginning of a line is a list mark, not a sentence.
            b'.' | b'!' | b'?' => {
                begins_blank(&text[end..]) && !text[start..at].trim().bytes().all(|b| b.is_ascii_digit())
            }
            // The first bytes of `。`, `！` and `？`.
            0xe3 | 0xef => {
                end = at + 3;
                matches!(&bytes[at..end], [0xe3, 0x80, 0x82] | [0xef, 0xbc, 0x81 | 0x9f])
            }
            _ => false,
        };
        if ends {
            if !text[start..end].trim_start().is_empty() {
                found.push((start, end));
            }
            start = end;
        }
        at = end;
    }
    if !text[start..].trim_start().is_empty() {
        found.push((start, text.len()));
    }
    found
}

/// Whether a text begins with white space or is empty.
fn begins_blank(text: &str) -> bool {
    match text.as_bytes().first() {
        None => true,
        Some(byte) if byte.is_ascii() => matches!(byte, b'\t'..=b'\r' | b' '),
        Some(_) => text.starts_with(char::is_whitespace),
    }
}

/// A sentence and its tokens.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Sentence {
    /// Its first byte.
    pub(crate) start: usize,
    /// The byte after its last.
    pub(crate) end: usize,
    from: usize,
    to: usize,
}

impl Sentence {
    /// The sentences of a text, each with its tokens among those of the text.
    pub(crate) fn all(text: &str, tokens: &[Token]) -> Vec<Self> {
        let mut next = 0;
        sentences(text)
            .into_iter()
            .map(|(start, end)| {
                let from = next;
                while tokens.get(next).is_some_and(|token| token.start < end) {
                    next += 1;
                }
                Self { start, end, from, to: next }
            })
            .collect()
    }

    /// Its tokens, of all that its text has.
    pub(crate) fn tokens<'t>(&self, all: &'t [Token]) -> &'t [Token] {
        all.get(self.from..self.to).unwrap_or_default()
    }
}

/// A piece of a text for a finding: one line, at most 120 characters.
pub(crate) fn excerpt(text: &str) -> String {
    let mut line = String::with_capacity(text.len().min(128));
    let mut length = 0;
    for word in text.split_whitespace() {
        if !line.is_empty() {
            line.push(' ');
            length += 1;
        }
        for c in word.chars() {
            line.push(c);
            length += 1;
            if length > 120 {
                let cut = line.char_indices().nth(119).map_or(line.len(), |(at, _)| at);
                line.truncate(cut);
                line.push('…');
                return line;
            }
        }
    }
    line
}

#[cfg(test)]
mod tests {
    use super::{Kind, plain, references, sentences, stem, tokens, without_references};

    #[test]
    fn endings_do_not_tell_words_apart() {
        for (a, b) in [
            ("costs", "cost"),
            ("optimize", "optimization"),
            ("training", "trainer"),
            ("process", "processing"),
            ("improvements", "improve"),
            ("services", "service"),
        ] {
            assert_eq!(stem(a), stem(b), "{a} {b}");
        }
    }

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

    #[test]
    fn references_are_found_and_removed() {
        let text = "Save money.\nReference: gp-000102030405060708090a0b0c0d0e0f\n";
        assert_eq!(references(text).count(), 1);
        assert_eq!(without_references(text), "Save money.\n");
        assert_eq!(without_references("no gp-12 here"), "no gp-12 here");
    }

    #[test]
    fn lists_and_sentences_are_cut_where_people_would() {
        assert_eq!(sentences("One. Two at 1.5 GB\n1. Three\n").len(), 3);
        assert_eq!(plain("I’m\n  HERE"), "i'm here");
    }
}
