//! What it means that a smaller history fails in the same way.

use crate::verdict::Finding;
use std::collections::BTreeSet;

/// Checks whose findings measure all that there was: an average over every event, a share of every answer. Their numbers move
/// with each record that is left out, and may; nothing that is left out can make one event late or one answer canned.
const MEASURE_THE_WHOLE: &[&str] = &["timing/delivery-latency", "value/boilerplate"];

/// The finding that a smaller history must show.
pub(super) struct Sameness<'a> {
    wanted: &'a Finding,
    numbers_move: bool,
    evidence: BTreeSet<u64>,
}

impl<'a> Sameness<'a> {
    pub(super) fn new(check: &str, wanted: &'a Finding) -> Self {
        Self {
            wanted,
            numbers_move: MEASURE_THE_WHOLE.contains(&check),
            evidence: wanted.records.iter().copied().collect(),
        }
    }

    /// Whether the record of that line is evidence, and must stay.
    pub(super) fn rests_on(&self, line: u64) -> bool {
        self.evidence.contains(&line)
    }

    /// The finding that says the same, if one does.
    pub(super) fn find<'f>(&self, findings: &'f [Finding]) -> Option<&'f Finding> {
        findings.iter().find(|found| self.says_the_same(found))
    }

    fn says_the_same(&self, found: &Finding) -> bool {
        let same = |wanted: &str, found: &str| {
            wanted == found || (self.numbers_move && numberless(wanted) == numberless(found))
        };
        same(&self.wanted.summary, &found.summary)
            && same(&self.wanted.expected, &found.expected)
            && same(&self.wanted.observed, &found.observed)
            && found.records.iter().copied().collect::<BTreeSet<_>>() == self.evidence
    }
}

/// A text with every number replaced by one sign.
fn numberless(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for char in text.chars() {
        if !char.is_ascii_digit() {
            out.push(char);
        } else if !out.ends_with('#') {
            out.push('#');
        }
    }
    out.replace("#.#", "#")
}

#[cfg(test)]
mod tests {
    use super::{Sameness, numberless};
    use crate::verdict::Finding;

    fn finding(observed: &str, records: &[u64]) -> Finding {
        Finding::new("ada", "seq 1, 2, 3", observed, records.iter().copied())
    }

    #[test]
    fn another_number_is_another_finding() {
        let wanted = finding("seq 3 never came (1 in all)", &[4, 9]);
        let found = |observed, records| {
            Sameness::new("delivery/no-loss", &wanted).find(&[finding(observed, records)]).is_some()
        };
        assert!(found("seq 3 never came (1 in all)", &[9, 4]));
        assert!(!found("seq 3 never came (2 in all)", &[4, 9]));
        assert!(!found("seq 3 never came (1 in all)", &[9]));
    }

    #[test]
    fn an_average_may_move() {
        let wanted = finding("310.5 ms on average, 7 of 90 events", &[5]);
        let moved = [finding("400 ms on average, 1 of 1 events", &[5])];
        assert!(Sameness::new("timing/delivery-latency", &wanted).find(&moved).is_some());
        assert!(Sameness::new("timing/first-event", &wanted).find(&moved).is_none());
        assert_eq!(numberless("a 12.5 b 7"), "a # b #");
    }
}
