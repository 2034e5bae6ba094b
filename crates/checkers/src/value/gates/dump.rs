//! A stack trace, JSON or HTML where prose, a list or a table was owed.

use super::Reading;
use serde::de::IgnoredAny;

/// The share of the text that has to be dump.
const MOST: f64 = 0.6;
/// Brackets that begin no JSON value, until no more are tried.
const MISSES: usize = 32;

pub(super) fn judge(reading: &Reading<'_>) -> Option<String> {
    let text = reading.text.trim();
    json(text).or_else(|| html(text)).or_else(|| trace(text)).map(str::to_owned)
}

/// JSON values that begin a line or follow a colon and together fill most of the text.
fn json(text: &str) -> Option<&str> {
    let mut at = 0;
    let (mut first, mut filled, mut misses) = (None, 0, 0);
    // A text of open brackets would be read to its end from each of them: give up after a few.
    while misses < MISSES
        && let Some(begin) = memchr::memchr2(b'{', b'[', &text.as_bytes()[at..])
    {
        let begin = at + begin;
        let mut values = serde_json::Deserializer::from_str(&text[begin..]).into_iter::<IgnoredAny>();
        let read = values.next().is_some_and(|value| value.is_ok());
        at = begin + if read { values.byte_offset() } else { 1 };
        if read && at > begin + 2 {
            filled += at - begin;
            first.get_or_insert(begin);
        } else {
            misses += 1;
        }
    }
    match first {
        Some(first) if filled as f64 >= MOST * text.len() as f64 => Some(&text[first..]),
        _ => cut_json(text),
    }
}

/// A text that begins as an object with a quoted key, whole or cut.
fn cut_json(text: &str) -> Option<&str> {
    let inner =
        text.strip_prefix("```json").or_else(|| text.strip_prefix("```")).unwrap_or(text).trim_start();
    let inside = inner.strip_prefix('[').unwrap_or(inner).trim_start().strip_prefix('{')?.trim_start();
    let quotes = inside.bytes().filter(|b| *b == b'"').count();
    (inside.starts_with('"') && inside.contains("\":") && quotes * 12 >= inside.len()).then_some(inner)
}

fn html(text: &str) -> Option<&str> {
    memchr::memchr(b'<', text.as_bytes())?;
    let begins = |with: &str| {
        text.as_bytes().get(..with.len()).is_some_and(|begin| begin.eq_ignore_ascii_case(with.as_bytes()))
    };
    if begins("<!doctype") || begins("<html") {
        return Some(text);
    }
    let closing = text.matches("</").count();
    let mut inside = 0;
    let mut rest = text;
    while let Some(begin) = rest.find('<') {
        let Some(length) = rest[begin..].find('>') else { break };
        inside += length + 1;
        rest = &rest[begin + length..];
    }
    (closing >= 3 && inside as f64 >= 0.3 * text.len() as f64).then_some(text)
}

/// Lines that are frames of a stack, in the ways that common languages print them.
fn trace(text: &str) -> Option<&str> {
    let is_frame = |line: &str| {
        let line = line.trim_start();
        (line.starts_with("at ") && line.contains('(') && line.contains(':') && line.ends_with(')'))
            || (line.starts_with("File \"") && line.contains("\", line "))
            || (line.contains('+') && line.contains(".go:") && line.contains(" +0x"))
            || (line.starts_with("at ") && line.contains(".rs:"))
            || (line.starts_with("from ") && line.contains(".rb:") && line.contains(":in "))
    };
    let head = text.lines().find(|line| {
        line.starts_with("Traceback (most recent call last)")
            || (line.starts_with("thread '") && line.contains("panicked at"))
            || (line.starts_with("goroutine ") && line.ends_with("[running]:"))
            || line.starts_with("Exception in thread ")
    });
    head.or_else(|| {
        let mut frames = text.lines().filter(|line| is_frame(line));
        let first = frames.next();
        frames.next().and(first)
    })
}
