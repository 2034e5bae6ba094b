//! Nothing lost: no hole in a run's `seq`, none in a connection's `offset`, nothing missing before the end.
//!
//! Each connection that was there from a run's request on owes the whole run. Order is another check's.

use crate::check::{Check, Tally};
use crate::event_view::{ControlType, Field, Seen, fields_of};
use crate::evidence::run_words;
use crate::holes::{Hole, Holes};
use crate::index::{Index, Joined, RunView};
use crate::observation::{Arrival, ConnIx, Observation, RunIx};
use crate::verdict::{CheckResult, Finding, Reason};
use rustc_hash::FxHashMap;

/// The least number of events of an SLA run.
const SLA_EVENTS: u64 = 10_000;

/// The share delivered that an SLA run owes, percent.
const SLA_PERCENT: f64 = 99.9;

/// What one connection showed of a run.
#[derive(Debug)]
struct Part {
    conn: ConnIx,
    seqs: Holes,
}

/// An open run.
#[derive(Debug)]
struct Open {
    parts: Vec<Part>,
    /// Over all connections of the owner.
    whole: Holes,
}

impl Open {
    /// The request of a run may have been heard of after its first events: who was there before it is owed the whole run.
    fn owe_the_beginning(&mut self, view: &RunView) {
        if view.request.is_some() {
            self.whole.begin_at(1);
        }
        for part in self.parts.iter_mut().filter(|part| view.owed_whole_on(part.conn)) {
            part.seqs.begin_at(1);
        }
    }
}

/// Judges `delivery/no-loss`.
#[derive(Debug)]
pub(super) struct Loss {
    sla: bool,
    tally: Tally,
    runs: FxHashMap<RunIx, Open>,
    offsets: FxHashMap<ConnIx, Holes>,
    delivered: u64,
    lost: u64,
}

impl Loss {
    pub(super) fn new(sla: bool) -> Self {
        Self {
            sla,
            tally: Tally::default(),
            runs: FxHashMap::default(),
            offsets: FxHashMap::default(),
            delivered: 0,
            lost: 0,
        }
    }
}

impl Check for Loss {
    fn ids(&self) -> &'static [&'static str] {
        &["delivery/no-loss"]
    }

    fn observe(&mut self, seen: &Observation<'_>, index: &Index) {
        let Some(conn) = seen.conn else { return };
        match seen.seen {
            Some(Seen::Event(event)) => {
                if let Some(offset) = event.offset {
                    let foreign = seen.arrival.is_some_and(|arrival| arrival.foreign);
                    // What is shown to the wrong user is the isolation checks' to tell: it may stand in this user's
                    // stream or in its owner's, and leaves no hole either way.
                    if !foreign || self.offsets.get(&conn).is_some_and(|row| row.next() == offset) {
                        self.offsets
                            .entry(conn)
                            .or_insert_with(|| Holes::from(offset))
                            .came(offset, seen.line);
                    }
                }
                if let (Some(arrival), Some(seq)) = (seen.arrival, event.seq) {
                    self.arrive(arrival, conn, seq, seen.line, index);
                }
            }
            Some(Seen::Extension) => self.pass_over(seen, conn, index),
            Some(Seen::Control(control)) => match control.kind {
                ControlType::ConnectionEstablished => {
                    let Some(greeting) = index.conn(conn).and_then(|view| view.greeting) else { return };
                    let Some(head) = greeting.offset else { return };
                    let replayed = match greeting.joined {
                        Joined::Full => greeting.replay.unwrap_or(0),
                        Joined::Fresh | Joined::Failed | Joined::Unknown => 0,
                    };
                    let first = head.saturating_sub(replayed).saturating_add(1);
                    let row = self.offsets.entry(conn).or_default();
                    // A heartbeat that came before it knew no better.
                    if row.highest_line() == 0 {
                        *row = Holes::from(first);
                    }
                }
                ControlType::Heartbeat => self.heard(seen, conn, control.fields.whole(Field::Offset), index),
                _ => {}
            },
            _ => {}
        }
    }

    fn run_settled(&mut self, run: RunIx, view: &RunView, index: &Index) {
        let Some(mut open) = self.runs.remove(&run) else { return };
        open.owe_the_beginning(view);
        self.delivered = self.delivered.saturating_add(u64::from(view.events()));
        let on_one = open
            .parts
            .iter()
            .find_map(|part| part.seqs.missing().first().map(|hole| (*hole, part.seqs.count())));
        // What is missing between two connections of one user is a loss too, unless a gap was told.
        let on_all = || {
            let holes = open.whole.missing();
            holes.first().filter(|_| view.gap.is_none()).map(|hole| (*hole, open.whole.count()))
        };
        match on_one.or_else(on_all) {
            Some((hole, count)) => {
                self.lost = self.lost.saturating_add(count);
                self.tally.broke(|| hole_in_run(index, view, hole, count));
            }
            None => self.judge_count(&open, view, index),
        }
    }

    fn finish(mut self: Box<Self>, index: &Index) -> Vec<CheckResult> {
        let mut rows: Vec<(ConnIx, Holes)> = self.offsets.drain().collect();
        rows.sort_by_key(|(conn, _)| *conn);
        for (conn, row) in rows {
            let user = index.conn(conn).and_then(|view| view.user);
            if let Some(hole) = row.missing().first() {
                self.tally.note(|| Finding {
                    summary: format!(
                        "a connection of user `{}` missed a part of its stream",
                        index.user_name(user)
                    ),
                    expected: "offsets grow by one".to_owned(),
                    observed: format!("offset {} never came ({} in all)", hole.words(), row.count()),
                    records: [hole.before, hole.line].into_iter().filter(|line| *line > 0).collect(),
                    witness: None,
                });
            }
        }
        let share = percent(self.delivered, self.delivered.saturating_add(self.lost));
        self.tally.value = share;
        if self.sla {
            if self.delivered < SLA_EVENTS {
                self.tally.doubt(Reason::TooFewSamples);
            }
            self.tally.limit = Some(SLA_PERCENT);
        }
        vec![self.tally.into_result("delivery/no-loss")]
    }
}

