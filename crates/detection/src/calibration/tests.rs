//! Every check's calibration could fail: a judge that is blind to one promise, or cries wolf of it, is found out by its name.

use super::built_in::{BuiltIn, built_in};
use super::{Misjudged, NOT_CALIBRATED, calibrate, calibrate_with, judge};
use goldenpath_checkers::{
    CHECKS, CheckResult, JudgeConfig, Judgement, Reason, Required, Verdict, check_info,
};
use std::collections::BTreeSet;

/// Every built-in history with what the judge says of it.
fn judged() -> Vec<(BuiltIn, Judgement)> {
    let judged = |built_in: BuiltIn| {
        let judgement = judge(&built_in.history, &JudgeConfig::default(), None);
        (built_in, judgement)
    };
    built_in().map(judged).collect()
}

/// What calibration comes to with a judge whose words about one check are changed.
fn with_changed(
    judged: &mut [(BuiltIn, Judgement)],
    id: &str,
    change: impl Fn(&mut CheckResult),
) -> Result<(), Misjudged> {
    let held = |(built_in, judgement): &mut (BuiltIn, Judgement)| {
        let Some(said) = judgement.checks.iter_mut().find(|said| said.id == id) else { return Ok(()) };
        let before = said.clone();
        change(said);
        let held = built_in.hold(judgement);
        if let Some(said) = judgement.checks.iter_mut().find(|said| said.id == id) {
            *said = before;
        }
        held
    };
    judged.iter_mut().try_for_each(held)
}

fn calibrated() -> impl Iterator<Item = &'static str> {
    let beyond = |id: &str| NOT_CALIBRATED.iter().any(|(beyond, _)| *beyond == id);
    CHECKS.iter().map(|info| info.id).filter(move |id| !beyond(id))
}

#[test]
fn the_judge_is_calibrated() {
    assert_eq!(calibrate(), Ok(()));
}

#[test]
fn every_required_check_has_a_history_that_it_must_fail_and_one_that_it_must_pass() {
    let mut fails = BTreeSet::new();
    let mut passes = BTreeSet::new();
    for built_in in built_in() {
        assert!(built_in.fails.is_empty() != built_in.passes.is_empty(), "{}", built_in.name);
        fails.extend(built_in.fails);
        passes.extend(built_in.passes);
    }
    let owed: BTreeSet<&str> = calibrated().collect();
    assert_eq!((&fails, &passes), (&owed, &owed));
    assert_eq!(owed.len(), 80);
}

/// Whatever the way in which a check goes blind: it passes everything, has nothing to say, or is thrown out when it panics.
#[test]
fn a_judge_that_is_blind_to_one_check_is_told_which_and_by_what_history() {
    let mut judged = judged();
    let blind = [
        Verdict::Pass,
        Verdict::Inconclusive(Reason::CheckPanicked),
        Verdict::NotRun("this version does not judge it".to_owned()),
    ];
    for id in calibrated() {
        for verdict in &blind {
            let told = with_changed(&mut judged, id, |said| {
                if said.verdict == Verdict::Fail || *verdict != Verdict::Pass {
                    said.verdict = verdict.clone();
                    said.findings.clear();
                }
            });
            let Err(Misjudged::Missed { check, history }) = told else {
                panic!("{id} {verdict:?}: {told:?}")
            };
            assert_eq!(check, id);
            assert!(!history.is_empty());
        }
    }
}

#[test]
fn a_judge_that_cries_wolf_is_told_which_check_does() {
    let mut judged = judged();
    for info in CHECKS {
        let told = with_changed(&mut judged, info.id, |said| said.verdict = Verdict::Fail);
        assert!(matches!(told, Err(Misjudged::FalseAlarm { check, .. }) if check == info.id), "{told:?}");
    }
}

/// A check that never passes anything would keep every release back, and nobody would know why.
#[test]
fn a_judge_that_passes_nothing_is_told_which_check_does_not() {
    let mut judged = judged();
    for id in calibrated() {
        let told = with_changed(&mut judged, id, |said| {
            if said.verdict == Verdict::Pass {
                said.verdict = Verdict::Inconclusive(Reason::NoCoverage);
            }
        });
        assert!(matches!(told, Err(Misjudged::NotPassed { check, .. }) if check == id), "{told:?}");
    }
}

#[test]
fn a_judge_without_a_check_at_all_is_told_in_words() {
    let told = calibrate_with(|history| {
        let mut judgement = judge(history, &JudgeConfig::default(), None);
        judgement.checks.retain(|said| said.id != "connection/drain");
        judgement
    });
    let words = told.err().map(|misjudged| misjudged.to_string()).unwrap_or_default();
    assert!(
        words.starts_with("`connection/drain` does not fail the built-in broken history `W05: "),
        "{words}"
    );
}

/// What is left out is judged by nothing, so there is nothing to calibrate.
#[test]
fn only_what_is_never_judged_is_left_out() {
    let judged = judged();
    for (id, why) in NOT_CALIBRATED {
        assert!(!why.is_empty());
        let info = check_info(id).unwrap_or_else(|| panic!("`{id}` is no check"));
        for (built_in, judgement) in &judged {
            let said = judgement.checks.iter().find(|said| said.id == *id).map(|said| &said.verdict);
            let open = matches!(said, Some(Verdict::NotRun(_) | Verdict::Inconclusive(_)));
            assert!(open, "{id} of {}: {said:?}", built_in.name);
        }
        assert!(info.required == Required::Advice || *id == "load/ladder", "`{id}` is required");
    }
}
