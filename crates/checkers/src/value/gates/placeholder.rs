//! A template that nobody filled in.

use super::Reading;

/// Words that begin a bracket which waits for somebody's text.
const WAITING: [&str; 8] = ["insert", "your", "placeholder", "add", "fill", "enter", "name of", "todo"];

pub(super) fn judge(reading: &Reading<'_>) -> Option<String> {
    let text = reading.text;
    let quoted = |piece: &str| reading.prompt.is_some_and(|prompt| prompt.contains(piece));
    // Most answers hold nothing that could begin one.
    if memchr::memchr3(b'{', b'[', b'<', text.as_bytes()).is_none() {
        return hollow(reading);
    }
    braces(text)
        .into_iter()
        .chain(bracketed(text, '[', ']'))
        .chain(bracketed(text, '<', '>'))
        .chain(dollars(text))
        .find(|piece| !quoted(piece))
        .map(str::to_owned)
        .or_else(|| hollow(reading))
}

fn is_name(inner: &str) -> bool {
    !inner.is_empty()
        && inner.len() <= 60
        && inner.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
        && inner.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '_' | '.' | '-' | ' ' | '|'))
}

/// `{{name}}` and `{% … %}`.
fn braces(text: &str) -> Vec<&str> {
    let mut found = Vec::new();
    let mut rest = text;
    while let Some(begin) = rest.find("{{") {
        let Some(length) = rest[begin + 2..].find("}}") else { break };
        if is_name(rest[begin + 2..begin + 2 + length].trim()) {
            found.push(&rest[begin..begin + length + 4]);
        }
        rest = &rest[begin + 2 + length..];
    }
    found
}

/// `${name}`.
fn dollars(text: &str) -> Vec<&str> {
    let mut found = Vec::new();
    let mut rest = text;
    while let Some(begin) = rest.find("${") {
        let Some(length) = rest[begin..].find('}') else { break };
        if is_name(rest[begin + 2..begin + length].trim()) {
            found.push(&rest[begin..=begin + length]);
        }
        rest = &rest[begin + length..];
    }
    found
}

/// `[insert …]`, `<your …>`.
fn bracketed(text: &str, open: char, close: char) -> Vec<&str> {
    let mut found = Vec::new();
    let mut rest = text;
    while let Some(begin) = rest.find(open) {
        let after = &rest[begin + 1..];
        // What waits for a text is short; looking further would cost a scan of the rest for each bracket.
        let Some(length) = after.char_indices().take(60).find(|(_, c)| *c == close).map(|(at, _)| at) else {
            rest = after;
            continue;
        };
        let inner = after[..length].trim().to_lowercase();
        let waits = inner.len() <= 60
            && WAITING.iter().any(|word| {
                inner
                    .strip_prefix(word)
                    .is_some_and(|more| more.is_empty() || more.starts_with([' ', '_', '-', ':']))
            });
        // `[your guide](https://…)` is a link.
        if waits && !after[length + 1..].starts_with('(') {
            found.push(&rest[begin..begin + length + 2]);
        }
        rest = &after[length..];
    }
    found
}

/// What stands where something is to come.
const MARKS: [&str; 7] = ["", "todo", "tbd", "n/a", "xxx", "placeholder", "to be done"];

/// Nothing but marks of things to come: `TODO`, `TBD`, `...`, `N/A`, line after line.
fn hollow(reading: &Reading<'_>) -> Option<String> {
    let mut lines = reading.text.lines().map(str::trim).filter(|line| !line.is_empty()).peekable();
    lines.peek()?;
    let mut marks = 0;
    let mut all = 0;
    for line in lines {
        all += 1;
        let bare =
            line.trim_start_matches(|c: char| c.is_ascii_digit() || matches!(c, '.' | '-' | '*' | '#' | ' '));
        let mut colons = memchr::memchr_iter(b':', bare.as_bytes());
        let after = colons.find_map(|at| bare[at + 1..].strip_prefix(' ')).unwrap_or(bare);
        let word = after.trim_matches(|c: char| !c.is_alphanumeric());
        marks += usize::from(MARKS.iter().any(|mark| word.eq_ignore_ascii_case(mark)));
    }
    (marks * 2 > all).then(|| reading.text.to_string())
}
