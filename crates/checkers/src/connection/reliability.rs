//! Connections live as long as they should: until a client leaves, or the server says why not.

use super::words::{conn_words, end_words, owed_on};
use crate::check::{Check, Tally};
use crate::event_view::{ControlType, Field, Seen};
use crate::index::{ConnView, Index};
use crate::judge::Terms;
use crate::observation::{ConnIx, Observation};
use crate::verdict::{CheckResult, Finding, Reason, Verdict};
use goldenpath_history::{ClosedBy, RecordKind, Trial};
use goldenpath_protocol::CloseCode;
use rustc_hash::FxHashMap;

const ID: &str = "connection/reliability";
const NOT_OPENED: &str = "could not be opened";

/// Judges `connection/reliability`.
#[derive(Debug)]
pub(super) struct Reliability {
    tally: Tally,
    limit: f64,
    /// Codes that `closing` told.
    told: FxHashMap<ConnIx, u64>,
    /// Opens that got no answer, and nobody has got one since: the target may not be there at all.
    unanswered: Vec<(ConnIx, u64)>,
    /// The target was told to stop, or cannot work.
    excused: bool,
}

impl Reliability {
    pub(super) fn new(terms: &Terms) -> Self {
        let limit = terms.slo.limit(ID).unwrap_or(99.9);
        Self {
            tally: Tally::default(),
            limit,
            told: FxHashMap::default(),
            unanswered: Vec::new(),
            excused: false,
        }
    }
}

impl Check for Reliability {
    fn ids(&self) -> &'static [&'static str] {
        &[ID]
    }

    fn observe(&mut self, seen: &Observation<'_>, index: &Index) {
        match Trial::of(&seen.record.kind) {
            Some(Trial::TargetStopping | Trial::OutageBegun) => self.excused = true,
            Some(Trial::TargetStarted | Trial::OutageHealed) => self.excused = false,
            _ => {}
        }
        let Some((conn, view)) = seen.conn.and_then(|conn| Some((conn, index.conn(conn)?))) else { return };
        match (&seen.record.kind, seen.seen) {
            (RecordKind::Open { status: None, .. }, _) if !view.probe && !self.excused => {
                self.unanswered.push((conn, seen.line));
            }
            (RecordKind::Open { status: Some(status), .. }, _) => {
                self.answered(index);
                // A refusal that says why is another check's; a failure is a connection lost.
                if !view.probe && !self.excused && *status >= 500 && *status != 503 {
                    let observed = format!("status {status}");
                    self.broke(index, view, NOT_OPENED, observed, vec![seen.line]);
                }
            }
            (_, Some(Seen::Control(control))) if control.kind == ControlType::Closing => {
                if let Some(code) = control.fields.whole(Field::Code) {
                    self.told.insert(conn, code);
                }
            }
            (RecordKind::Close { code, by, .. }, _) => self.close(seen, index, (conn, view), *code, *by),
            _ => {}
        }
    }

    fn finish(mut self: Box<Self>, index: &Index) -> Vec<CheckResult> {
        for _ in index.conns().filter(|(_, view)| view.live() && !view.probe) {
            self.tally.kept();
        }
        #[allow(clippy::cast_precision_loss, reason = "connection counts are far below 2^53")]
        let share = (self.tally.of > 0).then(|| 100.0 * self.tally.n as f64 / self.tally.of as f64);
        self.tally.limit = Some(self.limit);
        self.tally.value = share;
        if !self.unanswered.is_empty() {
            self.tally.doubt(Reason::TargetUnavailable);
        }
        let doubt = self.tally.inconclusive;
        let mut result = self.tally.into_result(ID);
        if result.verdict == Verdict::Fail && share.is_some_and(|share| share >= self.limit) {
            result.verdict = doubt.map_or(Verdict::Pass, Verdict::Inconclusive);
            result.findings.clear();
        }
        vec![result]
    }
}

impl Reliability {
    /// The target is there: who got no answer before should have got one.
    fn answered(&mut self, index: &Index) {
        for (conn, line) in std::mem::take(&mut self.unanswered) {
            if let Some(view) = index.conn(conn) {
                self.broke(index, view, NOT_OPENED, "no answer".to_owned(), vec![line]);
            }
        }
    }

    fn close(
        &mut self,
        seen: &Observation<'_>,
        index: &Index,
        (conn, view): (ConnIx, &ConnView),
        code: Option<u16>,
        by: ClosedBy,
    ) {
        let told = self.told.remove(&conn);
        if view.probe || !view.accepted() {
            return;
        }
        let owed = owed_on(index, conn, view.user);
        let lived = match (by, code) {
            (ClosedBy::Client, _) => true,
            (ClosedBy::Server, Some(code)) => {
                let known = CloseCode::try_from(code).is_ok_and(|known| known != CloseCode::ServerError);
                let plain = view.greeting.is_none() && matches!(code, 1000 | 1001) && owed.is_none();
                plain || known && told == Some(u64::from(code))
            }
            _ => owed.is_none() && told.is_none() || view.forsaken() || view.stall.is_some(),
        };
        if lived {
            return self.tally.kept();
        }
        let lines = owed.into_iter().chain([seen.line]).collect();
        self.broke(index, view, "ended before its time", end_words(code, by), lines);
    }

    fn broke(&mut self, index: &Index, view: &ConnView, what: &str, observed: String, records: Vec<u64>) {
        self.tally.broke(|| Finding {
            summary: format!("{} {what}", conn_words(index, view)),
            expected: "a connection until its client leaves, or a reason".to_owned(),
            observed,
            records,
            witness: None,
        });
    }
}
