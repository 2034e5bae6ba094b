//! Before it decides about others, the judge is judged: a healthy built-in history must not alarm it, and the
//! same history broken in known ways must.

use goldenpath_checkers::{Category, Judge, JudgeConfig, Judgement, Verdict};
use goldenpath_history::{Direction, Header, Record, RecordKind};
use goldenpath_simulator::{Scenario, simulate};
use std::borrow::Cow;

/// Any seed would do; one that is fixed makes a misjudgment repeatable.
const SEED: u64 = 7;

/// A built-in history that was misjudged: our own bug.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Misjudged {
    /// A healthy history was found broken.
    #[error("the checks found `{0}` broken in a built-in healthy history")]
    FalseAlarm(&'static str),
    /// A broken history was not found out.
    #[error("the checks did not find `{0}` broken in a built-in broken history")]
    Missed(&'static str),
}

/// Judges the built-in histories.
pub(crate) fn calibrate() -> Result<(), Misjudged> {
    let good = simulate(&Scenario::golden_path().users(2), SEED);
    let judgement = judge(&good.header, &good.records);
    if let Some(alarm) = judgement.checks.iter().find(|check| check.verdict == Verdict::Fail) {
        return Err(Misjudged::FalseAlarm(alarm.id));
    }
    must_fail(&good.header, &without(&good.records, "agent_completed"), "sequence/one-terminal")?;
    must_fail(&good.header, &without(&good.records, "tool_completed"), "sequence/tool-pairs")?;
    must_fail(&good.header, &leaked(&good.records), "isolation/run-owner")
}

fn judge(header: &Header, records: &[Record<'static>]) -> Judgement {
    let categories =
        vec![Category::Functional, Category::Integration, Category::Performance, Category::Security];
    let mut judge = Judge::new(header, JudgeConfig { categories, ..JudgeConfig::default() });
    for (line, record) in (2_u64..).zip(records) {
        judge.observe(line, record);
    }
    judge.finish()
}

fn must_fail(header: &Header, records: &[Record<'static>], id: &'static str) -> Result<(), Misjudged> {
    let judgement = judge(header, records);
    let failed = judgement.checks.iter().any(|check| check.id == id && check.verdict == Verdict::Fail);
    if failed { Ok(()) } else { Err(Misjudged::Missed(id)) }
}

fn received<'a>(record: &'a Record<'static>, event: &str) -> Option<&'a str> {
    match &record.kind {
        RecordKind::Frame { dir: Direction::In, raw, .. }
            if raw.contains(&format!("\"type\":\"{event}\"")) =>
        {
            Some(raw.as_ref())
        }
        _ => None,
    }
}

fn without(records: &[Record<'static>], event: &str) -> Vec<Record<'static>> {
    records.iter().filter(|record| received(record, event).is_none()).cloned().collect()
}

/// The same history with one user's answers shown to another one as well.
fn leaked(records: &[Record<'static>]) -> Vec<Record<'static>> {
    let owner = records.iter().find(|record| received(record, "agent_completed").is_some());
    let owner = owner.and_then(|record| record.user.clone());
    let other =
        records.iter().find(|record| record.conn.is_some() && record.user.is_some() && record.user != owner);
    let (conn, user) = other.map_or((None, None), |record| (record.conn, record.user.clone()));
    let mut leaked = Vec::with_capacity(records.len() + 1);
    for record in records {
        leaked.push(record.clone());
        if record.user == owner
            && let Some(raw) = received(record, "agent_completed")
        {
            let kind =
                RecordKind::Frame { dir: Direction::In, raw: Cow::Owned(raw.to_owned()), opcode: None };
            leaked.push(Record { t_ns: record.t_ns + 1, conn, user: user.clone(), kind });
        }
    }
    leaked
}

#[cfg(test)]
mod tests {
    use super::calibrate;

    #[test]
    fn the_judge_is_calibrated() {
        assert_eq!(calibrate(), Ok(()));
    }
}
