//! Every request gets its run or an explicit refusal, and one run only.

use super::stored_ends::StoredEnds;
use crate::check::{Check, FINDINGS_KEPT, Tally};
use crate::event_view::{ControlType, ControlView, Field, Seen};
use crate::evidence::{excerpt, run_words};
use crate::index::{Index, RequestView, RunView};
use crate::observation::{ConnIx, Observation, RequestIx, RunIx};
use crate::verdict::{CheckResult, Finding};
use goldenpath_history::ClosedBy;
use goldenpath_protocol::EventType;
use rustc_hash::FxHashMap;

/// Judges `delivery/request-answered` and `delivery/one-run-per-request`.
#[derive(Debug, Default)]
pub(super) struct Answered {
    one_run: Tally,
    /// Errors that name no request, per connection: each answers one.
    unnamed_errors: FxHashMap<ConnIx, u32>,
    /// `request_accepted` for what its user never asked.
    unasked: Vec<Finding>,
    /// Requests that were accepted as the run of another, with the line of the first such acceptance.
    shared: FxHashMap<RequestIx, u64>,
    stored: StoredEnds,
}

impl Check for Answered {
    fn ids(&self) -> &'static [&'static str] {
        &["delivery/request-answered", "delivery/one-run-per-request"]
    }

    fn observe(&mut self, seen: &Observation<'_>, index: &Index) {
        self.stored.observe(seen, index);
        let (Some(Seen::Control(control)), Some(conn)) = (seen.seen, seen.conn) else { return };
        match control.kind {
            ControlType::Error if control.fields.raw(Field::RequestId).is_none() => {
                *self.unnamed_errors.entry(conn).or_default() += 1;
            }
            ControlType::RequestAccepted => self.accepted(seen, control, index),
            _ => {}
        }
    }

    fn run_settled(&mut self, run: RunIx, view: &RunView, index: &Index) {
        let Some(request) = index.request_of_run(view) else { return };
        let began = view.events() > 0 || request.accepted_line.is_some();
        match request.run {
            Some(first) if first != run && began => self.one_run.broke(|| Finding {
                summary: format!("a request of {} had made another run before", run_words(index, view)),
                expected: "one request, one run".to_owned(),
                observed: "a second run with the same request id".to_owned(),
                records: vec![request.line, view.first_line],
                witness: None,
            }),
            _ => self.one_run.kept(),
        }
    }

    fn finish(mut self: Box<Self>, index: &Index) -> Vec<CheckResult> {
        let mut answered = Tally::default();
        let unasked = std::mem::take(&mut self.unasked);
        // Unless it was asked in a record that we missed.
        if let Some(reason) = index.trouble().excuses_holes().filter(|_| !unasked.is_empty()) {
            answered.doubt(reason);
        } else {
            unasked.into_iter().for_each(|finding| answered.note(|| finding));
        }
        for (at, request) in index.requests() {
            if request.conn.and_then(|conn| index.conn(conn)).is_some_and(|conn| conn.probe) {
                continue;
            }
            if let Some(accepted) = self.shared.get(&at) {
                self.one_run.broke(|| shared(request, *accepted, index));
            }
            if let Some(line) = refused_and_done(request, index) {
                answered.broke(|| both(request, line, index));
            } else if self.is_answered(request, index) {
                answered.kept();
            } else if let Some(reason) = index.trouble().excuses_absence() {
                answered.doubt(reason);
            } else {
                answered.broke(|| unanswered(request, index));
            }
        }
        vec![
            answered.into_result("delivery/request-answered"),
            self.one_run.into_result("delivery/one-run-per-request"),
        ]
    }
}

impl Answered {
    fn is_answered(&mut self, request: &RequestView, index: &Index) -> bool {
        let ran = request.run.is_some_and(|run| {
            index.run(run).map_or_else(|| index.settled(run).map_or(0, |run| run.events), RunView::events) > 0
        });
        if ran || request.refused_line.is_some() {
            return true;
        }
        // All of it was in the part of the stream that was lost, as its user was told, and can still be read.
        if request.run.is_some_and(|run| self.stored.answer(run, index)) {
            return true;
        }
        let Some(conn) = request.conn else { return false };
        if let Some(errors) = self.unnamed_errors.get_mut(&conn).filter(|errors| **errors > 0) {
            *errors -= 1;
            return true;
        }
        refused_by_connection(request, index)
    }

