//! What its user wrote comes back otherwise: with question marks for letters, without them, or as HTML.
//!
//! Nobody knows how a text should read but by what it repeats. So a word counts only when it is in the prompt, and what
//! stands in its place is what careless code makes of it.

use super::{Broken, READ_BY_PEOPLE};
use crate::event_view::EventView;
use crate::evidence::excerpt;
use goldenpath_protocol::EventType;
use memchr::memmem::Finder;
use std::sync::LazyLock;

/// What HTML writes for characters that mean something to it.
const REFERENCES: [(&str, &str); 9] = [
    ("&lt;", "<"),
    ("&gt;", ">"),
    ("&quot;", "\""),
    ("&#34;", "\""),
    ("&#39;", "'"),
    ("&#x27;", "'"),
    ("&apos;", "'"),
    ("&nbsp;", " "),
    ("&amp;", "&"),
];

/// Fewer question marks alone may be meant.
const MARKS: usize = 4;

/// So many words without their letters are no accident: one may be another word.
const WORDS: usize = 2;

/// `&` as an escape of JSON, behind its backslash.
static ESCAPED_AND: LazyLock<Finder<'static>> = LazyLock::new(|| Finder::new("u0026"));

/// Whether a frame may hold a word as HTML, which begins with `&` or an escape of it.
pub(super) fn may_be_html(raw: &str) -> bool {
    let escaped = || memchr::memchr(b'\\', raw.as_bytes()).is_some();
    memchr::memchr(b'&', raw.as_bytes()).is_some()
        || (escaped() && ESCAPED_AND.find(raw.as_bytes()).is_some())
}

/// What in this event is a changed word of its run's prompt; `html` tells whether it may hold one as HTML.
pub(super) fn broken(event: &EventView<'_>, prompt: &str, html: bool) -> Option<Broken> {
    if !matches!(event.kind, EventType::AgentStarted | EventType::AgentThinking | EventType::AgentCompleted) {
        return None;
    }
    let wide = !prompt.is_ascii();
    if !(wide || html) {
        return None;
    }
    READ_BY_PEOPLE.iter().copied().find_map(|field| {
        let text = event.text(field)?;
        let (was, is) = as_html(&text, prompt).or_else(|| if wide { lost(&text, prompt) } else { None })?;
        Some(Broken::new(
            format!("`{}`, as its user wrote it", excerpt(&was)),
            format!("`{}` in `{}`", excerpt(&is), field.as_str()),
        ))
    })
}

/// A word of the prompt that came as HTML: how it was written, and how it came.
fn as_html(text: &str, prompt: &str) -> Option<(String, String)> {
    memchr::memchr(b'&', text.as_bytes())?;
    let words = text.split_whitespace().filter(|word| word.contains('&'));
    words.filter(|word| !prompt.contains(*word)).find_map(|word| {
        let written =
            REFERENCES.iter().fold(word.to_owned(), |word, (html, meant)| word.replace(html, meant));
        let known = written.trim_end_matches(['.', ',', ':', ';', '?', '!']);
        (written != word && known.len() > 3 && prompt.contains(known))
            .then(|| (known.to_owned(), word.to_owned()))
    })
}

/// Words of the prompt that lost their letters beyond ASCII.
fn lost(text: &str, prompt: &str) -> Option<(String, String)> {
    let mut bare = Vec::new();
    for word in prompt.split(|c: char| c.is_whitespace() || c.is_ascii_punctuation()) {
        if word.is_ascii() || text.contains(word) {
            continue;
        }
        let marked: String = word.chars().map(|c| if c.is_ascii() { c } else { '?' }).collect();
        if says_itself(&marked) && stands_alone(text, &marked) && !prompt.contains(&marked) {
            return Some((word.to_owned(), marked));
        }
        let left: String = word.chars().filter(char::is_ascii).collect();
        if left.len() > 2 && has_inner_gap(word) && stands_alone(text, &left) && !stands_alone(prompt, &left)
        {
            bare.push((word, left));
        }
    }
    bare.dedup();
    let (word, left) = bare.first().filter(|_| bare.len() >= WORDS)?;
    Some(((*word).to_owned(), left.clone()))
}

/// Whether a word with question marks is nobody's question: one stands before a letter, or there are many.
fn says_itself(marked: &str) -> bool {
    let bytes = marked.as_bytes();
    let inner = bytes.windows(2).any(|two| two[0] == b'?' && two[1].is_ascii_alphanumeric());
    (inner && bytes.len() > 2) || bytes.iter().filter(|byte| **byte == b'?').count() >= MARKS
}

/// Whether what is left of a word without its letters beyond ASCII is none of the usual ways to do without them.
fn has_inner_gap(word: &str) -> bool {
    let combining = |c: char| ('\u{300}'..='\u{36f}').contains(&c);
    word.chars().any(|c| c.is_alphabetic() && !c.is_ascii() && !combining(c))
}

/// Whether a text holds this as a word of its own.
fn stands_alone(text: &str, word: &str) -> bool {
    let part = |c: char| c.is_alphanumeric() || c == '?';
    text.match_indices(word).any(|(at, _)| {
        let before = text[..at].chars().next_back();
        let after = text[at + word.len()..].chars().next();
        !before.is_some_and(part) && !after.is_some_and(part)
    })
}

#[cfg(test)]
mod tests {
    use super::{as_html, lost, may_be_html};

    const PROMPT: &str = "Réduis les coûts élevés de 「東京リージョン」 pour \"R&D\" et l'été, naïve forêt";

    #[test]
    fn what_was_written_is_known_again() {
        assert!(lost("R?duis cela", PROMPT).is_some());
        assert!(lost("Tokyo: ????????? costs most", PROMPT).is_some());
        assert!(lost("Rduis les cots", PROMPT).is_some());
        assert!(as_html("for &quot;R&amp;D&quot;: stop", PROMPT).is_some());
    }

    #[test]
    fn html_is_seen_however_json_spells_it() {
        for raw in ["{\"summary\":\"&quot;R&amp;D\"}", r#"{"summary":"\u0026quot;R\u0026amp;D"}"#] {
            assert!(may_be_html(raw), "{raw}");
        }
        assert!(!may_be_html("{\"summary\":\"R and D\"}"));
    }

    #[test]
    fn what_survived_or_is_another_word_is_no_loss() {
        for text in [
            "Réduis les coûts",
            "Reduis les couts eleves",
            "How much? What?",
            "Really??? Yes",
            "c'est fort bien",
            "Write &amp; for an ampersand, &lt;b&gt; for bold",
            "a < b & c",
        ] {
            assert_eq!((lost(text, PROMPT), as_html(text, PROMPT)), (None, None), "{text}");
        }
    }
}
