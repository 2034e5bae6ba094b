//! Every fault of the catalogue, offline: a healthy history is broken by it, and the check that owns it must say so, on
//! every seed, blaming nobody whom the fault did not touch.

use goldenpath_checkers::{JudgeConfig, Judgement, Verdict};
use goldenpath_detection::{FaultResult, assess, scenario, simulated};
use goldenpath_faults::{FaultInfo, catalogue};
use goldenpath_simulator::{History, healthy_trials, healthy_variations, simulate};
use std::collections::BTreeSet;

/// Seeds per row.
pub(crate) const SEEDS: u64 = 20;
/// Seeds per healthy variation.
pub(crate) const HEALTHY_SEEDS: u64 = 50;

/// All that the judge says of a history, by every category.
fn judge(history: &History) -> Judgement {
    goldenpath_detection::judge(history, &JudgeConfig::default(), None)
}

/// The groups that a test below tries, by the letter that their rows begin with.
const TRIED: &str = "LDOSTCWPGERIAB";

/// A group without a test would be one whose faults nobody looks for.
#[test]
fn every_group_of_the_catalogue_is_tried() {
    let known: BTreeSet<char> = catalogue().filter_map(|row| row.id.chars().next()).collect();
    assert_eq!(known, TRIED.chars().collect());
}

/// Breaks and judges every row whose id begins with `group`.
fn every_seed_is_caught(group: char) {
    assert!(TRIED.contains(group), "group {group} is not on the list");
    let rows: Vec<&FaultInfo> = catalogue().filter(|row| row.id.starts_with(group)).collect();
    assert!(!rows.is_empty(), "no row in group {group}");
    let mut missed = Vec::new();
    for row in rows {
        for seed in 0..SEEDS {
            let attempt = assess(row, &simulated(row, seed), &JudgeConfig::default());
            let at = format!("{} ({}), seed {seed}", row.id, row.summary);
            if attempt.result != FaultResult::Caught {
                let (result, failed) = (attempt.result.as_str(), &attempt.failed);
                missed.push(format!("{at}: {result}, {:?}; only {failed:?}", attempt.reason));
            }
            for blamed in attempt.blamed {
                missed.push(format!("{at}: {} blames the untouched: {}", blamed.check, blamed.summary));
            }
        }
    }
    assert!(missed.is_empty(), "{} wrong:\n{}", missed.len(), missed.join("\n"));
}

#[test]
fn every_loss_is_caught() {
    every_seed_is_caught('L');
}

#[test]
fn every_duplication_is_caught() {
    every_seed_is_caught('D');
}

#[test]
fn every_disorder_is_caught() {
    every_seed_is_caught('O');
}

#[test]
fn every_false_timestamp_is_caught() {
    every_seed_is_caught('S');
}

#[test]
fn every_fault_of_time_is_caught() {
    every_seed_is_caught('T');
}

#[test]
fn every_fault_of_content_is_caught() {
    every_seed_is_caught('C');
}

#[test]
fn every_end_of_a_connection_is_caught() {
    every_seed_is_caught('W');
}

#[test]
fn everything_that_load_brings_out_is_caught() {
    every_seed_is_caught('P');
}

#[test]
fn every_resource_that_is_kept_is_caught() {
    every_seed_is_caught('G');
}

#[test]
fn every_hidden_error_and_its_aftermath_is_caught() {
    every_seed_is_caught('E');
}

#[test]
fn no_session_that_a_fault_needs_is_blamed_before_it() {
    let mut known = BTreeSet::new();
    let mut alarms = Vec::new();
    for row in catalogue().filter(|row| known.insert(format!("{:?}", row.needs))) {
        for seed in 0..SEEDS {
            let history = simulate(&scenario(row), seed);
            for check in judge(&history).checks.iter().filter(|check| check.verdict == Verdict::Fail) {
                let why = check.findings.first().map_or("", |finding| finding.summary.as_str());
                alarms.push(format!("{:?}, seed {seed}: {} says {why}", row.needs, check.id));
            }
        }
    }
    assert!(alarms.is_empty(), "{} alarms:\n{}", alarms.len(), alarms.join("\n"));
}

#[test]
fn every_fault_of_a_resume_is_caught() {
    every_seed_is_caught('R');
}

#[test]
fn every_leak_is_caught() {
    every_seed_is_caught('I');
}

#[test]
fn every_fault_of_authentication_is_caught() {
    every_seed_is_caught('A');
}

#[test]
fn every_bad_answer_is_caught() {
    every_seed_is_caught('B');
}

#[test]
fn no_healthy_variation_is_blamed() {
    let mut alarms = Vec::new();
    for (row, scenario) in healthy_variations().chain(healthy_trials()) {
        for seed in 0..HEALTHY_SEEDS {
            let history = simulate(&scenario, seed);
            for check in judge(&history).checks.iter().filter(|check| check.verdict == Verdict::Fail) {
                let why = check.findings.first().map_or("", |finding| finding.summary.as_str());
                alarms.push(format!("{row}, seed {seed}: {} says {why}", check.id));
            }
        }
    }
    assert!(alarms.is_empty(), "{} alarms:\n{}", alarms.len(), alarms.join("\n"));
}
