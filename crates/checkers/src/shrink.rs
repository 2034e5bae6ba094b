//! Witnesses: the least of a history that a check still fails in the same way.
//!
//! A history is cut down by users, then connections, then runs, then records, and what is left is judged again by the same
//! check each time, until nothing can be left out. Cutting must not make what it shows: a history that lost its
//! `tool_completed` here breaks a promise that the target kept. So a smaller history counts only when it fails
//! **in the same way**:
//!
//! 1. the same check says the same of the same: a finding with the summary, the expectation and the observation of the
//!    first, word for word, numbers included. It names the user, the run, the call, the number that never came, how
//!    long was waited: what is missing here was missing there, and nothing more is. (`shrink/sameness.rs` names the few
//!    checks that measure the whole history, whose numbers may move.)
//! 2. the finding rests on the same records. What the finding names is its evidence and is never left out: where
//!    something never came, its neighbours, its request, its end.
//!
//! Both together make a witness claim what the whole history was found to show, neither more nor less: whoever cuts one more
//! record out of it changes the claim, or takes away what it rests on. A check whose finding names too little evidence
//! is mended in the check.
//!
//! The work is bounded by numbers of judgments and of records, never by a clock, so that one history has one witness.

mod cut;
mod kin;
mod sameness;
mod slice;

pub use slice::{Breadth, Slicer};

use crate::at_sight::AtSight;
use crate::catalogue::check_info;
use crate::judge::{Judge, JudgeConfig};
use crate::verdict::{CheckResult, Finding, Verdict};
use cut::cut;
use goldenpath_history::{Header, RECORDING, RECORDING_BEGUN, Record, RecordKind, WitnessOf};
use kin::Kinship;
use sameness::Sameness;
use std::collections::BTreeMap;

/// How much work one witness may be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Bounds {
    /// Histories judged.
    pub judgments: u32,
    /// Records judged, over all of them.
    pub records: u64,
}

impl Default for Bounds {
    fn default() -> Self {
        Self { judgments: 4_000, records: 400_000 }
    }
}

/// The least of a history that still fails.
#[derive(Debug, Clone, PartialEq)]
pub struct Witness<'a> {
    /// The check that fails on it.
    pub check: &'static str,
    /// Its own header: names the check, and the lines that its records had.
    pub header: Header,
    /// What is left, with the lines of the whole history.
    pub records: Vec<(u64, Record<'a>)>,
    /// What the check says of it; its lines are those of the whole history.
    pub finding: Finding,
    /// Whether every record is needed: no single one can be left out. False only when the bounds were reached.
    pub minimal: bool,
}

/// Why there is no witness.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum NoWitness {
    /// No check has that id.
    UnknownCheck,
    /// The check does not fail on these records: there is nothing to witness.
    NotBroken,
    /// The check fails, and not with the finding that was to be shown.
    OtherFinding,
}

impl std::fmt::Display for NoWitness {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::UnknownCheck => "there is no such check",
            Self::NotBroken => "the check does not fail on these records",
            Self::OtherFinding => "the check fails on these records, but not in this way",
        })
    }
}

impl std::error::Error for NoWitness {}

/// Shrinks a history, its records with their lines, to what `check` needs for failing with `wanted`; with its first finding
/// where none is named.
///
/// # Errors
/// When the check does not fail on these records, or not in that way.
pub fn shrink<'a>(
    header: &Header,
    config: &JudgeConfig,
    records: &[(u64, Record<'a>)],
    check: &str,
    wanted: Option<&Finding>,
) -> Result<Witness<'a>, NoWitness> {
    shrink_within(header, config, records, check, wanted, Bounds::default())
}

