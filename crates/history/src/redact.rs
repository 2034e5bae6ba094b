//! Takes secrets out of text before it is kept: tokens never appear in a history.
//!
//! Each kind leaves its name (`«redacted jwt»`), so that a judge still sees that one was there. Text
//! without secrets is given back as it is, after one fast scan.

use aho_corasick::{AhoCorasick, MatchKind};
use std::borrow::Cow;
use std::sync::LazyLock;

/// What stands in place of a JWT.
pub const REDACTED_JWT: &str = "«redacted jwt»";
/// What stands in place of an opaque token: after `Bearer`, in a token field, or given by name.
pub const REDACTED_TOKEN: &str = "«redacted token»";
/// What stands in place of an API key or a private key.
pub const REDACTED_KEY: &str = "«redacted key»";

/// The least length of an opaque token: shorter ones are words.
const TOKEN_LENGTH: usize = 16;

#[derive(Clone, Copy)]
enum Kind {
    Jwt,
    Subprotocol,
    Bearer,
    Field,
    Key { least: usize },
    PrivateKey,
}

/// What each kind begins with. Matched without regard to case where people write either.
const STARTS: &[(&str, Kind)] = &[
    ("eyJ", Kind::Jwt),
    ("jwt.", Kind::Subprotocol),
    ("Bearer ", Kind::Bearer),
    ("bearer ", Kind::Bearer),
    ("token", Kind::Field),
    ("Token", Kind::Field),
    ("client_secret", Kind::Field),
    ("api_key", Kind::Field),
    ("apiKey", Kind::Field),
    ("password", Kind::Field),
    ("sk-", Kind::Key { least: 16 }),
    ("AKIA", Kind::Key { least: 16 }),
    ("AIza", Kind::Key { least: 30 }),
    ("ghp_", Kind::Key { least: 30 }),
    ("gho_", Kind::Key { least: 30 }),
    ("ghs_", Kind::Key { least: 30 }),
    ("github_pat_", Kind::Key { least: 30 }),
    ("xoxb-", Kind::Key { least: 16 }),
    ("xoxp-", Kind::Key { least: 16 }),
    ("-----BEGIN ", Kind::PrivateKey),
];

static ANYWHERE: LazyLock<Option<AhoCorasick>> =
    // Leftmost matching is what the library has a vectorised search for: every frame is searched, few hold anything.
    LazyLock::new(|| {
        let starts = STARTS.iter().map(|(start, _)| start);
        AhoCorasick::builder().match_kind(MatchKind::LeftmostFirst).build(starts).ok()
    });

/// The text without secrets: the same text when it holds none.
#[must_use]
pub fn redact(text: &str) -> Cow<'_, str> {
    let Some(starts) = ANYWHERE.as_ref() else { return Cow::Owned(REDACTED_TOKEN.to_owned()) };
    let mut clean = String::new();
    let mut kept_to = 0;
    for start in starts.find_iter(text).filter(|start| !start.is_empty()) {
        let kind = STARTS[start.pattern()].1;
        let secret =
            if start.start() < kept_to { None } else { secret_at(text, start.start(), start.end(), kind) };
        if let Some(secret) = secret {
            clean.push_str(&text[kept_to..secret.from]);
            clean.push_str(secret.shown);
            kept_to = secret.to;
        }
    }
    if kept_to == 0 {
        return Cow::Borrowed(text);
    }
    clean.push_str(&text[kept_to..]);
    Cow::Owned(clean)
}

/// The text without secrets and without any of `known`: opaque tokens that look like nothing.
#[must_use]
pub fn redact_known<'a>(text: &'a str, known: &[String]) -> Cow<'a, str> {
    let mut text = redact(text);
    for secret in known.iter().filter(|secret| secret.len() >= 8) {
        if memchr::memmem::find(text.as_bytes(), secret.as_bytes()).is_some() {
            text = Cow::Owned(text.replace(secret.as_str(), REDACTED_TOKEN));
        }
    }
    text
}

/// Whether a text shows that a secret was in it.
#[must_use]
pub fn was_redacted(text: &str) -> bool {
    memchr::memmem::find(text.as_bytes(), "«redacted ".as_bytes()).is_some()
}

struct Secret {
    from: usize,
    to: usize,
    shown: &'static str,
}

