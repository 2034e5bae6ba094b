//! The groups of faults, by the letter that their rows begin with.

/// A group: its letter and its name.
pub type Group = (char, &'static str);

/// Every group, in the order in which they are told.
pub const GROUPS: &[Group] = &[
    ('L', "Loss"),
    ('D', "Duplication"),
    ('O', "Order and causality"),
    ('T', "Time"),
    ('S', "Timestamps"),
    ('C', "Content and shape"),
    ('I', "Isolation"),
    ('A', "Authentication"),
    ('R', "Resume"),
    ('W', "Connection"),
    ('P', "Load"),
    ('G', "Resources"),
    ('E', "Errors"),
    ('B', "Answers"),
];

/// The name of the group that a row belongs to.
#[must_use]
pub fn group_of(row: &str) -> &'static str {
    let letter = row.chars().next();
    GROUPS.iter().find(|(known, _)| Some(*known) == letter).map_or("Others", |(_, name)| name)
}

#[cfg(test)]
mod tests {
    use super::GROUPS;
    use goldenpath_faults::catalogue;
    use std::collections::BTreeSet;

    #[test]
    fn every_group_of_the_catalogue_has_a_name() {
        let letters: BTreeSet<char> = catalogue().filter_map(|row| row.id.chars().next()).collect();
        assert_eq!(letters, GROUPS.iter().map(|(letter, _)| *letter).collect());
    }
}
