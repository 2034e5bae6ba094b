//! A stopping server says so, takes nothing new, and loses nothing that it began.

use super::greeted::{Greeted, MS};
use super::words::{conn_words, end_words, seconds};
use crate::check::{Check, Tally};
use crate::event_view::{ControlType, Field, Seen};
use crate::evidence::run_words;
use crate::index::{Index, RunView};
use crate::observation::{ConnIx, Observation, RunIx};
use crate::verdict::{CheckResult, Finding};
use goldenpath_history::{ClosedBy, RecordKind, Trial};
use goldenpath_protocol::CloseCode;
use rustc_hash::FxHashMap;

/// What the protocol's time for a drain may be overdrawn by.
const SLACK_NS: u64 = 2_000 * MS;

/// How soon a server that was told to stop has heard it.
const HEARD_NS: u64 = 1_000 * MS;

/// A stop of the target.
#[derive(Debug)]
struct Stop {
    line: u64,
    t_ns: u64,
    due_ns: u64,
    /// Connections that were open then, with the code that `closing` told them.
    open: FxHashMap<ConnIx, Option<u64>>,
    /// Whether the process was seen to be gone, or back.
    over: bool,
}

/// Judges `connection/drain`.
#[derive(Debug, Default)]
pub(super) struct Drain {
    tally: Tally,
    drain_ns: Option<u64>,
    stop: Option<Stop>,
}

impl Check for Drain {
    fn ids(&self) -> &'static [&'static str] {
        &["connection/drain"]
    }

    fn observe(&mut self, seen: &Observation<'_>, index: &Index) {
        match Trial::of(&seen.record.kind) {
            Some(Trial::TargetStopping) => self.stopping(seen, index),
            Some(Trial::TargetStopped | Trial::TargetStarted) => self.gone(seen, index),
            _ => {}
        }
        let Some(conn) = seen.conn else { return };
        match (&seen.record.kind, seen.seen) {
            (_, Some(Seen::Control(control))) => match control.kind {
                ControlType::ConnectionEstablished => {
                    self.drain_ns.get_or_insert(Greeted::read(control).drain_ns);
                }
                ControlType::Closing => {
                    let told = self.stop.as_mut().and_then(|stop| stop.open.get_mut(&conn));
                    if let Some(told) = told {
                        *told = control.fields.whole(Field::Code);
                    }
                }
                _ => {}
            },
            (RecordKind::Close { code, by, .. }, _) => self.closed(conn, *code, *by, seen, index),
            _ => {}
        }
    }

    /// A run that was open when the server was told to stop, or asked for afterwards.
    fn run_settled(&mut self, _: RunIx, view: &RunView, index: &Index) {
        let Some(stop) = &self.stop else { return };
        let Some(request) = index.request_of_run(view) else { return };
        let ended_before = view.terminal.is_some_and(|end| end.t_ns < stop.t_ns);
        if ended_before || index.trouble().excuses_absence().is_some() {
            return;
        }
        let here = request
            .conn
            .is_some_and(|conn| stop.open.contains_key(&conn) || joined_before(index, conn, stop));
        let begun_late = request.t_ns > stop.t_ns.saturating_add(HEARD_NS) && here;
        if begun_late && view.events() > 0 {
            let lines = vec![stop.line, request.line, view.first_line];
            return self.tally.broke(|| Finding {
                summary: format!("{} was begun by a server that was stopping", run_words(index, view)),
                expected: "`error` with `draining`".to_owned(),
                observed: "the run".to_owned(),
                records: lines,
                witness: None,
            });
        }
        if request.t_ns < stop.t_ns {
            let lost = view.terminal.is_none();
            let lines = vec![stop.line, view.last_line];
            self.tally.judge(lost.then(|| Finding {
                summary: format!("{} was lost when the server stopped", run_words(index, view)),
                expected: "its end, or `agent_failed` with `interrupted`".to_owned(),
                observed: "no terminal".to_owned(),
                records: lines,
                witness: None,
            }));
        }
    }

    fn finish(mut self: Box<Self>, index: &Index) -> Vec<CheckResult> {
        self.overdue(index.last_t_ns(), index);
        vec![self.tally.into_result("connection/drain")]
    }
}

impl Drain {
    fn stopping(&mut self, seen: &Observation<'_>, index: &Index) {
        let served = |(conn, view): (ConnIx, &crate::index::ConnView)| {
            (view.live() && !view.probe && !view.forsaken()).then_some((conn, None))
        };
        let wait = self.drain_ns.unwrap_or(Greeted::default().drain_ns).saturating_add(SLACK_NS);
        self.stop = Some(Stop {
            line: seen.line,
            t_ns: seen.t_ns,
            due_ns: seen.t_ns.saturating_add(wait),
            open: index.conns().filter_map(served).collect(),
            over: false,
        });
    }

    /// The process ended: in time, and with nobody left to be told.
    fn gone(&mut self, seen: &Observation<'_>, index: &Index) {
        let Some(stop) = &mut self.stop else { return };
        if std::mem::replace(&mut stop.over, true) {
            return;
        }
        let late = seen.t_ns > stop.due_ns;
        let (line, begun) = (stop.line, stop.t_ns);
        self.tally.judge(late.then(|| Finding {
            summary: "the server took too long to stop".to_owned(),
            expected: "its exit within the time for a drain".to_owned(),
            observed: format!("{:.1} s", seconds(seen.t_ns.saturating_sub(begun))),
            records: vec![line, seen.line],
            witness: None,
        }));
        self.overdue(u64::MAX, index);
    }

    fn closed(
        &mut self,
        conn: ConnIx,
        code: Option<u16>,
        by: ClosedBy,
        seen: &Observation<'_>,
        index: &Index,
    ) {
        let Some(stop) = &mut self.stop else { return };
        let Some(told) = stop.open.remove(&conn) else { return };
        let Some(view) = index.conn(conn) else { return };
        let announced = code.is_some_and(|code| told == Some(u64::from(code)));
        let known = code.and_then(|code| CloseCode::try_from(code).ok()).is_some_and(CloseCode::reconnect);
        let well = match by {
            ClosedBy::Client => return,
            ClosedBy::Server => announced && known,
            ClosedBy::Transport => view.stall.is_some(),
        };
        let line = stop.line;
        self.tally.judge((!well).then(|| Finding {
            summary: format!("{} was dropped by a server that was stopping", conn_words(index, view)),
            expected: "`closing` with 4001, then the Close".to_owned(),
            observed: end_words(code, by),
            records: vec![line, seen.line],
            witness: None,
        }));
    }

    /// Connections that were still open when they all should have been closed.
    fn overdue(&mut self, now_ns: u64, index: &Index) {
        let Some(stop) = &mut self.stop else { return };
        if now_ns <= stop.due_ns {
            return;
        }
        let mut left: Vec<ConnIx> = stop.open.drain().map(|(conn, _)| conn).collect();
        left.sort_unstable();
        let line = stop.line;
        for conn in left {
            let Some(view) = index.conn(conn) else { continue };
            self.tally.broke(|| Finding {
                summary: format!(
                    "{} was never closed by a server that was stopping",
                    conn_words(index, view)
                ),
                expected: "`closing` with 4001, then the Close".to_owned(),
                observed: "nothing".to_owned(),
                records: vec![line, view.joined_line()],
                witness: None,
            });
        }
    }
}

/// Whether the connection was there before the stop, also when it is closed by now.
fn joined_before(index: &Index, conn: ConnIx, stop: &Stop) -> bool {
    index.conn(conn).is_some_and(|view| view.accepted() && view.opened_t_ns < stop.t_ns)
}
