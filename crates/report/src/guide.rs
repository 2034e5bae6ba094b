//! What every check means, what is known to break it, and what to do: the text of `explain` and of remediation plans.

mod auth;
mod connection;
mod content;
mod continuity;
mod delivery;
mod isolation;
mod load;
mod resources;
mod sequence;
mod timestamps;
mod timing;
mod value;

/// One check, for people.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Guide {
    /// `group/name`, as in the catalogue.
    pub id: &'static str,
    /// What it guards, and why that matters.
    pub meaning: &'static str,
    /// Known faults that it owns: their row, and what they do.
    pub broken_by: &'static [(&'static str, &'static str)],
    /// What to do when it fails.
    pub remedy: &'static str,
}

/// The guide of `id`.
#[must_use]
pub fn guide(id: &str) -> Option<&'static Guide> {
    guides().find(|known| known.id == id)
}

/// The guides of each category, in the order of the catalogue.
const CHAPTERS: [&[Guide]; 12] = [
    sequence::GUIDES,
    content::GUIDES,
    timestamps::GUIDES,
    delivery::GUIDES,
    value::GUIDES,
    timing::GUIDES,
    continuity::GUIDES,
    connection::GUIDES,
    isolation::GUIDES,
    auth::GUIDES,
    resources::GUIDES,
    load::GUIDES,
];

/// Every check, in the order of the catalogue.
pub fn guides() -> impl Iterator<Item = &'static Guide> {
    CHAPTERS.into_iter().flatten()
}

#[cfg(test)]
mod tests {
    use super::guides;
    use goldenpath_checkers::CHECKS;

    #[test]
    fn every_check_of_the_catalogue_is_explained_in_its_order() {
        let explained: Vec<&str> = guides().map(|guide| guide.id).collect();
        let known: Vec<&str> = CHECKS.iter().map(|info| info.id).collect();
        assert_eq!(explained, known);
        assert!(guides().all(|guide| !guide.meaning.is_empty() && !guide.remedy.is_empty()));
    }
}