impl Loss {
    fn arrive(&mut self, arrival: Arrival, conn: ConnIx, seq: u64, line: u64, index: &Index) {
        if arrival.foreign || arrival.settled {
            return;
        }
        let asked = index.run(arrival.run).is_some_and(|view| view.request.is_some());
        let open = self.runs.entry(arrival.run).or_insert_with(|| Open {
            parts: Vec::new(),
            whole: Holes::from(if asked || arrival.from_start { 1 } else { seq }),
        });
        open.whole.came(seq, line);
        if let Some(part) = open.parts.iter_mut().find(|part| part.conn == conn) {
            part.seqs.came(seq, line);
        } else {
            let mut seqs = Holes::from(if arrival.from_start { 1 } else { seq });
            seqs.came(seq, line);
            open.parts.push(Part { conn, seqs });
        }
    }

    /// An event of the namespace `x.` may stand in the numbers of its stream and of its run.
    fn pass_over(&mut self, seen: &Observation<'_>, conn: ConnIx, index: &Index) {
        let Some(fields) = seen.raw().and_then(|raw| fields_of(raw).ok()) else { return };
        if let (Some(offset), Some(row)) = (fields.whole(Field::Offset), self.offsets.get_mut(&conn)) {
            row.came(offset, seen.line);
        }
        let run = fields.text(Field::RunId).and_then(|id| index.run_named(&id));
        let open = run.and_then(|run| self.runs.get_mut(&run));
        if let (Some(open), Some(seq)) = (open, fields.whole(Field::Seq)) {
            open.whole.came(seq, seen.line);
            if let Some(part) = open.parts.iter_mut().find(|part| part.conn == conn) {
                part.seqs.came(seq, seen.line);
            }
        }
    }

    /// `heartbeat` tells the last offset that was written here; without a greeting, where the stream stands.
    fn heard(&mut self, seen: &Observation<'_>, conn: ConnIx, told: Option<u64>, index: &Index) {
        let replaying = index.conn(conn).is_some_and(|view| view.replaying);
        let (Some(told), false) = (told, replaying) else { return };
        let after = told.saturating_add(1);
        let Some(row) = self.offsets.get_mut(&conn) else {
            // Where nothing was written yet it may have joined anywhere.
            if told > 0 {
                self.offsets.insert(conn, Holes::from(after));
            }
            return;
        };
        let next = row.next();
        if told < next {
            return;
        }
        // Said once: from here on the row is whole again.
        *row = Holes::from(after);
        self.lost = self.lost.saturating_add(told - next + 1);
        self.tally.note(|| Finding {
            summary: format!(
                "a connection of user `{}` missed the end of its stream",
                index.user_name(seen.user)
            ),
            expected: format!("offset {told}, which the heartbeat says was written here"),
            observed: format!("nothing after offset {}", next.saturating_sub(1)),
            records: vec![seen.line],
            witness: None,
        });
    }

    /// The terminal says how many events the run had.
    fn judge_count(&mut self, open: &Open, view: &RunView, index: &Index) {
        let told = view.terminal.and_then(|end| end.event_count.map(|count| (end, count)));
        let came = u64::from(view.events());
        let whole = view.gap.is_none() && open.parts.iter().any(|part| view.owed_whole_on(part.conn));
        match told {
            Some((end, count)) if whole && came + u64::from(view.extensions) < count => {
                self.lost = self.lost.saturating_add(count - came);
                self.tally.broke(|| Finding {
                    summary: format!("{} is short of events", run_words(index, view)),
                    expected: format!("{count} events, as its terminal says"),
                    observed: format!("{came} events"),
                    records: vec![view.first_line, end.line],
                    witness: None,
                });
            }
            Some((end, count)) if whole && count < came => self.tally.broke(|| Finding {
                summary: format!("{} miscounts its events", run_words(index, view)),
                expected: format!("the {came} events that came"),
                observed: format!("an `event_count` of {count}"),
                records: vec![view.first_line, end.line],
                witness: None,
            }),
            _ => self.tally.kept(),
        }
    }
}

/// Shown by its neighbours, and by the request where the hole is a run's beginning.
fn hole_in_run(index: &Index, view: &RunView, hole: Hole, count: u64) -> Finding {
    let asked = index.request_of_run(view).map(|request| request.line);
    Finding {
        summary: format!("{} lost a part of its stream", run_words(index, view)),
        expected: "seq 1, 2, 3… without a hole".to_owned(),
        observed: format!("seq {} never came ({count} in all)", hole.words()),
        records: asked.into_iter().chain([hole.before, hole.line]).filter(|line| *line > 0).collect(),
        witness: None,
    }
}

#[allow(clippy::cast_precision_loss, reason = "event counts are far below 2^53")]
fn percent(part: u64, of: u64) -> Option<f64> {
    (of > 0).then(|| part as f64 * 100.0 / of as f64)
}
