//! What somebody may have meant: the known name nearest to a wrong one.

/// Names further away than this are no help.
const LEAST_SIMILARITY: f64 = 0.6;

/// The known name nearest to `wrong`, when one is near.
pub(crate) fn nearest<'a>(wrong: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let lower = wrong.to_lowercase();
    known
        .into_iter()
        .map(|name| (strsim::jaro_winkler(&lower, &name.to_lowercase()), name))
        .filter(|(similarity, _)| *similarity > LEAST_SIMILARITY)
        .max_by(|a, b| a.0.total_cmp(&b.0))
        .map(|(_, name)| name)
}

/// A sentence that names what was wrong, what may have been meant, and what is valid.
pub(crate) fn unknown(kind: &str, wrong: &str, known: &[&str]) -> String {
    let meant = match nearest(wrong, known.iter().copied()) {
        Some(name) => format!("; did you mean `{name}`?"),
        None => String::new(),
    };
    format!("unknown {kind} `{wrong}`{meant} (valid: {})", known.join(", "))
}

#[cfg(test)]
mod tests {
    use super::{nearest, unknown};

    #[test]
    fn the_nearest_name_is_found_and_nonsense_has_none() {
        assert_eq!(nearest("functionl", ["functional", "security"]), Some("functional"));
        assert_eq!(nearest("zzz", ["functional", "security"]), None);
        assert_eq!(
            unknown("category", "securty", &["functional", "security"]),
            "unknown category `securty`; did you mean `security`? (valid: functional, security)"
        );
    }
}
