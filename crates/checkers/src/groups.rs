//! The groups of checks. Each is a module with `checks(&Terms)`; a new group is one more line in [`all`].

use crate::check::Check;
use crate::judge::Terms;

/// A group, made for the terms of one judgment.
type Group = fn(&Terms) -> Vec<Box<dyn Check + Send>>;

/// In the catalogue's order, under the name that its checks' ids begin with.
const GROUPS: &[(&str, Group)] = &[
    ("sequence", crate::sequence::checks),
    ("content", crate::content::checks),
    ("timestamps", crate::timestamps::checks),
    ("delivery", crate::delivery::checks),
    ("value", crate::value::checks),
    ("timing", crate::timing::checks),
    ("continuity", crate::continuity::checks),
    ("connection", crate::connection::checks),
    ("isolation", crate::isolation::checks),
    ("auth", crate::auth::checks),
    ("resources", crate::resources::checks),
    ("load", crate::load::checks),
];

/// Every check that this version judges.
pub(crate) fn all(terms: &Terms) -> Vec<Box<dyn Check + Send>> {
    GROUPS.iter().flat_map(|(_, group)| group(terms)).collect()
}

/// Those of them that judge `id`; no other group is made, which may cost more than to judge a few records.
pub(crate) fn of_check(terms: &Terms, id: &str) -> Vec<Box<dyn Check + Send>> {
    let own = |group: &str| id.strip_prefix(group).is_some_and(|name| name.starts_with('/'));
    let groups = GROUPS.iter().filter(|(name, _)| own(name));
    let mut checks: Vec<_> = groups.flat_map(|(_, group)| group(terms)).collect();
    checks.retain(|check| check.ids().contains(&id));
    checks
}
