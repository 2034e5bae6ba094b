//! No stack trace, internal path, secret or token reaches a user.
//!
//! One automaton finds where to look; what it found is then read closely. What users wrote themselves may
//! come back to them.

mod anchors;

use super::Broken;
use crate::evidence::around;
use aho_corasick::packed::Searcher;
use aho_corasick::{AhoCorasick, AhoCorasickKind};
use anchors::{ANCHORS, FILES, PIECES, Reading, SHORT};
use memchr::memmem::Finder;
use std::sync::LazyLock;

use Reading::{
    Address, Frame, Goroutine, Hidden, Home, Inside, Jwt, Key, Member, Panic, Path, Thrown, Trace,
};

/// The automaton, and the faster search that tells where it has nothing to find.
#[derive(Debug)]
pub(super) struct Internals {
    /// None on machines that cannot search so.
    pieces: Option<Searcher>,
    short: Vec<Finder<'static>>,
    anchors: Option<AhoCorasick>,
}

/// What nearly all frames are searched with.
pub(super) static INTERNALS: LazyLock<Internals> = LazyLock::new(Internals::new);

impl Internals {
    fn new() -> Self {
        let words = ANCHORS.iter().map(|(word, _)| word);
        // The list is fixed and small: building it fails only when it is empty or huge.
        let pieces = Searcher::new(PIECES);
        let short = SHORT.iter().map(|anchor| Finder::new(*anchor)).collect();
        Self {
            pieces,
            short,
            anchors: AhoCorasick::builder().kind(Some(AhoCorasickKind::DFA)).build(words).ok(),
        }
    }

    /// Whether a frame may show something of the machine's inside.
    pub(super) fn may_show(&self, raw: &str) -> bool {
        let nothing = |pieces: &Searcher| {
            pieces.find(raw).is_none()
                && self.short.iter().all(|anchor| anchor.find(raw.as_bytes()).is_none())
        };
        !self.pieces.as_ref().is_some_and(nothing)
    }

    /// What of the machine's inside a frame that may do so shows.
    pub(super) fn broken(&self, raw: &str, own: impl Fn() -> String) -> Option<Broken> {
        let mut prompt: Option<String> = None;
        for found in self.anchors.as_ref()?.find_overlapping_iter(raw) {
            let (_, reading) = ANCHORS[found.pattern().as_usize()];
            let Some((what, shown)) = read(raw, found.start(), found.end(), reading) else { continue };
            let prompt = prompt.get_or_insert_with(&own);
            if !prompt.contains(shown) {
                return Some(Broken::new(
                    "no stack trace, internal path, secret or token",
                    format!("{what}: `{}`", masked(raw, found.start(), shown, reading)),
                ));
            }
        }
        None
    }
}

