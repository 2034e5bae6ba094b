//! What of a long history a finding may concern, told while the history is read: a slice small enough to be shrunk.

use super::kin::Names;
use crate::verdict::Finding;
use goldenpath_history::Record;
use std::collections::BTreeSet;

/// How much around a finding is taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Breadth {
    /// Its runs, and what else passed on the connections that showed them.
    Runs,
    /// All of its users and their connections, and what concerns nobody.
    Users,
    /// Everything.
    Whole,
}

impl Breadth {
    /// From the narrowest on.
    pub const ALL: [Self; 3] = [Self::Runs, Self::Users, Self::Whole];
}

/// What a finding concerns. Read the history once with [`Slicer::look`], and then again for [`Slicer::takes`].
#[derive(Debug, Clone, Default)]
pub struct Slicer {
    evidence: BTreeSet<u64>,
    users: BTreeSet<String>,
    conns: BTreeSet<u32>,
    runs: BTreeSet<String>,
    requests: BTreeSet<String>,
}

impl Slicer {
    /// For the records that the finding names.
    #[must_use]
    pub fn new(finding: &Finding) -> Self {
        Self { evidence: finding.records.iter().copied().collect(), ..Self::default() }
    }

    /// Learns from one record of the first reading.
    pub fn look(&mut self, line: u64, record: &Record<'_>) {
        let evident = self.evidence.contains(&line);
        if !evident && self.runs.is_empty() && self.requests.is_empty() {
            return;
        }
        let names = Names::of(record);
        let known = self.names(&names);
        if evident {
            self.users.extend(record.user.as_deref().map(str::to_owned));
        }
        if evident || known {
            self.conns.extend(record.conn);
            self.runs.extend(names.run.map(String::from));
            self.requests.extend(names.request.map(String::from));
        }
    }

    /// Whether a record of the second reading belongs to the slice.
    #[must_use]
    pub fn takes(&self, breadth: Breadth, line: u64, record: &Record<'_>) -> bool {
        if breadth == Breadth::Whole || self.evidence.contains(&line) {
            return true;
        }
        let on_conn = record.conn.is_some_and(|conn| self.conns.contains(&conn));
        if breadth == Breadth::Users {
            let of_user = record.user.as_deref().is_some_and(|user| self.users.contains(user));
            return on_conn || of_user || (record.conn.is_none() && record.user.is_none());
        }
        let names = Names::of(record);
        self.names(&names) || (on_conn && names.run.is_none() && names.request.is_none())
    }

    fn names(&self, names: &Names<'_>) -> bool {
        names.run.as_deref().is_some_and(|run| self.runs.contains(run))
            || names.request.as_deref().is_some_and(|request| self.requests.contains(request))
    }
}
