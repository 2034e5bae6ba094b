//! Every fault of the catalogue leaves a witness: a few records that the check that owns it fails in the same way, and none of
//! them can be left out.

use crate::histories::healthy;
use crate::side_by_side::side_by_side;
use goldenpath_checkers::{
    CHECKS, CheckResult, Finding, Judge, JudgeConfig, NoWitness, Verdict, Witness, shrink,
};
use goldenpath_detection::simulated;
use goldenpath_faults::{FaultInfo, catalogue};
use goldenpath_history::{HistoryReader, HistoryWriter, Record};
use goldenpath_simulator::History;
use std::collections::BTreeSet;

/// Seeds per row.
const SEEDS: u64 = 3;
/// The seed whose witnesses are read back from their files.
const FILE_SEED: u64 = 1;
/// The seed whose witnesses are compared with the whole history.
const WHOLE_SEED: u64 = 2;
/// The most records that half of all witnesses may have.
const MEDIAN: usize = 6;

type Numbered = Vec<(u64, Record<'static>)>;

fn numbered(history: &History) -> Numbered {
    history.numbered().map(|(line, record)| (line, record.clone())).collect()
}

/// What the check that a witness is for says of some of its records, by their lines of the whole history.
fn said<'a>(witness: &Witness<'_>, records: impl Iterator<Item = &'a (u64, Record<'static>)>) -> CheckResult {
    let mut judge = Judge::new(&witness.header, JudgeConfig::default());
    for (line, record) in records {
        judge.observe(*line, record);
    }
    judge.finish().checks.into_iter().find(|check| check.id == witness.check).unwrap()
}

/// Whether it says again what the witness shows: the same words about the same records.
fn says_again(witness: &Witness<'_>, said: &CheckResult) -> bool {
    let lines = |finding: &Finding| finding.records.iter().copied().collect::<BTreeSet<_>>();
    let same = |found: &Finding| {
        let words =
            |finding: &Finding| (finding.summary.clone(), finding.expected.clone(), finding.observed.clone());
        words(found) == words(&witness.finding) && lines(found) == lines(&witness.finding)
    };
    said.verdict == Verdict::Fail && said.findings.iter().any(same)
}

/// What is wrong with a witness; nothing, where it is one.
fn flaw(witness: &Witness<'static>, whole: &History) -> Option<String> {
    let records = || witness.records.iter();
    if !witness.minimal {
        return Some("the bounds were reached".to_owned());
    }
    if !says_again(witness, &said(witness, records())) {
        return Some("it does not fail in the same way".to_owned());
    }
    for left_out in 0..witness.records.len() {
        let rest = records().enumerate().filter(|(at, _)| *at != left_out).map(|(_, record)| record);
        if says_again(witness, &said(witness, rest)) {
            return Some(format!("record {left_out} is not needed"));
        }
    }
    let cut_out = records().all(|(line, record)| whole.records[*line as usize - 2] == *record);
    (!cut_out).then(|| "its records are not those of the history".to_owned())
}

/// Shrinks what a fault made of a session.
fn witness(row: &FaultInfo, seed: u64) -> Result<(Witness<'static>, History), NoWitness> {
    let history = simulated(row, seed).history;
    let witness = shrink(&history.header, &JudgeConfig::default(), &numbered(&history), row.owner, None)?;
    Ok((witness, history))
}

#[test]
fn every_fault_leaves_a_witness_of_which_nothing_can_be_left_out() {
    let attempts: Vec<(&FaultInfo, u64)> =
        catalogue().flat_map(|row| (0..SEEDS).map(move |seed| (row, seed))).collect();
    let left = side_by_side(&attempts, |(row, seed)| {
        let at = format!("{} ({}), seed {seed}", row.id, row.owner);
        let (witness, history) = witness(row, *seed).map_err(|why| format!("{at}: {why}"))?;
        if let Some(flaw) = flaw(&witness, &history) {
            return Err(format!("{at}: {flaw}"));
        }
        let size = witness.records.len();
        // Each look takes one of the seeds: to shrink is dear, and is done once.
        match *seed {
            FILE_SEED => its_file_fails_its_check_and_runs_no_other(row, &witness),
            WHOLE_SEED => the_whole_history_says_it(row, witness, &history),
            _ => {}
        }
        Ok((size, row.id, *seed))
    });
    let wrong: Vec<&str> = left.iter().filter_map(|left| left.as_ref().err()).map(String::as_str).collect();
    assert!(wrong.is_empty(), "{} wrong:\n{}", wrong.len(), wrong.join("\n"));
    let mut sizes: Vec<_> = left.into_iter().flatten().collect();
    sizes.sort_unstable();
    let median = sizes[sizes.len() / 2].0;
    println!("{} witnesses, median {median} records: {sizes:?}", sizes.len());
    assert!(median <= MEDIAN, "a median of {median} records: {sizes:?}");
}

/// Read back from its file, a witness fails its check, and no other check is run.
fn its_file_fails_its_check_and_runs_no_other(row: &FaultInfo, witness: &Witness<'_>) {
    let mut writer = HistoryWriter::plain(Vec::new(), &witness.header).unwrap();
    for (_, record) in &witness.records {
        writer.write(record).unwrap();
    }
    let file = writer.finish().unwrap();
    let mut reader = HistoryReader::open(file.as_slice()).unwrap();
    let header = reader.header().clone();
    let mut judge = Judge::new(&header, JudgeConfig::default());
    while let Some(read) = reader.next() {
        let (line, record) = read.unwrap();
        judge.observe(line, &record);
    }
    for check in judge.finish().checks {
        match check.id == row.owner {
            true => assert_eq!(check.verdict, Verdict::Fail, "{}: {}", row.id, check.id),
            false => assert!(matches!(check.verdict, Verdict::NotRun(_)), "{}: {check:?}", row.id),
        }
    }
}

#[test]
fn a_healthy_history_has_no_witness() {
    let history = healthy(3);
    for info in CHECKS {
        let none = shrink(&history.header, &JudgeConfig::default(), &numbered(&history), info.id, None);
        assert_eq!(none, Err(NoWitness::NotBroken), "{}", info.id);
    }
    let unknown = shrink(&history.header, &JudgeConfig::default(), &[], "sequence/no-such", None);
    assert_eq!(unknown, Err(NoWitness::UnknownCheck));
}

/// Checks that measure the whole history: their numbers move when records go, and only theirs.
const MEASURE_THE_WHOLE: &[&str] = &["timing/delivery-latency", "value/boilerplate"];

/// A witness claims what the whole history was found to show, about the same records and in the same words: what is missing in
/// it was missing before anything was cut.
fn the_whole_history_says_it(row: &FaultInfo, mut witness: Witness<'_>, history: &History) {
    let numberless = |text: &str| text.chars().filter(|char| !char.is_ascii_digit()).collect::<String>();
    let mut whole = said(&witness, numbered(history).iter());
    if MEASURE_THE_WHOLE.contains(&row.owner) {
        for finding in whole.findings.iter_mut().chain([&mut witness.finding]) {
            finding.summary = numberless(&finding.summary);
            finding.observed = numberless(&finding.observed);
        }
    }
    assert!(says_again(&witness, &whole), "{}: the whole history does not say it", row.id);
}