/// The secret that begins at `at` with a start that ends at `end`, if it really is one.
fn secret_at(text: &str, at: usize, end: usize, kind: Kind) -> Option<Secret> {
    let bytes = text.as_bytes();
    let word_before = ends_in_a_word(bytes.get(..at)?);
    let run = |from: usize, of: fn(u8) -> bool| {
        let rest = bytes.get(from..).unwrap_or_default();
        from + rest.iter().position(|byte| !of(*byte)).unwrap_or(rest.len())
    };
    match kind {
        Kind::Jwt => {
            let header = run(at, is_base64url);
            let payload = run(dot_at(bytes, header)? + 1, is_base64url);
            // Amid a word only claims that are an object tell a token from a name with dots.
            if word_before && !text[header + 1..payload].starts_with("eyJ") {
                return None;
            }
            let to = run(dot_at(bytes, payload)? + 1, is_base64url);
            let long = header - at >= 10 && payload - header >= 10;
            long.then_some(Secret { from: at, to, shown: REDACTED_JWT })
        }
        Kind::Subprotocol => {
            let to = run(end, is_base64url);
            (!word_before && looks_random(&text[end..to], 2 * TOKEN_LENGTH)).then_some(Secret {
                from: end,
                to,
                shown: REDACTED_JWT,
            })
        }
        Kind::Bearer => {
            let to = run(end, is_token68);
            let shown = if text[end..to].starts_with("eyJ") { REDACTED_JWT } else { REDACTED_TOKEN };
            looks_random(&text[end..to], TOKEN_LENGTH).then_some(Secret { from: end, to, shown })
        }
        Kind::Field => {
            let from = value_after(bytes, end)?;
            let to = run(from, is_token68);
            let shown = if text[from..to].starts_with("eyJ") { REDACTED_JWT } else { REDACTED_TOKEN };
            looks_random(&text[from..to], TOKEN_LENGTH).then_some(Secret { from, to, shown })
        }
        Kind::Key { least } => {
            let to = run(end, is_base64url);
            (!word_before && looks_random(&text[end..to], least)).then_some(Secret {
                from: at,
                to,
                shown: REDACTED_KEY,
            })
        }
        Kind::PrivateKey => {
            let rest = &text[end..];
            // No key holds a quotation mark. One that is cut ends with its string, so that JSON stays JSON.
            let rest = rest.find('"').map_or(rest, |quote| rest[..quote].trim_end_matches('\\'));
            if !rest[..rest.find("-----")?].ends_with("PRIVATE KEY") {
                return None;
            }
            let closed = rest.find("-----END ").and_then(|closing| {
                let closing = closing + "-----END ".len();
                rest[closing..].find("-----").map(|last| closing + last + 5)
            });
            Some(Secret { from: at, to: end + closed.unwrap_or(rest.len()), shown: REDACTED_KEY })
        }
    }
}

fn dot_at(bytes: &[u8], at: usize) -> Option<usize> {
    (bytes.get(at) == Some(&b'.')).then_some(at)
}

/// Where the value of a field begins whose name ends at `end`: after `":"` in JSON (also JSON inside
/// JSON), or `=` in a query.
fn value_after(bytes: &[u8], end: usize) -> Option<usize> {
    let rest = bytes.get(end..)?;
    if rest.first() == Some(&b'=') {
        return Some(end + 1);
    }
    let skip = |from: usize, set: &[u8]| {
        from + rest[from..].iter().position(|byte| !set.contains(byte)).unwrap_or(rest.len() - from)
    };
    let quote = skip(0, b"\\");
    if rest.get(quote) != Some(&b'"') {
        return None;
    }
    let colon = skip(quote + 1, b" ");
    if rest.get(colon) != Some(&b':') {
        return None;
    }
    let open = skip(colon + 1, b" \\");
    (rest.get(open) == Some(&b'"')).then_some(end + open + 1)
}

/// Long enough, with letters and digits both: no word or sentence of a language looks so.
fn looks_random(value: &str, least: usize) -> bool {
    value.len() >= least
        && value.bytes().any(|byte| byte.is_ascii_digit())
        && value.bytes().any(|byte| byte.is_ascii_alphabetic())
}

/// Whether a word goes on behind this text; an escape of JSON is none, though it ends in a letter.
fn ends_in_a_word(text: &[u8]) -> bool {
    match text {
        [.., b'\\', b'n' | b't' | b'r' | b'b' | b'f'] | [.., b'\\', b'u', _, _, _, _] => false,
        [.., last] => is_word(*last),
        [] => false,
    }
}

fn is_word(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'_'
}

fn is_base64url(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_')
}

fn is_token68(byte: u8) -> bool {
    is_base64url(byte) || matches!(byte, b'.' | b'~' | b'+' | b'/' | b'=')
}

#[cfg(test)]
mod tests {
    use super::{REDACTED_JWT, REDACTED_KEY, REDACTED_TOKEN, redact, redact_known, was_redacted};
    use rstest::rstest;
    use std::borrow::Cow;

    const JWT: &str = "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJ1c2VyLTEifQ.c2lnbmF0dXJl";

