//! No stack trace, internal path, secret or token reaches a user.
//!
//! One automaton finds where to look; what it found is then read closely. What users wrote themselves may
//! come back to them.

use super::Broken;
use crate::evidence::around;
use aho_corasick::packed::Searcher;
use aho_corasick::{AhoCorasick, AhoCorasickKind};
use memchr::memmem::Finder;
use std::sync::LazyLock;

/// How what stands at an anchor is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Reading {
    /// The words alone are proof.
    Trace,
    /// `at f (file.js:10:3)`: a frame of a stack.
    Frame,
    /// `panicked at src/main.rs:10`: a place in a source.
    Panic,
    /// `java.lang.IllegalStateException: …`: the name of what was thrown, and what it says.
    Thrown,
    /// `…/node_modules/…`: a directory below others.
    Inside,
    /// A path below a directory of people: three parts are proof.
    Home,
    /// A path of a machine: proof when it names a source or a secret file.
    Path,
    /// A prefix of a key: so many characters of it are proof.
    Key(usize),
    /// A web token: three parts.
    Jwt,
    /// A member with this name that holds a text.
    Member,
    /// An address that holds a password.
    Address,
}

use Reading::{Address, Frame, Home, Inside, Jwt, Key, Member, Panic, Path, Thrown, Trace};

const ANCHORS: &[(&str, Reading)] = &[
    ("Traceback (most recent call last)", Trace),
    ("panicked at ", Panic),
    ("stack backtrace:", Trace),
    ("run with `RUST_BACKTRACE", Trace),
    ("Exception in thread \\\"", Trace),
    ("goroutine 1 [", Trace),
    ("java.lang.", Thrown),
    ("org.springframework.", Thrown),
    ("System.NullReferenceException", Trace),
    ("sqlalchemy.exc.", Trace),
    ("psycopg2.", Thrown),
    ("SQLSTATE[", Trace),
    ("/site-packages/", Inside),
    ("/node_modules/", Inside),
    ("/rustc/", Trace),
    (".cargo/registry/", Trace),
    ("-----BEGIN RSA PRIVATE KEY", Trace),
    ("-----BEGIN PRIVATE KEY", Trace),
    ("-----BEGIN EC PRIVATE KEY", Trace),
    ("-----BEGIN OPENSSH PRIVATE KEY", Trace),
    (" at ", Frame),
    ("File \\\"/", Trace),
    ("/home/", Home),
    ("/root/", Home),
    ("/Users/", Home),
    ("C:\\\\Users\\\\", Trace),
    ("/app/", Path),
    ("/srv/", Path),
    ("/opt/", Path),
    ("/usr/", Path),
    ("/var/", Path),
    ("/etc/", Path),
    ("/tmp/", Path),
    ("/workspace/", Path),
    ("sk-", Key(20)),
    ("sk_live_", Key(12)),
    ("sk_test_", Key(12)),
    ("AKIA", Key(16)),
    ("ASIA", Key(16)),
    ("AIza", Key(30)),
    ("ghp_", Key(30)),
    ("gho_", Key(30)),
    ("github_pat_", Key(20)),
    ("glpat-", Key(16)),
    ("xoxb-", Key(20)),
    ("xoxp-", Key(20)),
    ("Bearer ", Key(20)),
    ("eyJ", Jwt),
    ("api_key", Member),
    ("apikey", Member),
    ("apiKey", Member),
    ("api-key", Member),
    ("secret_key", Member),
    ("secretKey", Member),
    ("client_secret", Member),
    ("access_token", Member),
    ("accessToken", Member),
    ("refresh_token", Member),
    ("private_key", Member),
    ("password", Member),
    ("passwd", Member),
    ("\"secret", Member),
    ("\"token", Member),
    ("\"authorization", Member),
    ("\"Authorization", Member),
    ("postgres://", Address),
    ("postgresql://", Address),
    ("mysql://", Address),
    ("mongodb://", Address),
    ("mongodb+srv://", Address),
    ("redis://", Address),
    ("amqp://", Address),
];

