//! The built-in histories: sessions as `selftest` generates them, each whole, and each broken once for every check that has
//! something to say of it.
//!
//! A check is held against a fault of the catalogue that it owns; what no fault breaks is broken by hand.

use super::Misjudged;
use super::by_hand::{BY_HAND, ByHand};
use crate::scenario::with_needs;
use crate::session::broken;
use goldenpath_checkers::{CheckResult, Judgement, Verdict};
use goldenpath_faults::{FaultInfo, catalogue};
use goldenpath_simulator::{History, Scenario, simulate};

/// Any seed would do; one that is fixed makes a misjudgment repeatable.
const SEED: u64 = 7;

/// Checks that hold answers against each other, and so need several. The others see all they need in one run of each of two users,
/// which is over soonest: this is judged at every start.
const OF_MANY_ANSWERS: &[&str] = &["value/own-prompt", "value/boilerplate"];

/// A history, and what must be said of it.
#[derive(Debug)]
pub(super) struct BuiltIn {
    /// What happens in it, or what is wrong with it.
    pub(super) name: String,
    pub(super) history: History,
    /// The checks that must fail; none: nothing is wrong, and no check may fail.
    pub(super) fails: Vec<&'static str>,
    /// The checks that must pass.
    pub(super) passes: Vec<&'static str>,
}

impl BuiltIn {
    /// Holds a judgement of this history against what must be said of it.
    pub(super) fn hold(&self, judgement: &Judgement) -> Result<(), Misjudged> {
        let fails = |check: &CheckResult| check.verdict == Verdict::Fail;
        let says = |id: &str, verdict: &Verdict| {
            judgement.checks.iter().any(|said| said.id == id && said.verdict == *verdict)
        };
        let history = || self.name.clone();
        if let Some(check) = self.fails.iter().find(|id| !says(id, &Verdict::Fail)) {
            return Err(Misjudged::Missed { check, history: history() });
        }
        let alarm = judgement.checks.iter().find(|check| self.fails.is_empty() && fails(check));
        if let Some(alarm) = alarm {
            return Err(Misjudged::FalseAlarm { check: alarm.id, history: history() });
        }
        match self.passes.iter().find(|id| !says(id, &Verdict::Pass)) {
            Some(check) => Err(Misjudged::NotPassed { check, history: history() }),
            None => Ok(()),
        }
    }
}

/// Every built-in history, made one after the other.
pub(super) fn built_in() -> impl Iterator<Item = BuiltIn> {
    sessions().into_iter().flat_map(of_faults).chain(of_hands())
}

/// Of the faults of each check the first that needs least, those of one session together.
fn sessions() -> Vec<Vec<&'static FaultInfo>> {
    let mut plainest: Vec<&'static FaultInfo> = Vec::new();
    for fault in catalogue() {
        match plainest.iter_mut().find(|other| other.owner == fault.owner) {
            Some(other) if fault.needs.len() < other.needs.len() => *other = fault,
            Some(_) => {}
            None => plainest.push(fault),
        }
    }
    let mut sessions: Vec<Vec<&'static FaultInfo>> = Vec::new();
    for fault in plainest {
        let same =
            |other: &&'static FaultInfo| other.needs == fault.needs && of_many(other) == of_many(fault);
        match sessions.iter_mut().find(|alike| alike.iter().all(same)) {
            Some(alike) => alike.push(fault),
            None => sessions.push(vec![fault]),
        }
    }
    sessions
}

fn of_many(fault: &FaultInfo) -> bool {
    OF_MANY_ANSWERS.contains(&fault.owner)
}

/// One session, as it is and broken by each of the faults.
fn of_faults(faults: Vec<&'static FaultInfo>) -> Vec<BuiltIn> {
    let Some(first) = faults.first() else { return Vec::new() };
    let (users, runs) = if of_many(first) { (3, 2) } else { (2, 1) };
    let size = Scenario::golden_path().users(users).runs(runs);
    let healthy = simulate(&with_needs(size, first.needs), SEED);
    let mut all: Vec<BuiltIn> = faults.iter().map(|fault| by_fault(fault, &healthy)).collect();
    let name = format!("the session of {}, with nothing broken", first.id);
    let passes = faults.iter().map(|fault| fault.owner).collect();
    all.push(BuiltIn { name, history: healthy, fails: Vec::new(), passes });
    all
}

fn by_fault(fault: &FaultInfo, healthy: &History) -> BuiltIn {
    BuiltIn {
        name: format!("{}: {}", fault.id, fault.summary),
        history: broken(fault, healthy, SEED).history,
        fails: vec![fault.owner],
        passes: Vec::new(),
    }
}

/// The golden path, broken by hand; then as it is.
fn of_hands() -> Vec<BuiltIn> {
    let healthy = simulate(&Scenario::golden_path(), SEED);
    let by_hand = |hand: &ByHand| BuiltIn {
        name: hand.name.to_owned(),
        history: (hand.broken)(&healthy),
        fails: hand.breaks.to_vec(),
        passes: Vec::new(),
    };
    let mut all: Vec<BuiltIn> = BY_HAND.iter().map(by_hand).collect();
    let passes = BY_HAND.iter().flat_map(|hand| hand.breaks).copied().collect();
    all.push(BuiltIn { name: "the golden path".to_owned(), history: healthy, fails: Vec::new(), passes });
    all
}
