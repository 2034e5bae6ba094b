//! Slots are free again when connections are gone.

use super::greeted::{Greeted, MS};
use crate::check::{Check, Tally};
use crate::event_view::{ControlType, Seen};
use crate::evidence::excerpt;
use crate::index::Index;
use crate::observation::{Observation, UserIx};
use crate::verdict::{CheckResult, Finding};
use goldenpath_history::{RecordKind, Trial};
use rustc_hash::FxHashMap;

/// Cycles of connecting and going away that show whether slots come back.
const CYCLES: usize = 10;

/// How long after its end a connection may still hold its slot.
const RELEASE_NS: u64 = 2_000 * MS;

/// A refusal that nothing has explained yet.
#[derive(Debug)]
struct Refusal {
    line: u64,
    times: u32,
    from_ns: u64,
    to_ns: u64,
    body: String,
    /// Connections of the user that held a slot then, by what the client knows.
    held: usize,
}

/// A sample of `goldenpath_connections`.
#[derive(Debug, Clone, Copy)]
struct Gauge {
    line: u64,
    value: f64,
    /// Connections that held a slot then, by what the clients know.
    held: f64,
}

/// Judges `connection/slots`.
#[derive(Debug, Default)]
pub(super) struct Slots {
    tally: Tally,
    limit: Option<usize>,
    refusals: FxHashMap<UserIx, Refusal>,
    /// The gauge before the first connection, or what it showed beyond them.
    first: Option<Gauge>,
    last: Option<Gauge>,
    /// The target was told to stop, or cannot work: refusals are its good right.
    excused: bool,
}

impl Check for Slots {
    fn ids(&self) -> &'static [&'static str] {
        &["connection/slots"]
    }

    fn observe(&mut self, seen: &Observation<'_>, index: &Index) {
        match (&seen.record.kind, seen.seen) {
            (RecordKind::Open { status: Some(status), body, .. }, _) => {
                self.open(*status, body.as_deref().unwrap_or_default(), seen, index);
            }
            (RecordKind::Sample { name, value }, _) if name == "goldenpath_connections" => {
                let held = index.conns().filter(|(_, view)| holds(view, seen.t_ns)).count();
                #[allow(clippy::cast_precision_loss, reason = "connection counts are far below 2^53")]
                let gauge = Gauge { line: seen.line, value: *value, held: held as f64 };
                self.first.get_or_insert(gauge);
                self.last = Some(gauge);
            }
            (_, Some(Seen::Control(control))) if control.kind == ControlType::ConnectionEstablished => {
                self.limit.get_or_insert(Greeted::read(control).slots);
            }
            _ => match Trial::of(&seen.record.kind) {
                Some(Trial::TargetStopping | Trial::OutageBegun) => self.excused = true,
                Some(Trial::TargetStarted | Trial::OutageHealed) => self.excused = false,
                _ => {}
            },
        }
    }

    fn finish(mut self: Box<Self>, index: &Index) -> Vec<CheckResult> {
        let mut left: Vec<(UserIx, Refusal)> = self.refusals.drain().collect();
        left.sort_unstable_by_key(|(user, _)| *user);
        for (user, refusal) in left {
            // One refusal may be a limit of rate; those that go on with nothing open are not.
            let lasting = refusal.to_ns.saturating_sub(refusal.from_ns) >= RELEASE_NS || refusal.times >= 3;
            let cycled = ended(index, user) > 0;
            if lasting && cycled && refusal.held < self.limit.unwrap_or(Greeted::default().slots) {
                self.tally.broke(|| refused(index, user, &refusal));
            }
        }
        self.judge_gauge(index);
        vec![self.tally.into_result("connection/slots")]
    }
}

impl Slots {
    fn open(&mut self, status: u16, body: &str, seen: &Observation<'_>, index: &Index) {
        let (Some(user), Some(conn)) = (seen.user, seen.conn) else { return };
        if self.excused || index.conn(conn).is_none_or(|view| view.probe) {
            return;
        }
        if status == 101 {
            self.refusals.remove(&user);
            if ended(index, user) >= CYCLES {
                self.tally.kept();
            }
            return;
        }
        if !matches!(status, 429 | 503) {
            return;
        }
        let conns = index.user(user).map_or(&[][..], |view| &view.conns);
        let held =
            conns.iter().filter_map(|conn| index.conn(*conn)).filter(|view| holds(view, seen.t_ns)).count();
        let refusal = self.refusals.entry(user).or_insert_with(|| Refusal {
            line: seen.line,
            times: 0,
            from_ns: seen.t_ns,
            to_ns: seen.t_ns,
            body: excerpt(body),
            held,
        });
        refusal.times += 1;
        refusal.to_ns = seen.t_ns;
        refusal.held = refusal.held.max(held);
        // The reason itself is false: it names the user's own connections, and there are none of them.
        let limit = self.limit.unwrap_or(Greeted::default().slots);
        if body.contains("user_limit") && held < limit {
            let refusal = Refusal { line: seen.line, body: excerpt(body), held, ..*refusal };
            self.refusals.remove(&user);
            self.tally.broke(|| refused(index, user, &refusal));
        }
    }

    /// After many cycles the gauge stands where it stood, but for those that are there.
    fn judge_gauge(&mut self, index: &Index) {
        let (Some(first), Some(last)) = (self.first, self.last) else { return };
        let cycles = index.conns().filter(|(_, view)| view.accepted() && view.closed.is_some()).count();
        if cycles < CYCLES || first.line == last.line {
            return;
        }
        let others = (first.value - first.held).max(0.0);
        let kept = last.value - last.held - others;
        self.tally.judge((kept > 0.0).then(|| Finding {
            summary: "connections are still counted after they are gone".to_owned(),
            expected: format!("{:.0} open", last.held + others),
            observed: format!("{:.0} open, after {cycles} came and went", last.value),
            records: vec![first.line, last.line],
            witness: None,
        }));
    }
}

/// Whether a connection holds a slot, or may still.
fn holds(view: &crate::index::ConnView, now_ns: u64) -> bool {
    view.accepted() && view.closed.is_none_or(|closed| closed.t_ns.saturating_add(RELEASE_NS) > now_ns)
}

/// Connections of a user that came and went.
fn ended(index: &Index, user: UserIx) -> usize {
    let conns = index.user(user).map_or(&[][..], |view| &view.conns);
    conns
        .iter()
        .filter_map(|conn| index.conn(*conn))
        .filter(|view| view.accepted() && view.closed.is_some())
        .count()
}

fn refused(index: &Index, user: UserIx, refusal: &Refusal) -> Finding {
    Finding {
        summary: format!(
            "user `{}` found no slot, with {} in use",
            index.user_name(Some(user)),
            refusal.held
        ),
        expected: "a connection, once others of theirs are gone".to_owned(),
        observed: format!("refused: {}", refusal.body),
        records: vec![refusal.line],
        witness: None,
    }
}
