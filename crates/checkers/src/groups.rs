//! The groups of checks. Each is a module with `checks(&Terms)`; a new group is one more line in [`all`].

use crate::check::Check;
use crate::judge::Terms;

/// A group, made for the terms of one judgment.
type Group = fn(&Terms) -> Vec<Box<dyn Check + Send>>;

/// In the catalogue's order.
const GROUPS: &[Group] = &[
    crate::sequence::checks,
    crate::content::checks,
    crate::timestamps::checks,
    crate::delivery::checks,
    crate::value::checks,
    crate::timing::checks,
    crate::continuity::checks,
    crate::isolation::checks,
    crate::auth::checks,
    crate::resources::checks,
];

/// Every check that this version judges.
pub(crate) fn all(terms: &Terms) -> Vec<Box<dyn Check + Send>> {
    GROUPS.iter().flat_map(|group| group(terms)).collect()
}
