//! Records that are missing (V04), a target that goes away (V08), documents that are not what they should be (V10).

use super::decided::{decided, facts};
use super::sound::sound;
use super::{TesterVerdict, Trials};
use goldenpath_checkers::{Judge, JudgeConfig};
use goldenpath_history::{
    ClosedBy, Direction, HistoryReader, HistoryWriter, RECORDING, RECORDING_BEGUN, RECORDING_ENDED, Record,
    RecordKind,
};
use goldenpath_report::{Ending, decide, formats, read_baseline};
use goldenpath_simulator::History;
use std::collections::BTreeMap;

pub(super) const LOST: Trials = &[
    ("the recorder says that it lost records", |seed| decided(&with_loss(sound(seed), 0)).outcome.into()),
    ("a stretch of frames is missing, and the recorder says so", |seed| {
        decided(&with_loss(sound(seed), 7)).outcome.into()
    }),
];

/// Without so many received frames from the middle, and with the record of their loss.
fn with_loss(mut history: History, frames: usize) -> History {
    let middle = history.records.len() / 2;
    let at = history.records.get(middle).map_or(0, |record| record.t_ns);
    let mut left = frames;
    let mut place = 0;
    history.records.retain(|record| {
        place += 1;
        let received = matches!(record.kind, RecordKind::Frame { dir: Direction::In, .. });
        let goes = place > middle && left > 0 && received;
        left -= usize::from(goes);
        !goes
    });
    let kind = RecordKind::Lost { count: frames.max(1) as u64, why: "the queue was full".into() };
    history.records.insert(middle, Record { t_ns: at, conn: None, user: None, kind });
    history
}

pub(super) const DOWN: Trials = &[
    ("nobody gets an answer any more, and the driver does not notice", |seed| {
        decided(&down(sound(seed))).outcome.into()
    }),
    ("nobody gets an answer any more, and the driver says so", |seed| {
        let history = down(sound(seed));
        let mut facts = facts(&history);
        facts.ending = Ending::TargetUnavailable("connection refused".to_owned());
        decide(&super::decided::judged(&history), &facts, None).outcome.into()
    }),
];

/// The first half of a session; then every transport ends, and no attempt to connect is answered.
fn down(mut history: History) -> History {
    history.records.truncate(history.records.len() / 2);
    let t_ns = history.records.last().map_or(0, |last| last.t_ns);
    let mut open: BTreeMap<u32, Record<'static>> = BTreeMap::new();
    for record in &history.records {
        match (record.conn, &record.kind) {
            (Some(conn), RecordKind::Open { status: Some(101), .. }) => {
                open.insert(conn, record.clone());
            }
            (Some(conn), RecordKind::Close { .. }) => {
                open.remove(&conn);
            }
            _ => {}
        }
    }
    let last_conn = history.records.iter().filter_map(|record| record.conn).max().unwrap_or(0);
    for (conn, opened) in &open {
        let kind = RecordKind::Close { code: None, reason: None, by: ClosedBy::Transport };
        history.records.push(Record { t_ns, conn: Some(*conn), user: opened.user.clone(), kind });
    }
    for (conn, opened) in (last_conn + 1..).zip(open.into_values()) {
        let kind = RecordKind::Open {
            url: None,
            status: None,
            intended_t_ns: None,
            credential: None,
            body: Some("connection refused".into()),
        };
        history.records.push(Record { t_ns: t_ns + 1_000_000, conn: Some(conn), user: opened.user, kind });
    }
    history
}

pub(super) const DOCUMENTS: Trials = &[
    ("a history cut off inside a line", |seed| read_back(seed, |bytes| bytes.len() * 2 / 3)),
    ("a history cut off between two lines", |seed| {
        read_back(seed, |bytes| {
            let half = bytes.len() / 2;
            half + bytes[half..].iter().position(|byte| *byte == b'\n').map_or(0, |end| end + 1)
        })
    }),
    ("a baseline cut off", |seed| baseline(seed, |text| text.chars().take(text.len() / 2).collect(), 0)),
    ("a baseline of another schema", |seed| {
        baseline(seed, |text| text.replace("goldenpath.report/1", "goldenpath.report/0"), 0)
    }),
    ("a baseline of a session with another number of users", |seed| baseline(seed, str::to_owned, 1)),
];

/// A recorded session's file as it is read again, of which only the bytes up to `end` are left.
fn read_back(seed: u64, end: fn(&[u8]) -> usize) -> TesterVerdict {
    let history = sound(seed);
    let Some(bytes) = written(&history) else { return TesterVerdict::Approved };
    let end = end(&bytes).min(bytes.len());
    let Ok(mut reader) = HistoryReader::open(&bytes[..end]) else { return TesterVerdict::Inconclusive };
    let mut judge = Judge::new(&history.header, JudgeConfig::default());
    let mut cut = None;
    while let Some(read) = reader.next() {
        match read {
            Ok((line, record)) => judge.observe(line, &record),
            Err(why) => cut = Some(why.to_string()),
        }
    }
    let mut facts = facts(&history);
    if let Some(why) = cut {
        judge.mark_cut();
        facts.ending = Ending::CaptureIncomplete(why);
    }
    decide(&judge.finish(), &facts, None).outcome.into()
}

/// The bytes of a history, with the marks of a recorder.
fn written(history: &History) -> Option<Vec<u8>> {
    let mark = |note: &'static str, t_ns| Record {
        t_ns,
        conn: None,
        user: None,
        kind: RecordKind::Mark { name: RECORDING.into(), note: Some(note.into()) },
    };
    let last_ns = history.records.last().map_or(0, |last| last.t_ns);
    let mut writer = HistoryWriter::plain(Vec::new(), &history.header).ok()?;
    writer.write(&mark(RECORDING_BEGUN, 0)).ok()?;
    for record in &history.records {
        writer.write(record).ok()?;
    }
    writer.write(&mark(RECORDING_ENDED, last_ns)).ok()?;
    writer.finish().ok()
}

/// Whether a baseline that was spoilt, or that so many more users have, is refused.
fn baseline(seed: u64, spoil: fn(&str) -> String, more_users: u32) -> TesterVerdict {
    let report = decided(&sound(seed)).report;
    let (profile, users) = (report.validation_session.profile.clone(), report.validation_session.users);
    let Ok(text) = formats::json(&report) else { return TesterVerdict::Approved };
    // Unspoilt it is taken.
    let taken = |text: &str, users| read_baseline(text, &profile, users).is_ok();
    TesterVerdict::noticed(taken(&text, users) && !taken(&spoil(&text), users + more_users))
}
