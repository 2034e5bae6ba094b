//! References: the lines by which a prompt is known again, which answers may carry on.

use memchr::memmem::Finder;
use std::borrow::Cow;
use std::sync::LazyLock;

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

#[cfg(test)]
mod tests {
    use super::{references, without_references};

    #[test]
    fn references_are_found_and_removed() {
        let text = "Save money.\nReference: gp-000102030405060708090a0b0c0d0e0f\n";
        assert_eq!(references(text).count(), 1);
        assert_eq!(without_references(text), "Save money.\n");
        assert_eq!(without_references("no gp-12 here"), "no gp-12 here");
    }
}