    #[rstest]
    #[case::jwt(format!("a {JWT} b"), format!("a {REDACTED_JWT} b"))]
    #[case::unsigned("x:eyJhbGciOiJub25lIn0.eyJzdWIiOiJ1c2VyLTEifQ.".to_owned(), format!("x:{REDACTED_JWT}"))]
    #[case::bearer("Authorization: Bearer abcdef0123456789xyz".to_owned(), format!("Authorization: Bearer {REDACTED_TOKEN}"))]
    #[case::bearer_jwt(format!("bearer {JWT}\n"), format!("bearer {REDACTED_JWT}\n"))]
    #[case::refresh(format!(r#"{{"type":"refresh","token":"{JWT}"}}"#), format!(r#"{{"type":"refresh","token":"{REDACTED_JWT}"}}"#))]
    #[case::opaque(r#"{"access_token": "a1b2c3d4e5f6g7h8i9"}"#.to_owned(), format!(r#"{{"access_token": "{REDACTED_TOKEN}"}}"#))]
    #[case::inner(r#"{"a":"{\"token\":\"a1b2c3d4e5f6g7h8i9\"}"}"#.to_owned(), format!(r#"{{"a":"{{\"token\":\"{REDACTED_TOKEN}\"}}"}}"#))]
    #[case::query("ws://h/ws?access_token=a1b2c3d4e5f6g7h8i9&x=1".to_owned(), format!("ws://h/ws?access_token={REDACTED_TOKEN}&x=1"))]
    #[case::subprotocol("goldenpath.v1, jwt.ZXlKaGJHY2lPaUpJVXpJMU5pSjkuZXlKemRXSWlP".to_owned(), format!("goldenpath.v1, jwt.{REDACTED_JWT}"))]
    #[case::key("key sk-proj-abcd1234efgh5678ijkl.".to_owned(), format!("key {REDACTED_KEY}."))]
    #[case::two(format!("{JWT} sk-abcd1234efgh5678ijkl"), format!("{REDACTED_JWT} {REDACTED_KEY}"))]
    #[case::pem("-----BEGIN PRIVATE KEY-----\nMIIE\n-----END PRIVATE KEY-----\nx".to_owned(), format!("{REDACTED_KEY}\nx"))]
    #[case::behind_an_escape(format!(r#"{{"a":"see:\n{JWT}\u000a{JWT}"}}"#), format!(r#"{{"a":"see:\n{REDACTED_JWT}\u000a{REDACTED_JWT}"}}"#))]
    #[case::behind_an_inner_escape(format!(r#"{{"a":"{{\"b\":\"\\t{JWT}\"}}"}}"#), format!(r#"{{"a":"{{\"b\":\"\\t{REDACTED_JWT}\"}}"}}"#))]
    #[case::amid_a_word(format!("user_{JWT}"), format!("user_{REDACTED_JWT}"))]
    #[case::cut_pem(r#"{"a":"{\"key\":\"-----BEGIN RSA PRIVATE KEY-----\\nMIIE\"}","b":1}"#.to_owned(), format!(r#"{{"a":"{{\"key\":\"{REDACTED_KEY}\"}}","b":1}}"#))]
    #[case::inner_pem(r#"{"a":"-----BEGIN PRIVATE KEY-----\nMIIE\n-----END PRIVATE KEY-----\nx"}"#.to_owned(), format!(r#"{{"a":"{REDACTED_KEY}\nx"}}"#))]
    fn secrets_are_taken_out(#[case] text: String, #[case] clean: String) {
        assert_eq!(redact(&text), clean);
        assert!(was_redacted(&clean));
        assert_eq!(redact(&clean), clean, "once is enough");
    }

    #[rstest]
    #[case("")]
    #[case("the bearer token required authentication... failed, says eyJ")]
    #[case("risk-adjusted-savings-2026-0001 and desk-lamp-2026-abcdefgh")]
    #[case(r#"{"token":"The","tokens":4096,"usage":{"total_token_count":12}}"#)]
    #[case(r#"{"type":"agent_thinking","reasoning":"token=short, password: none, jwt.io, Bearer of news"}"#)]
    #[case(r#"{"token_expires_at":"2026-01-31T23:59:59.999Z","offset":12}"#)]
    #[case("greyJayWatching.observations.example")]
    #[case("«é» -----BEGIN CERTIFICATE-----")]
    fn text_without_secrets_is_not_touched(#[case] text: &str) {
        assert!(matches!(redact(text), Cow::Borrowed(same) if same == text));
        assert!(!was_redacted(text));
    }

    #[test]
    fn known_tokens_are_taken_out_whatever_they_look_like() {
        let known = vec!["correct horse".to_owned()];
        assert_eq!(redact_known("a correct horse b", &known), format!("a {REDACTED_TOKEN} b"));
    }
}
