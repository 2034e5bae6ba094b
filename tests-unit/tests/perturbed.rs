//! Every known fault's session, disturbed a little more: a record lost, told twice, out of its turn, later or earlier by exactly a limit. What
//! all checks say of all of them is counted in a line per check. No two rows of the catalogue lie at a limit; these do.
//!
//! `INSTA_UPDATE=always cargo test -p tests-unit perturbed` writes the page anew.

use crate::determinism::Told;
use crate::differential::tallies::Tallies;
use crate::side_by_side::side_by_side;
use crate::words::said;
use goldenpath_checkers::{CHECKS, Judgement};
use goldenpath_detection::healthy_cases;
use goldenpath_faults::{FaultInfo, Need, catalogue};
use goldenpath_history::Record;
use goldenpath_simulator::History;

/// Disturbances of each session.
const TIMES: u64 = 4;
const MS: u64 = 1_000_000;
/// What limits, waits and allowances are made of, in milliseconds.
const SPANS_MS: [u64; 16] =
    [0, 1, 100, 250, 500, 1_000, 2_000, 3_000, 5_000, 10_000, 15_000, 20_000, 30_000, 45_000, 60_000, 90_000];

/// A number below `of` that follows from a seed and a place in what is drawn.
fn drawn(seed: u64, place: u64, of: usize) -> usize {
    let mut mixed = (seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) ^ place).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    mixed ^= mixed >> 31;
    usize::try_from(mixed.wrapping_mul(0x94d0_49bb_1331_11eb) >> 33).unwrap() % of.max(1)
}

/// One disturbance of a history.
fn disturbed(history: &History, seed: u64) -> History {
    let mut disturbed = history.clone();
    let records = &mut disturbed.records;
    let at = 1 + drawn(seed, 1, records.len() - 1);
    match drawn(seed, 2, 8) {
        0 => drop(records.remove(at)),
        1 => records.insert(at, records[at].clone()),
        2 => {
            let (before, this) = (records[at - 1].t_ns, records[at].t_ns);
            records.swap(at - 1, at);
            (records[at - 1].t_ns, records[at].t_ns) = (before, this);
        }
        _ => apart(records, at, seed),
    }
    disturbed
}

/// Makes the time between a record and one of the same user before it exactly a span; all that follows keeps its distance.
fn apart(records: &mut [Record<'static>], at: usize, seed: u64) {
    let same = |before: &usize| records[*before].user == records[at].user;
    let before: Vec<usize> = (0..at).rev().filter(same).take(6).collect();
    let Some(from) = before.get(drawn(seed, 3, before.len())) else { return };
    let span = SPANS_MS[drawn(seed, 4, SPANS_MS.len())] * MS;
    let wanted = (records[*from].t_ns + span).max(records[at - 1].t_ns);
    let now = records[at].t_ns;
    for record in &mut records[at..] {
        record.t_ns = record.t_ns - now + wanted;
    }
}

#[test]
fn disturbed_sessions_are_judged_as_this_page_says() {
    let small =
        |row: &&FaultInfo| !row.needs.iter().any(|need| matches!(need, Need::Crowd | Need::ManyCalls));
    let told = healthy_cases().map(Told::Healthy).chain(catalogue().filter(small).map(Told::Broken));
    let told: Vec<(u64, Told)> = (0..).zip(told).collect();
    let judged: Vec<Vec<Judgement>> = side_by_side(&told, |(place, told)| {
        let (_, session) = told.sessions(7);
        (0..TIMES).map(|time| said(&disturbed(&session.history, place * TIMES + time))).collect()
    });
    let mut tallies = Tallies::default();
    judged.iter().flatten().for_each(|judgement| tallies.add(judgement));
    assert_eq!(judged[0][0].checks.len(), CHECKS.len());
    insta::assert_snapshot!("disturbed", tallies);
}