/// Anchors too short to be searched with the pieces: three bytes tell much less than four.
const SHORT: &[&str] = &["sk-", "eyJ"];

/// Pieces of which every other anchor holds one, few enough to be searched all at once. The blanks around `at` are as they
/// stand before a frame of a stack at the start of a line.
const PIECES: &[&str] = &[
    "Traceback (",
    "panicked at ",
    "stack backtrace:",
    "RUST_BACKTRACE",
    "Exception in thread",
    "goroutine 1 [",
    "java.",
    "javax.",
    "org.",
    "System.NullRef",
    "sqlalchemy.exc.",
    "psycopg2.",
    "SQLSTATE[",
    "site-packages/",
    "node_modules/",
    "/rustc/",
    ".cargo/registry/",
    "-----BEGIN ",
    "  at ",
    "\\n at ",
    "\\t at ",
    "File \\\"/",
    "/home/",
    "/root/",
    "/Users/",
    "C:\\\\Users",
    "/app/",
    "/srv/",
    "/opt/",
    "/usr/",
    "/var/",
    "/etc/",
    "/tmp/",
    "/workspace/",
    "sk_live_",
    "sk_test_",
    "AKIA",
    "ASIA",
    "AIza",
    "ghp_",
    "gho_",
    "github_pat_",
    "glpat-",
    "xoxb-",
    "xoxp-",
    "Bearer ",
    "api_key",
    "apikey",
    "apiKey",
    "api-key",
    "secret",
    "access_token",
    "accessToken",
    "refresh_token",
    "private_key",
    "passw",
    "\"token",
    "\"authorization",
    "\"Authorization",
    "sql://",
    "postgres://",
    "mongodb",
    "redis://",
    "amqp://",
];

/// Endings of files that no user should hear of.
const FILES: &[&str] = &[
    "c", "cc", "cfg", "conf", "cpp", "cs", "db", "env", "go", "ini", "java", "js", "key", "kt", "lock",
    "log", "mjs", "pem", "php", "py", "pyc", "rb", "rs", "scala", "sh", "so", "sock", "sqlite", "sqlite3",
    "toml", "ts", "tsx", "yaml", "yml",
];

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
    let starts_word = !raw[..from]
        .ends_with(|c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.' | ':' | '/'));
    match reading {
        Trace => Some(("a stack trace or an internal path", &raw[from..to])),
        Frame => stack_frame(raw, from, to),
        Panic => source_place(raw, from, to),
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
        Address => {
            let address =
                run_of(&raw[from..], |c| !c.is_whitespace() && !matches!(c, '"' | '\\' | '<' | '>' | '`'));
            let host = address.get(to - from..)?;
            host.contains('@').then_some(("an internal address with a password", address))
        }
    }
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
    let rest = rest[name_rest.len()..].trim_start_matches('\\').strip_prefix('"')?;
    let rest = rest.trim_start().strip_prefix(':')?.trim_start();
    let value = rest.trim_start_matches('\\').strip_prefix('"')?;
    let value = run_of(value, |c| !matches!(c, '"' | '\\'));
    let hidden = value.chars().all(|c| matches!(c, '*' | 'x' | 'X' | '•' | '.' | '-'))
        || value.starts_with(['[', '<', '{', '*'])
        || value.eq_ignore_ascii_case("redacted")
        || value.contains("***");
    (value.len() >= 8 && !hidden && !value.contains(' ')).then_some(value)
}

/// The piece around a find; of a secret only its beginning is shown again.
fn masked(raw: &str, from: usize, shown: &str, reading: Reading) -> String {
    match reading {
        Key(_) | Jwt | Member | Address => {
            let head: String = shown.chars().take(6).collect();
            format!("{head}…")
        }
        Trace | Frame | Panic | Thrown | Inside | Home | Path => around(raw, from),
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