/// Reads what stands at an anchor: what it is, and the piece that shows it.
fn read(raw: &str, from: usize, to: usize, reading: Reading) -> Option<(&'static str, &str)> {
    let starts_word = starts_word(&raw[..from]);
    match reading {
        Trace => Some(("a stack trace or an internal path", &raw[from..to])),
        Frame => stack_frame(raw, from, to),
        Panic => source_place(raw, from, to),
        Goroutine => {
            let number = run_of(&raw[to..], |c| c.is_ascii_digit());
            (!number.is_empty() && raw[to + number.len()..].starts_with(" ["))
                .then(|| ("a stack trace", &raw[from..to + number.len() + 2]))
        }
        Thrown if !starts_word => None,
        Thrown => thrown(raw, from, to),
        Inside => raw[..from]
            .ends_with(|c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_'))
            .then(|| ("an internal path", &raw[from..to])),
        Home | Path if !starts_word => None,
        Home => path_at(raw, from).filter(|path| parts(path) >= 3).map(|path| ("an internal path", path)),
        Path => path_at(raw, from).filter(|path| names_a_file(path)).map(|path| ("an internal path", path)),
        Key(least) => {
            let body = run_of(&raw[to..], |c| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.'));
            let random =
                body.bytes().any(|b| b.is_ascii_digit()) && body.bytes().any(|b| b.is_ascii_alphabetic());
            (starts_word && body.len() >= least && random).then(|| ("a secret", &raw[from..to + body.len()]))
        }
        Jwt => {
            let token = run_of(&raw[from..], |c| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.'));
            let mut three = token.split('.');
            let head = three.next().is_some_and(|part| part.len() >= 8);
            let body = three.next().is_some_and(|part| part.starts_with("eyJ"));
            (head && body && starts_word).then_some(("a token", token))
        }
        Member => member_value(raw, to).map(|value| ("a secret", value)),
        Hidden => {
            let length = raw[from..].find('»')? + '»'.len_utf8();
            Some(("a secret", &raw[from..from + length]))
        }
        Address => {
            let address =
                run_of(&raw[from..], |c| !c.is_whitespace() && !matches!(c, '"' | '\\' | '<' | '>' | '`'));
            address.contains('@').then_some(("an internal address with a password", address))
        }
    }
}

/// Whether what follows begins a word: after a sign, a blank, or the escape of one (`\n` ends with a letter, and is none).
fn starts_word(before: &str) -> bool {
    let escaped = before.strip_suffix(['n', 't', 'r']).is_some_and(|head| {
        let slashes = head.len() - head.trim_end_matches('\\').len();
        slashes % 2 == 1
    });
    escaped
        || !before.ends_with(|c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.' | ':' | '/'))
}

fn run_of(text: &str, belongs: impl Fn(char) -> bool) -> &str {
    let end = text.find(|c| !belongs(c)).unwrap_or(text.len());
    &text[..end]
}

fn path_at(raw: &str, from: usize) -> Option<&str> {
    let path =
        run_of(&raw[from..], |c| c.is_ascii_alphanumeric() || matches!(c, '/' | '.' | '_' | '-' | '+' | '@'));
    Some(path.trim_end_matches(['.', '-', '/'])).filter(|path| !path.is_empty())
}

fn parts(path: &str) -> usize {
    path.split('/').filter(|part| !part.is_empty()).count()
}

fn names_a_file(path: &str) -> bool {
    let name = path.rsplit('/').next().unwrap_or_default();
    let known = name.rsplit_once('.').is_some_and(|(_, ending)| FILES.contains(&ending));
    known || matches!(path, "/etc/passwd" | "/etc/shadow" | "/etc/hosts")
}

/// `panicked at 'message', src/main.rs:10` or `panicked at src/main.rs:10:5:`.
fn source_place(raw: &str, from: usize, to: usize) -> Option<(&'static str, &str)> {
    let line = run_of(&raw[to..], |c| c != '\\' && c != '"');
    let (_, place) = line.split_once(".rs:")?;
    place.starts_with(|c: char| c.is_ascii_digit()).then(|| ("a stack trace", &raw[from..to + line.len()]))
}

/// `java.lang.IllegalStateException: no pool`: the name of an exception that says something. One that is only named, as
/// advice on code does, says nothing.
fn thrown(raw: &str, from: usize, to: usize) -> Option<(&'static str, &str)> {
    let name = run_of(&raw[to..], |c| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '$'));
    let known = name.ends_with("Exception") || name.ends_with("Error") || name.starts_with("errors.");
    let says = raw[to + name.len()..].starts_with([':', '\\']);
    (known && says && name.len() > "Exception".len()).then(|| ("a stack trace", &raw[from..to + name.len()]))
}

/// ` at name (file.js:10:3)` or ` at com.example.Name(Name.java:10)`, at the start of a line.
fn stack_frame(raw: &str, from: usize, to: usize) -> Option<(&'static str, &str)> {
    let starts_line = raw[..from].trim_end_matches(' ').ends_with("\\n")
        || raw[..from].trim_end_matches(' ').ends_with("\\t");
    let line = run_of(&raw[to..], |c| !matches!(c, '\\' | '"'));
    // `at Name.Of(String) in /src/Name.cs:line 10`
    let numbered = |rest: &str| rest.starts_with(|c: char| c.is_ascii_digit());
    if starts_line
        && line.split_once(":line ").is_some_and(|(place, rest)| place.contains(") in ") && numbered(rest))
    {
        return Some(("a stack trace", &raw[from..to + line.len()]));
    }
    let inside = line.split_once('(')?.1.split_once(')')?.0;
    let (_, place) = inside.split_once(':')?;
    let numbered = !place.is_empty() && place.bytes().all(|b| b.is_ascii_digit() || b == b':');
    (starts_line && numbered).then(|| ("a stack trace", &raw[from..to + line.len()]))
}

/// The text that a member with a secret's name holds: `…": "value"`, plain or escaped once.
fn member_value(raw: &str, to: usize) -> Option<&str> {
    let rest = &raw[to..];
    let name_rest = run_of(rest, |c| c.is_ascii_alphanumeric() || matches!(c, '_' | '-'));
    // `token_expires_at`, `password_policy`: another name that only begins like a secret's.
    if !name_rest.is_empty() && !name_rest.eq_ignore_ascii_case("value") {
        return None;
    }
    let rest = &rest[name_rest.len()..];
    if let Some(value) = rest.strip_prefix('=') {
        return query_value(value);
    }
    let rest = rest.trim_start_matches('\\').strip_prefix('"')?;
    let rest = rest.trim_start().strip_prefix(':')?.trim_start();
    let value = rest.trim_start_matches('\\').strip_prefix('"')?;
    let value = run_of(value, |c| !matches!(c, '"' | '\\'));
    let hidden = value.chars().all(|c| matches!(c, '*' | 'x' | 'X' | '•' | '.' | '-'))
        || value.starts_with(['[', '<', '{', '*'])
        || value.eq_ignore_ascii_case("redacted")
        || value.contains("***");
    let said = value.strip_prefix("Basic ").unwrap_or(value);
    (said.len() >= 8 && !hidden && !said.contains(' ')).then_some(value)
}

/// The secret of `…api_key=…` in an address: long and random. A word there only stands for one.
fn query_value(text: &str) -> Option<&str> {
    let value = run_of(text, |c| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.' | '%' | '+' | '/'));
    let random = value.bytes().any(|b| b.is_ascii_digit()) && value.bytes().any(|b| b.is_ascii_alphabetic());
    (value.len() >= 16 && random).then_some(value)
}

/// The piece around a find; of a secret only its beginning is shown again.
fn masked(raw: &str, from: usize, shown: &str, reading: Reading) -> String {
    match reading {
        Key(_) | Jwt | Member | Address => {
            let head: String = shown.chars().take(6).collect();
            format!("{head}…")
        }
        Hidden => shown.to_owned(),
        Trace | Frame | Panic | Goroutine | Thrown | Inside | Home | Path => around(raw, from),
    }
}

#[cfg(test)]
mod tests {
    use super::{ANCHORS, Internals, PIECES, SHORT};

    #[test]
    fn every_anchor_holds_a_piece() {
        for (anchor, _) in ANCHORS.iter().filter(|(anchor, _)| *anchor != " at ") {
            assert!(PIECES.iter().chain(SHORT).any(|piece| anchor.contains(piece)), "{anchor}");
        }
        // The vectorised search takes no more.
        assert!(PIECES.len() <= 64 && PIECES.iter().all(|piece| piece.len() >= 4));
    }

    #[test]
    fn frames_of_a_stack_are_found_at_the_start_of_a_line_only() {
        let internals = Internals::new();
        let found = |raw: &str| internals.may_show(raw) && internals.broken(raw, String::new).is_some();
        for blanks in [" ", "  ", "    "] {
            assert!(found(&format!("x\\n{blanks}at f (file.js:10:3)")), "{blanks:?}");
            assert!(found(&format!("x\\t{blanks}at f (file.js:10:3)")), "{blanks:?}");
        }
        assert!(!found("look at f (file.js:10:3)"));
    }
}
