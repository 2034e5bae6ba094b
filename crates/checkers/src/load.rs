//! Load: as their number grows, users are served in turn, and what cannot be served is refused in words.
//!
//! The ladder of users with full value needs a driver that climbs it, and comes with that.

mod explicit_refusal;
mod fairness;

#[cfg(test)]
mod tests;

use crate::check::Check;
use crate::judge::Terms;

/// The group.
pub(crate) fn checks(_: &Terms) -> Vec<Box<dyn Check + Send>> {
    vec![Box::new(fairness::Fairness), Box::new(explicit_refusal::ExplicitRefusal::default())]
}
