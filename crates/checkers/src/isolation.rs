//! Isolation: what is one user's reaches nobody else, under whatever label.

mod canary;
mod foreign;
mod hidden;
mod labels;
mod names;
mod pieces;
mod spelling;
mod traces;
mod unfold;
mod whose;

#[cfg(test)]
mod tests;

use crate::check::Check;
use crate::judge::Terms;

pub(crate) use names::Drawn;
pub(crate) use traces::Traces;

/// The group.
pub(crate) fn checks(_terms: &Terms) -> Vec<Box<dyn Check + Send>> {
    vec![
        Box::new(labels::Labels::default()),
        Box::new(canary::Canary::default()),
        Box::new(foreign::ForeignAccess::default()),
    ]
}
