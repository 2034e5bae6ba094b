//! Whether a seed fixes what it promises to fix: two sessions of one seed ask the same.

use goldenpath_history::RecordKind;
use goldenpath_simulator::History;
use std::collections::BTreeMap;

/// What one user asks: scenario, request id and reference, in order.
type Asked<'a> = BTreeMap<&'a str, Vec<(&'a str, &'a str, &'a str)>>;

/// How two sessions that claim one seed and one plan differ in what was asked; `None`: they do not. Times, and what the target
/// answered, may differ.
#[must_use]
pub fn seed_ignored(first: &History, second: &History) -> Option<String> {
    let seed = first.header.seed;
    if second.header.seed != seed {
        return Some(format!("one has seed {seed}, the other seed {}", second.header.seed));
    }
    let (first, second) = (asked(first), asked(second));
    if first.is_empty() {
        return Some("nothing was asked".to_owned());
    }
    let users: Vec<&&str> = first.keys().filter(|user| !second.contains_key(*user)).collect();
    if let Some(user) = users.first() {
        return Some(format!("seed {seed}: user `{user}` is in one of the two sessions only"));
    }
    for (user, requests) in second {
        let before = first.get(user).map_or(&[][..], Vec::as_slice);
        let differ = before.iter().zip(&requests).position(|(before, after)| before != after);
        let ends = (before.len() != requests.len()).then(|| before.len().min(requests.len()));
        if let Some(at) = differ.or(ends) {
            return Some(format!("seed {seed}: request {} of user `{user}` is another", at + 1));
        }
    }
    None
}

fn asked(history: &History) -> Asked<'_> {
    let mut asked = Asked::new();
    for record in &history.records {
        if let (RecordKind::Request { request_id, scenario, reference, .. }, Some(user)) =
            (&record.kind, record.user.as_deref())
        {
            let reference = reference.as_deref().unwrap_or_default();
            asked.entry(user).or_default().push((scenario, request_id, reference));
        }
    }
    asked
}

#[cfg(test)]
mod tests {
    use super::seed_ignored;
    use goldenpath_simulator::{Scenario, simulate};

    #[test]
    fn two_sessions_of_one_seed_ask_the_same_and_others_do_not() {
        let first = simulate(&Scenario::golden_path(), 7);
        assert_eq!(seed_ignored(&first, &simulate(&Scenario::golden_path(), 7)), None);
        let mut other = simulate(&Scenario::golden_path(), 8);
        assert!(seed_ignored(&first, &other).is_some_and(|why| why.contains("seed 8")));
        other.header.seed = 7;
        assert!(seed_ignored(&first, &other).is_some(), "another seed's requests under this seed");
        let longer = simulate(&Scenario::golden_path().runs(3), 7);
        assert!(seed_ignored(&first, &longer).is_some_and(|why| why.contains("request 3")));
    }
}
