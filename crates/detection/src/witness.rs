//! The least of a session that still shows what the fault's owner found.

use crate::assess::Attempt;
use crate::session::Session;
use goldenpath_checkers::{Breadth, JudgeConfig, Slicer, Witness, shrink};
use goldenpath_faults::FaultInfo;
use goldenpath_history::Record;

/// The longest slice that is shrunk, in records.
const RECORDS: usize = 20_000;

/// The witness of the owner's finding, from the narrowest part of the session that shows it.
///
/// # Errors
/// When the owner found nothing, or no part that is short enough shows it again; says why.
pub fn witness(
    row: &FaultInfo,
    session: &Session,
    attempt: &Attempt,
    config: &JudgeConfig,
) -> Result<Witness<'static>, String> {
    let finding = attempt.finding.as_ref().ok_or_else(|| format!("`{}` found nothing", row.owner))?;
    let mut slicer = Slicer::new(finding);
    session.history.numbered().for_each(|(line, record)| slicer.look(line, record));
    let last_line = 1 + session.history.records.len() as u64;
    let mut why_not = String::new();
    for breadth in Breadth::ALL {
        // The end of a history says how long was waited for what never came.
        let taken = |(line, record): &(u64, &Record<'static>)| {
            *line == last_line || slicer.takes(breadth, *line, record)
        };
        let slice: Vec<(u64, Record<'static>)> = session
            .history
            .numbered()
            .filter(taken)
            .take(RECORDS + 1)
            .map(|(line, record)| (line, record.clone()))
            .collect();
        if slice.len() > RECORDS {
            return Err(format!("what the finding concerns is longer than {RECORDS} records"));
        }
        match shrink(&session.history.header, config, &slice, row.owner, Some(finding)) {
            Ok(witness) => return Ok(witness),
            Err(why) => why_not = why.to_string(),
        }
    }
    Err(why_not)
}
