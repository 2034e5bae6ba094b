//! Words for findings: who, which run, and excerpts that stay short.

use crate::index::{Index, RunView};
use crate::observation::Observation;

/// The longest excerpt in a finding, in characters.
const EXCERPT: usize = 120;

/// The user and the run, as findings name them.
pub(crate) fn run_words(index: &Index, view: &RunView) -> String {
    format!("user `{}`, run `{}`", index.user_name(Some(view.owner)), excerpt(&view.id))
}

/// The user, and the run where the frame names one.
pub(crate) fn frame_words(index: &Index, seen: &Observation<'_>) -> String {
    let user = index.user_name(seen.user);
    match seen.seen.and_then(|seen| seen.event()).and_then(|event| event.run_id.as_deref()) {
        Some(run) => format!("user `{user}`, run `{}`", excerpt(run)),
        None => format!("user `{user}`"),
    }
}

/// A short piece of a text, without control characters.
pub(crate) fn excerpt(text: &str) -> String {
    let mut short: String =
        text.chars().take(EXCERPT).map(|c| if c.is_control() { '\u{2423}' } else { c }).collect();
    if text.chars().nth(EXCERPT).is_some() {
        short.push('…');
    }
    short
}

/// The piece of `text` around byte `at`.
pub(crate) fn around(text: &str, at: usize) -> String {
    let mut from = at.saturating_sub(20).min(text.len());
    while !text.is_char_boundary(from) {
        from -= 1;
    }
    excerpt(&text[from..]).chars().take(80).collect()
}
