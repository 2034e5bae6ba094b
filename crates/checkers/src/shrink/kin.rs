//! Whose a record is: its user, its connection, its run.

use crate::event_view::{Field, fields_of};
use goldenpath_history::{Record, RecordKind};
use rustc_hash::FxHashMap;
use std::borrow::Cow;

/// The run and the request that a record names.
#[derive(Debug, Default)]
pub(super) struct Names<'a> {
    pub(super) run: Option<Cow<'a, str>>,
    pub(super) request: Option<Cow<'a, str>>,
}

impl<'a> Names<'a> {
    pub(super) fn of(record: &'a Record<'_>) -> Self {
        let text = match &record.kind {
            RecordKind::Request { request_id, .. } => {
                return Self { run: None, request: Some(Cow::Borrowed(request_id)) };
            }
            RecordKind::Frame { raw, .. } => Some(raw),
            RecordKind::Mark { note, .. } => note.as_ref(),
            _ => None,
        };
        let Some(fields) = text.and_then(|text| fields_of(text).ok()) else { return Self::default() };
        Self { run: fields.text(Field::RunId), request: fields.text(Field::RequestId) }
    }
}

/// Numbers that tell the names of one kind apart.
#[derive(Default)]
struct Numbers<'a>(FxHashMap<Cow<'a, str>, u32>);

impl<'a> Numbers<'a> {
    fn of(&mut self, name: Cow<'a, str>) -> u32 {
        let next = u32::try_from(self.0.len()).unwrap_or(u32::MAX);
        *self.0.entry(name).or_insert(next)
    }
}

#[derive(Debug, Default, Clone, Copy)]
struct Kin {
    beside: Option<u32>,
    user: Option<u32>,
    conn: Option<u32>,
    run: Option<u32>,
}

/// Whose every record of a history is, by its place.
pub(super) struct Kinship(Vec<Kin>);

impl Kinship {
    pub(super) fn of(records: &[(u64, Record<'_>)]) -> Self {
        let names: Vec<Names<'_>> = records.iter().map(|(_, record)| Names::of(record)).collect();
        let (mut users, mut runs) = (Numbers::default(), Numbers::default());
        let mut user_of: FxHashMap<u32, u32> = FxHashMap::default();
        let mut run_of: FxHashMap<&str, u32> = FxHashMap::default();
        for ((_, record), names) in records.iter().zip(&names) {
            if let (Some(conn), Some(user)) = (record.conn, &record.user) {
                user_of.entry(conn).or_insert_with(|| users.of(Cow::Borrowed(&**user)));
            }
            if let (Some(run), Some(request)) = (&names.run, &names.request) {
                run_of.entry(request).or_insert_with(|| runs.of(Cow::Borrowed(&**run)));
            }
        }
        let kin = |((_, record), names): (&(u64, Record<'_>), &Names<'_>)| Kin {
            beside: beside(&record.kind),
            user: match &record.user {
                Some(user) => users.0.get(&**user).copied(),
                None => record.conn.and_then(|conn| user_of.get(&conn).copied()),
            },
            conn: record.conn,
            run: match (&names.run, &names.request) {
                (Some(run), _) => runs.0.get(&**run).copied(),
                (None, Some(request)) => run_of.get(&**request).copied(),
                (None, None) => None,
            },
        };
        Self(records.iter().zip(&names).map(kin).collect())
    }

    /// The kind of a record that tells of no traffic: faults, samples, marks, losses.
    pub(super) fn beside(&self, at: usize) -> Option<u32> {
        self.0.get(at)?.beside
    }

    pub(super) fn user(&self, at: usize) -> Option<u32> {
        self.0.get(at)?.user
    }

    pub(super) fn conn(&self, at: usize) -> Option<u32> {
        self.0.get(at)?.conn
    }

    pub(super) fn run(&self, at: usize) -> Option<u32> {
        self.0.get(at)?.run
    }
}

fn beside(kind: &RecordKind<'_>) -> Option<u32> {
    match kind {
        RecordKind::Fault { .. } => Some(0),
        RecordKind::Sample { .. } => Some(1),
        RecordKind::Mark { .. } => Some(2),
        RecordKind::Lost { .. } => Some(3),
        RecordKind::Open { .. }
        | RecordKind::Frame { .. }
        | RecordKind::Close { .. }
        | RecordKind::Request { .. } => None,
    }
}
