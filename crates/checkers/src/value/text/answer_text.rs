//! The text of an answer, and of its prompt, read once for all who judge it.

use super::{Token, references, tokens, without_references};
use std::borrow::Cow;
use std::cell::OnceCell;

/// The text of an answer, read once for all who judge it.
#[derive(Debug, Clone)]
pub(crate) struct AnswerText<'a> {
    /// As it came.
    pub(crate) text: Cow<'a, str>,
    read: OnceCell<Read>,
    prompt: OnceCell<Read>,
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
