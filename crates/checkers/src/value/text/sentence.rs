//! Sentences, list items and table rows, each with its tokens.

use super::Token;

/// The sentences, list items and table rows of a text, as byte ranges.
fn sentences(text: &str) -> Vec<(usize, usize)> {
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
    text.chars().next().is_none_or(char::is_whitespace)
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

#[cfg(test)]
mod tests {
    use super::sentences;

    #[test]
    fn lists_and_sentences_are_cut_where_people_would() {
        assert_eq!(sentences("One. Two at 1.5 GB\n1. Three\n").len(), 3);
    }
}