/// [`shrink`] with bounds of one's own.
///
/// # Errors
/// When the check does not fail on these records, or not in that way.
pub fn shrink_within<'a>(
    header: &Header,
    config: &JudgeConfig,
    records: &[(u64, Record<'a>)],
    check: &str,
    wanted: Option<&Finding>,
    bounds: Bounds,
) -> Result<Witness<'a>, NoWitness> {
    let info = check_info(check).ok_or(NoWitness::UnknownCheck)?;
    let mut header = header.clone();
    header.limits.extend(config.limits.iter().map(|(id, limit)| (id.clone(), *limit)));
    header.categories = vec![info.category.as_str().to_owned()];
    header.witness = Some(WitnessOf { check: info.id.to_owned(), lines: Vec::new() });
    let config = JudgeConfig { complete: true, ..config.clone() };
    let sights: Vec<AtSight<'_>> = records.iter().map(|(_, record)| AtSight::of(&record.kind)).collect();
    let mut bench = Bench { header, config, check: info.id, records, sights: &sights, left: bounds };

    // Who reads a history that was begun waits for its end; a witness is whole as it is.
    let all: Vec<usize> = (0..records.len()).filter(|at| !begins_recording(&records[*at].1)).collect();
    let said = bench.judge(&all);
    if said.verdict != Verdict::Fail {
        return Err(NoWitness::NotBroken);
    }
    let finding = match wanted {
        None => said.findings.first(),
        Some(wanted) => Sameness::new(info.id, wanted).find(&said.findings),
    };
    let finding = finding.cloned().ok_or(NoWitness::OtherFinding)?;
    let (left, minimal) = bench.shrunk(all, &Sameness::new(info.id, &finding));

    let said = bench.judge(&left);
    let finding = Sameness::new(info.id, &finding).find(&said.findings).cloned().unwrap_or(finding);
    let records: Vec<(u64, Record<'a>)> = left.iter().map(|at| records[*at].clone()).collect();
    let lines = records.iter().map(|(line, _)| *line).collect();
    let mut header = bench.header;
    header.witness = Some(WitnessOf { check: info.id.to_owned(), lines });
    Ok(Witness { check: info.id, header, records, finding, minimal })
}

fn begins_recording(record: &Record<'_>) -> bool {
    let RecordKind::Mark { name, note } = &record.kind else { return false };
    name == RECORDING && note.as_deref() == Some(RECORDING_BEGUN)
}

/// Judges parts of one history by one check.
struct Bench<'r, 'a> {
    header: Header,
    config: JudgeConfig,
    check: &'static str,
    records: &'r [(u64, Record<'a>)],
    /// What each record says by itself: read once for all judgments.
    sights: &'r [AtSight<'r>],
    left: Bounds,
}

impl Bench<'_, '_> {
    /// What the check says of the records at these places.
    fn judge(&self, places: &[usize]) -> CheckResult {
        let mut judge = Judge::new(&self.header, self.config.clone());
        for at in places {
            if let (Some((line, record)), Some(at_sight)) = (self.records.get(*at), self.sights.get(*at)) {
                judge.take_in(*line, record, at_sight);
            }
        }
        let said = judge.finish().checks.into_iter().find(|result| result.id == self.check);
        said.unwrap_or_else(|| CheckResult {
            id: self.check,
            verdict: Verdict::NotRun(String::new()),
            limit: None,
            value: None,
            n: 0,
            of: 0,
            findings: Vec::new(),
        })
    }

    /// Whether the check fails on the records at these places in the same way; `None` when the bounds are reached.
    fn fails(&mut self, places: &[usize], same: &Sameness<'_>) -> Option<bool> {
        self.left.judgments = self.left.judgments.checked_sub(1)?;
        self.left.records = self.left.records.checked_sub(places.len() as u64)?;
        let said = self.judge(places);
        Some(said.verdict == Verdict::Fail && same.find(&said.findings).is_some())
    }

    /// Leaves out what can be left out, in ever smaller pieces. The places that stay, and whether no single one of them
    /// can be left out.
    fn shrunk(&mut self, mut places: Vec<usize>, same: &Sameness<'_>) -> (Vec<usize>, bool) {
        let kinship = Kinship::of(self.records);
        let whose: [&dyn Fn(usize) -> Option<u32>; 4] =
            [&|at| kinship.beside(at), &|at| kinship.user(at), &|at| kinship.conn(at), &|at| kinship.run(at)];
        for key in whose {
            places = self.without_units(places, key, same).0;
        }
        let own: &dyn Fn(usize) -> Option<u32> = &|at| u32::try_from(at).ok();
        self.without_units(places, own, same)
    }

    /// Leaves out as many as can be of the units that `key` tells apart; what has no key stays, and so does a unit that
    /// holds evidence.
    fn without_units(
        &mut self,
        places: Vec<usize>,
        key: &dyn Fn(usize) -> Option<u32>,
        same: &Sameness<'_>,
    ) -> (Vec<usize>, bool) {
        let mut units: BTreeMap<u32, Vec<usize>> = BTreeMap::new();
        let mut stays: Vec<usize> = Vec::new();
        for at in places {
            match key(at) {
                Some(unit) => units.entry(unit).or_default().push(at),
                None => stays.push(at),
            }
        }
        let is_evidence = |at: &usize| self.records.get(*at).is_some_and(|(line, _)| same.rests_on(*line));
        let (evidence, free): (Vec<_>, Vec<_>) =
            units.into_values().partition(|unit| unit.iter().any(is_evidence));
        stays.extend(evidence.into_iter().flatten());
        let with = |units: &[Vec<usize>]| {
            let mut places: Vec<usize> = stays.iter().chain(units.iter().flatten()).copied().collect();
            places.sort_unstable();
            places
        };
        let (units, done) = cut(free, &mut |units| self.fails(&with(units), same));
        (with(&units), done)
    }
}