    /// Where a user's requests are recorded, an acceptance names one of them, and a run that is its own.
    fn accepted(&mut self, seen: &Observation<'_>, control: &ControlView<'_>, index: &Index) {
        let Some(user) = seen.user else { return };
        let asked = index.user(user).is_some_and(|view| view.asked);
        let named = control.fields.text(Field::RequestId).unwrap_or_default();
        if let Some(request) = index.request_of(user, &named) {
            self.note_shared(request, seen.line, control, index);
        } else if asked && self.unasked.len() < FINDINGS_KEPT {
            self.unasked.push(Finding {
                summary: format!(
                    "user `{}` was told that a request was accepted which they never sent",
                    index.user_name(Some(user))
                ),
                expected: "the `request_id` of a request".to_owned(),
                observed: format!("`{}`", excerpt(&named)),
                records: vec![seen.line],
                witness: None,
            });
        }
    }

    /// A run that answers two requests answers one of them wrongly: `line` accepts a request as the run of another.
    fn note_shared(&mut self, at: RequestIx, line: u64, control: &ControlView<'_>, index: &Index) {
        let run = control.fields.text(Field::RunId).and_then(|id| index.run_named(&id));
        let begun_by = run.and_then(|run| match index.run(run) {
            Some(view) => view.request,
            None => index.settled(run)?.request,
        });
        if begun_by.is_some_and(|other| other != at) {
            self.shared.entry(at).or_insert(line);
        }
    }
}

fn shared(request: &RequestView, accepted: u64, index: &Index) -> Finding {
    Finding {
        summary: format!(
            "a request of user `{}` was answered by the run of another",
            index.user_name(Some(request.user))
        ),
        expected: "one request, one run".to_owned(),
        observed: "the run had begun for another request".to_owned(),
        records: vec![request.line, accepted],
        witness: None,
    }
}

/// Whether the connection that asked says no: over HTTP its answer is the refusal; a server that closes with a reason
/// has said why.
pub(crate) fn refused_by_connection(request: &RequestView, index: &Index) -> bool {
    let Some(view) = request.conn.and_then(|conn| index.conn(conn)) else { return false };
    let refused = view.status.is_some_and(|status| status >= 400);
    let closed = view
        .closed
        .is_some_and(|closed| closed.by == ClosedBy::Server && closed.code.is_some_and(|code| code >= 4000));
    refused || (closed && request.accepted_line.is_none())
}

/// The line of the refusal of what was done all the same. Who asked twice may be refused the second time, and a run that
/// failed may be said to.
fn refused_and_done(request: &RequestView, index: &Index) -> Option<u64> {
    let line = request.refused_line.filter(|_| request.attempts == 1)?;
    let ended = request.run.and_then(|run| index.settled(run)).and_then(|run| run.terminal);
    ended.filter(|(kind, _)| *kind == EventType::AgentCompleted).map(|_| line)
}

fn both(request: &RequestView, refused: u64, index: &Index) -> Finding {
    let run = request.run.and_then(|run| index.settled(run));
    let user = index.user_name(Some(request.user));
    let mut records: Vec<u64> =
        [Some(request.line), Some(refused), run.map(|run| run.last_line)].into_iter().flatten().collect();
    records.sort_unstable();
    Finding {
        summary: format!("a request of user `{user}` was refused, and done all the same"),
        expected: "its run or an explicit refusal".to_owned(),
        observed: "an `error` that names it, and a run that completed".to_owned(),
        records,
        witness: None,
    }
}

/// Shown by how long it was waited for: to the end of its connection, or of the history.
fn unanswered(request: &RequestView, index: &Index) -> Finding {
    let closed = request.conn.and_then(|conn| index.conn(conn)).and_then(|conn| conn.closed);
    let until = closed.map_or(index.last_line(), |closed| closed.line);
    let user = index.user_name(Some(request.user));
    Finding {
        summary: format!("a request of user `{user}` (`{}`) was never answered", excerpt(&request.id)),
        expected: format!("`{}` and what follows, or an explicit refusal", EventType::AgentStarted.as_str()),
        observed: match request.accepted_line {
            Some(_) => "`request_accepted`, and no event after it".to_owned(),
            None => "nothing that names it".to_owned(),
        },
        records: std::iter::once(request.line).chain(request.accepted_line).chain([until]).collect(),
        witness: None,
    }
}
