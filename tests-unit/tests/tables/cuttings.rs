//! What is left of a history when it is cut down to a finding: its witness, what that costs, and the slices around it.

use goldenpath_checkers::{Bounds, Breadth, Finding, JudgeConfig, Slicer, shrink, shrink_within};
use goldenpath_history::Record;
use goldenpath_simulator::History;

/// The witness of a check's first finding, and how much work it is at least.
pub(super) fn witness(history: &History, config: &JudgeConfig, id: &str) -> String {
    let records: Vec<(u64, Record<'_>)> =
        history.numbered().map(|(line, record)| (line, record.clone())).collect();
    let witness = match shrink(&history.header, config, &records, id, None) {
        Ok(witness) => witness,
        Err(why) => return format!("no witness of {id}: {why}"),
    };
    let done = |bounds| {
        shrink_within(&history.header, config, &records, id, None, bounds)
            .is_ok_and(|witness| witness.minimal)
    };
    let judgments =
        least(|judgments| done(Bounds { judgments: u32::try_from(judgments).unwrap(), records: u64::MAX }));
    let judged = least(|records| done(Bounds { judgments: u32::MAX, records }));
    let none = Bounds { judgments: 0, records: 0 };
    let unjudged = shrink_within(&history.header, config, &records, id, None, none)
        .map(|witness| (witness.records.len(), witness.minimal));
    let lines: Vec<u64> = witness.records.iter().map(|(line, _)| *line).collect();
    let of = witness.header.witness.map(|of| (of.check, of.lines == lines));
    format!(
        "witness of {}: lines {lines:?}, its header {of:?} {:?} {:?}, minimal {}, after {judgments} judgments of {judged} records, without any {unjudged:?}: {}; {} (lines {:?})",
        witness.check,
        witness.header.categories,
        witness.header.limits,
        witness.minimal,
        witness.finding.summary,
        witness.finding.observed,
        witness.finding.records
    )
}

/// The least number that is enough.
fn least(enough: impl Fn(u64) -> bool) -> u64 {
    let mut above = 1;
    while !enough(above) {
        above *= 2;
    }
    let mut below = 0;
    while above - below > 1 {
        let middle = u64::midpoint(below, above);
        if enough(middle) { above = middle } else { below = middle }
    }
    above
}

/// The lines that each breadth takes around a finding.
pub(super) fn slices(history: &History, id: &str, finding: &Finding) -> String {
    let mut slicer = Slicer::new(finding);
    history.numbered().for_each(|(line, record)| slicer.look(line, record));
    let taken = Breadth::ALL.map(|breadth| {
        let lines = history.numbered().filter(|(line, record)| slicer.takes(breadth, *line, record));
        lines.map(|(line, _)| line.to_string()).collect::<Vec<_>>().join(" ")
    });
    format!("around {id} {:?}: runs {}; users {}; whole {}", finding.records, taken[0], taken[1], taken[2])
}
