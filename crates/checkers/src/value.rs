//! The value of answers, as far as text alone can tell: junk, demands, facts, fit, canned texts, proxies.
//!
//! Text functions that know nothing of records stand below (`text`, `gates`, `demands`, `facts`, `relevance`);
//! the folds above them read answers from runs. Quality itself is not judged here: heuristics catch junk and
//! do not rank.

mod answers;
mod boilerplate;
mod demands;
mod facts;
mod gates;
mod own_prompt;
mod proxies;
mod quality;
mod relevance;
mod text;
mod words;

#[cfg(test)]
mod tests;

use crate::check::Check;
use crate::judge::Terms;
use answers::Answers;
use boilerplate::Boilerplate;
use own_prompt::OwnPrompt;
use quality::Quality;

pub(crate) use gates::Outline;
pub(crate) use text::AnswerText;

/// The checks of the group `value`.
pub(crate) fn checks(terms: &Terms) -> Vec<Box<dyn Check + Send>> {
    vec![
        Box::new(Answers::new(terms)),
        Box::new(OwnPrompt::default()),
        Box::new(Boilerplate::new(terms.slo.limit("value/boilerplate").unwrap_or(0.5))),
        Box::new(Quality),
    ]
}
