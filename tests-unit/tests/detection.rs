//! Every fault of the catalogue, offline: a healthy history is broken by it, and the check that owns it must say so, on
//! every seed, blaming nobody whom the fault did not touch.

use crate::side_by_side::side_by_side;
use goldenpath_checkers::JudgeConfig;
use goldenpath_detection::{FaultResult, alarms, assess, broken, scenario};
use goldenpath_faults::{FaultInfo, catalogue};
use goldenpath_simulator::{History, healthy_trials, healthy_variations, simulate};
use std::collections::{BTreeMap, BTreeSet};

/// Seeds per row.
pub(crate) const SEEDS: u64 = 20;
/// Seeds per healthy variation.
pub(crate) const HEALTHY_SEEDS: u64 = 50;

/// What is said against a healthy history, by every category.
fn said_against(history: &History) -> Vec<String> {
    alarms(history).iter().map(|alarm| format!("{} says {}", alarm.check, alarm.summary)).collect()
}

/// The groups that a test below tries, by the letter that their rows begin with.
const TRIED: &str = "LDOSTCWPGERIAB";

/// A group without a test would be one whose faults nobody looks for.
#[test]
fn every_group_of_the_catalogue_is_tried() {
    let known: BTreeSet<char> = catalogue().filter_map(|row| row.id.chars().next()).collect();
    assert_eq!(known, TRIED.chars().collect());
}

/// Each item with each of so many seeds.
fn seeded<T: Clone>(items: impl IntoIterator<Item = T>, seeds: u64) -> Vec<(T, u64)> {
    items.into_iter().flat_map(|item| (0..seeds).map(move |seed| (item.clone(), seed))).collect()
}

/// What is wrong about one attempt.
fn missed(row: &FaultInfo, healthy: &History, seed: u64) -> Vec<String> {
    let attempt = assess(row, &broken(row, healthy, seed), &JudgeConfig::default());
    let at = format!("{} ({}), seed {seed}", row.id, row.summary);
    let mut missed = Vec::new();
    if attempt.result != FaultResult::Caught {
        let (result, failed) = (attempt.result.as_str(), &attempt.failed);
        missed.push(format!("{at}: {result}, {:?}; only {failed:?}", attempt.reason));
    }
    for blamed in attempt.blamed {
        missed.push(format!("{at}: {} blames the untouched: {}", blamed.check, blamed.summary));
    }
    missed
}

/// Breaks and judges every row whose id begins with `group`. Rows of equal needs break the same healthy sessions, which blame nobody
/// before they are broken: the first group of the catalogue that needs them looks.
fn every_seed_is_caught(group: char) {
    assert!(TRIED.contains(group), "group {group} is not on the list");
    let mut of_needs: BTreeMap<String, Vec<&FaultInfo>> = BTreeMap::new();
    for row in catalogue().filter(|row| row.id.starts_with(group)) {
        of_needs.entry(format!("{:?}", row.needs)).or_default().push(row);
    }
    assert!(!of_needs.is_empty(), "no row in group {group}");
    let sessions = seeded(of_needs.into_values(), SEEDS);
    let missed = side_by_side(&sessions, |(rows, seed)| {
        let healthy = simulate(&scenario(rows[0]), *seed);
        let first =
            catalogue().find(|row| row.needs == rows[0].needs).is_some_and(|row| row.id == rows[0].id);
        let unbroken = if first { said_against(&healthy) } else { Vec::new() };
        let unbroken = unbroken
            .into_iter()
            .map(|alarm| format!("{:?}, seed {seed}, before any fault: {alarm}", rows[0].needs));
        unbroken.chain(rows.iter().flat_map(|row| missed(row, &healthy, *seed))).collect::<Vec<_>>()
    });
    let missed: Vec<String> = missed.into_iter().flatten().collect();
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

/// However late in a session the cancelled runs are, and however briefly they are worked on.
#[test]
fn work_that_goes_on_after_a_cancel_is_caught_by_any_seed() {
    let row = catalogue().find(|row| row.id == "G02").expect("a row of the catalogue");
    let seeds: Vec<u64> = (0..600).chain([7_396_707_789_910_727]).collect();
    let missed = side_by_side(&seeds, |seed| missed(row, &simulate(&scenario(row), *seed), *seed));
    let missed: Vec<String> = missed.into_iter().flatten().collect();
    assert!(missed.is_empty(), "{} wrong:\n{}", missed.len(), missed.join("\n"));
}

#[test]
fn every_hidden_error_and_its_aftermath_is_caught() {
    every_seed_is_caught('E');
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

/// Simulates and judges healthy sessions.
#[test]
fn no_healthy_variation_is_blamed() {
    let sessions = healthy_variations().chain(healthy_trials());
    let alarms = side_by_side(&seeded(sessions, HEALTHY_SEEDS), |((name, scenario), seed)| {
        let alarms = said_against(&simulate(scenario, *seed));
        alarms.into_iter().map(|alarm| format!("{name}, seed {seed}: {alarm}")).collect::<Vec<_>>()
    });
    let alarms: Vec<String> = alarms.into_iter().flatten().collect();
    assert!(alarms.is_empty(), "{} alarms:\n{}", alarms.len(), alarms.join("\n"));
}
