//! What is not served is refused in words, never dropped: requests, and attempts to connect.

use crate::check::{Check, Tally};
use crate::delivery::{StoredEnds, refused_by_connection};
use crate::event_view::{ControlType, Field, Seen};
use crate::evidence::excerpt;
use crate::index::{Index, RequestView, RunView};
use crate::observation::{ConnIx, Observation};
use crate::verdict::{CheckResult, Finding};
use goldenpath_history::{RecordKind, Trial};
use rustc_hash::FxHashMap;

/// A request that was asked so shortly before the history's end may still be on its way.
const UNDER_WAY_NS: u64 = 2_000_000_000;

/// Judges `load/explicit-refusal`.
#[derive(Debug, Default)]
pub(super) struct ExplicitRefusal {
    tally: Tally,
    /// Refusals that name no request, by connection.
    unnamed: FxHashMap<ConnIx, u32>,
    /// The target was told to stop, or cannot work: what gets no answer then is another check's.
    excused: bool,
    stored: StoredEnds,
}

impl Check for ExplicitRefusal {
    fn ids(&self) -> &'static [&'static str] {
        &["load/explicit-refusal"]
    }

    fn observe(&mut self, seen: &Observation<'_>, index: &Index) {
        self.stored.observe(seen, index);
        match Trial::of(&seen.record.kind) {
            Some(Trial::TargetStopping | Trial::OutageBegun) => self.excused = true,
            Some(Trial::TargetStarted | Trial::OutageHealed) => self.excused = false,
            _ => {}
        }
        let Some(conn) = seen.conn else { return };
        match (&seen.record.kind, seen.seen) {
            (RecordKind::Open { status, body, .. }, _)
                if !self.excused && index.conn(conn).is_some_and(|view| !view.probe) =>
            {
                self.opening(*status, body.as_deref(), seen, index);
            }
            (_, Some(Seen::Control(control))) if control.kind == ControlType::Error => {
                let says = control.fields.text(Field::Code).is_some_and(|code| !code.is_empty());
                let line = seen.line;
                if !says {
                    self.tally.broke(|| wordless(index, seen, "an `error` without a code", line));
                } else if control.fields.raw(Field::RequestId).is_none() {
                    *self.unnamed.entry(conn).or_default() += 1;
                }
            }
            _ => {}
        }
    }

    fn finish(mut self: Box<Self>, index: &Index) -> Vec<CheckResult> {
        for (_, request) in index.requests() {
            if self.is_served_or_refused(request, index) {
                self.tally.kept();
            } else if let Some(reason) = index.trouble().excuses_absence() {
                self.tally.doubt(reason);
            } else if request.t_ns.saturating_add(UNDER_WAY_NS) < index.last_t_ns() {
                self.tally.broke(|| dropped(request, index));
            }
        }
        vec![self.tally.into_result("load/explicit-refusal")]
    }
}

impl ExplicitRefusal {
    /// An upgrade that is not granted says why.
    fn opening(&mut self, status: Option<u16>, body: Option<&str>, seen: &Observation<'_>, index: &Index) {
        let line = seen.line;
        match status {
            Some(429 | 503) => {
                let says = body.is_some_and(names_a_code);
                let observed = format!(
                    "status {} and `{}`",
                    status.unwrap_or_default(),
                    excerpt(body.unwrap_or_default())
                );
                self.tally.judge((!says).then(|| wordless(index, seen, &observed, line)));
            }
            None => self.tally.broke(|| wordless(index, seen, "no answer", line)),
            _ => {}
        }
    }

    fn is_served_or_refused(&mut self, request: &RequestView, index: &Index) -> bool {
        let ran = request.run.is_some_and(|run| {
            index.run(run).map_or_else(|| index.settled(run).map_or(0, |run| run.events), RunView::events) > 0
        });
        if ran || request.refused_line.is_some() || refused_by_connection(request, index) {
            return true;
        }
        if request.run.is_some_and(|run| self.stored.answer(run, index)) {
            return true;
        }
        let unnamed = request.conn.and_then(|conn| self.unnamed.get_mut(&conn)).filter(|count| **count > 0);
        unnamed.map(|count| *count -= 1).is_some()
    }
}

/// Whether the body of a refusal says anything: a code, else a message.
fn names_a_code(body: &str) -> bool {
    !body.trim().is_empty()
}

fn wordless(index: &Index, seen: &Observation<'_>, observed: &str, line: u64) -> Finding {
    Finding {
        summary: format!("user `{}` was turned away without a word", index.user_name(seen.user)),
        expected: "a refusal that names its cause".to_owned(),
        observed: observed.to_owned(),
        records: vec![line],
        witness: None,
    }
}

fn dropped(request: &RequestView, index: &Index) -> Finding {
    Finding {
        summary: format!(
            "a request of user `{}` was dropped in silence",
            index.user_name(Some(request.user))
        ),
        expected: "its run, or `error` with a code".to_owned(),
        observed: match request.accepted_line {
            Some(_) => "`request_accepted`, and nothing after it".to_owned(),
            None => "nothing".to_owned(),
        },
        records: std::iter::once(request.line).chain(request.accepted_line).collect(),
        witness: None,
    }
}
