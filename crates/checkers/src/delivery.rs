//! Delivery: what was asked is answered, once, whole, and the same everywhere.

mod answered;
mod deltas;
mod loss;
mod store;
mod stored_ends;
mod success;
mod tabs;
mod unique;

#[cfg(test)]
mod tests;

pub(crate) use answered::refused_by_connection;

use crate::check::Check;
use crate::judge::Terms;

pub(crate) use store::{Asked, sketch};
pub(crate) use stored_ends::StoredEnds;

/// The group.
pub(crate) fn checks(terms: &Terms) -> Vec<Box<dyn Check + Send>> {
    vec![
        Box::new(answered::Answered::default()),
        Box::new(loss::Loss::new(terms.sla)),
        Box::new(unique::Unique::default()),
        Box::new(tabs::Tabs::default()),
        Box::new(deltas::Deltas::default()),
        Box::new(store::Store::default()),
        Box::new(success::Success::new(terms)),
    ]
}
