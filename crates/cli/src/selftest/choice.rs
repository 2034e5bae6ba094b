//! Which rows are measured: all, or those that `--faults` names by id or by group.

use crate::config::words;
use crate::exit::CommandError;
use crate::nearest::nearest;
use goldenpath_detection::{GROUPS, HEALTHY, HealthyCase, healthy_cases, tester_faults};
use goldenpath_faults::{FaultInfo, catalogue};

/// The rows to measure.
#[derive(Debug, Clone)]
pub(super) struct Choice {
    /// Faults, in the order of the catalogue.
    pub(super) faults: Vec<&'static FaultInfo>,
    /// Healthy sessions.
    pub(super) healthy: Vec<HealthyCase>,
    /// The tester's own faults.
    pub(super) tester: Vec<&'static str>,
}

impl Choice {
    /// What comma or space lists of ids and groups name; everything, where there is none.
    pub(super) fn of(lists: &[String]) -> Result<Self, CommandError> {
        let wanted: Vec<String> = lists.iter().flat_map(|list| words(list)).map(str::to_uppercase).collect();
        if wanted.is_empty() && !lists.is_empty() {
            return Err(CommandError::Usage(format!("`--faults` names none ({})", valid())));
        }
        for word in &wanted {
            known(word)?;
        }
        let all = wanted.is_empty();
        let named = |id: &str| {
            all || wanted.iter().any(|word| word == id || (word.len() == 1 && id.starts_with(word)))
        };
        Ok(Self {
            faults: catalogue().filter(|row| named(row.id)).collect(),
            // Trials belong to no row: they are healthy sessions beside them.
            healthy: healthy_cases()
                .filter(|case| if case.trial { named("H") } else { named(case.row) })
                .collect(),
            tester: tester_faults().map(|(id, _)| id).filter(|id| named(id)).collect(),
        })
    }

    /// What is measured, in a few words.
    pub(super) fn said(&self) -> String {
        let faults = self.faults.len();
        let (healthy, tester) = (self.healthy.len(), self.tester.len());
        format!("{faults} fault(s), {healthy} healthy variation(s), {tester} fault(s) of the tester's own")
    }
}

/// The ids of all rows.
fn ids() -> impl Iterator<Item = &'static str> {
    let faults = catalogue().map(|row| row.id);
    faults.chain(HEALTHY.iter().map(|(id, _)| *id)).chain(tester_faults().map(|(id, _)| id))
}

/// The letters of all groups, healthy variations and the tester's own faults among them.
fn letters() -> impl Iterator<Item = char> {
    GROUPS.iter().map(|(letter, _)| *letter).chain(['H', 'V'])
}

fn valid() -> String {
    let letters: Vec<String> = letters().map(String::from).collect();
    format!("valid: a row such as `L04`, or a group: {}", letters.join(", "))
}

fn known(word: &str) -> Result<(), CommandError> {
    let is_group = word.chars().count() == 1 && letters().any(|letter| word.starts_with(letter));
    if is_group || ids().any(|id| id == word) {
        return Ok(());
    }
    let meant = nearest(word, ids()).map(|id| format!("; did you mean `{id}`?")).unwrap_or_default();
    Err(CommandError::Usage(format!("unknown fault `{word}`{meant} ({})", valid())))
}

#[cfg(test)]
mod tests {
    use super::Choice;

    fn chosen(list: &str) -> Result<(Vec<&'static str>, usize, usize), String> {
        let choice = Choice::of(&[list.to_owned()]).map_err(|why| why.to_string())?;
        Ok((choice.faults.iter().map(|row| row.id).collect(), choice.healthy.len(), choice.tester.len()))
    }

    #[test]
    fn rows_and_groups_are_named_alone() {
        assert_eq!(chosen("L04, l05").unwrap(), (vec!["L04", "L05"], 0, 0));
        assert_eq!(chosen("D V03").unwrap().0.len(), 6);
        assert_eq!(chosen("D V03").unwrap().2, 1);
        let (faults, healthy, tester) = chosen("H12").unwrap();
        assert!(faults.is_empty() && healthy >= 4 && tester == 0, "every variation of the row");
    }

    #[test]
    fn nothing_named_is_everything() {
        let all = Choice::of(&[]).unwrap();
        assert!(all.faults.len() > 120 && all.healthy.len() > 34 && all.tester.len() == 12);
    }

    #[test]
    fn an_unknown_row_names_the_nearest_one() {
        let why = chosen("L04,L55").unwrap_err();
        assert!(why.contains("unknown fault `L55`; did you mean `L"), "{why}");
        assert!(chosen("X").unwrap_err().contains("or a group: L, D, O"));
        assert!(chosen(", ").unwrap_err().contains("names none"));
    }
}
