//! Texts as those who judge answers read them: tokens, sentences, references, phrases.

mod answer_text;
mod function_words;
mod phrase;
mod reference;
mod sentence;
mod stem;
mod token;

pub(crate) use answer_text::AnswerText;
pub(crate) use phrase::{excerpt, plain};
pub(crate) use reference::{references, without_references};
pub(crate) use sentence::Sentence;
pub(crate) use stem::{bytes_hash, stem_hash, word_hash};
pub(crate) use token::{Kind, Token, tokens};
