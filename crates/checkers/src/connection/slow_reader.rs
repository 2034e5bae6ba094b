//! A stalled reader harms nobody else, and gets everything or is told.
//!
//! Whom it harms is told by delays: of events (receipt less `timestamp`, above the least of the session, so that no clock need
//! be known) and of pongs. Those that lie in a stall are compared with those of the same session that do not.

use super::words::{conn_words, seconds};
use crate::check::{Check, Tally};
use crate::event_view::{ControlType, Field, Seen};
use crate::evidence::run_words;
use crate::index::{Index, RunView, Stall};
use crate::observation::{ConnIx, Observation, RunIx, ms};
use crate::timing::{Lag, Stretch};
use crate::verdict::{CheckResult, Finding, Reason};
use goldenpath_history::{ClosedBy, RecordKind, Trial};
use rustc_hash::FxHashMap;

/// A delay of others below this is nobody's harm, milliseconds.
const HARM_MS: f64 = 500.0;

/// And neither is one that is not so many times the worst outside of any stall.
const HARM_RATIO: f64 = 3.0;

/// How long after it reads again a reader has got all that waited.
const CAUGHT_UP_NS: u64 = 5_000_000_000;

/// Delays kept for judging.
const DELAYS_KEPT: usize = 20_000;

/// Delays below this are not worth keeping one by one, milliseconds.
const NOTED_MS: f64 = 50.0;

/// Something that came late, on a connection whose reader did not stall.
#[derive(Debug, Clone, Copy)]
struct Delay {
    conn: ConnIx,
    line: u64,
    t_ns: u64,
    /// For an event: client milliseconds less Unix milliseconds. For a pong: its way there and back.
    ms: f64,
    pong: bool,
}

/// One stalled connection.
#[derive(Debug)]
struct Reader {
    conn: ConnIx,
    stall: Stall,
    /// The last offset that was read.
    offset: Option<u64>,
    /// When it was told: closed by the server, or reset.
    told_ns: Option<u64>,
    /// What was found missing.
    hole: Option<Finding>,
    /// Whether anything was owed to it while it stalled.
    owed: bool,
}

/// Judges `connection/slow-reader`.
#[derive(Debug, Default)]
pub(super) struct SlowReader {
    readers: Vec<Reader>,
    offsets: FxHashMap<ConnIx, u64>,
    pings: FxHashMap<(ConnIx, u64), u64>,
    delays: Vec<Delay>,
    /// The least distance between the clocks that an event showed.
    least: Option<f64>,
    /// Others' events while somebody stalled.
    beside: u64,
    lag: Lag,
}

impl Check for SlowReader {
    fn ids(&self) -> &'static [&'static str] {
        &["connection/slow-reader"]
    }

    fn observe(&mut self, seen: &Observation<'_>, index: &Index) {
        self.lag.observe(seen);
        let Some(conn) = seen.conn else { return };
        match (&seen.record.kind, seen.seen) {
            (RecordKind::Mark { .. }, _) => self.mark(conn, seen, index),
            (RecordKind::Close { by, .. }, _) => self.closed(conn, *by, seen.t_ns),
            (_, Some(Seen::Event(_))) => self.event(conn, seen, index),
            (_, Some(Seen::Sent(frame))) if frame.kind.as_deref() == Some("ping") => {
                if let Some(n) = frame.fields.whole(Field::N) {
                    self.pings.insert((conn, n), seen.t_ns);
                }
            }
            (_, Some(Seen::Control(control))) => match control.kind {
                ControlType::Pong => {
                    let asked = control.fields.whole(Field::N).and_then(|n| self.pings.remove(&(conn, n)));
                    if let Some(asked) = asked {
                        self.delay(conn, seen, ms(seen.t_ns) - ms(asked), true);
                    }
                }
                ControlType::ConnectionEstablished => {
                    if let Some(offset) = control.fields.whole(Field::Offset) {
                        self.offsets.insert(conn, offset);
                    }
                }
                _ => {}
            },
            _ => {}
        }
    }

    fn run_settled(&mut self, _: RunIx, view: &RunView, index: &Index) {
        let Some(request) = index.request_of_run(view) else { return };
        let last_ns = view.terminal.map_or(view.last_t_ns, |end| end.t_ns);
        for reader in &mut self.readers {
            let Some(conn) = index.conn(reader.conn) else { continue };
            if conn.user != Some(view.owner)
                || conn.joined_line() > request.line
                || last_ns < reader.stall.from_ns
            {
                continue;
            }
            reader.owed = true;
            let Some(read_ns) = conn.stall.and_then(|stall| stall.until_ns) else { continue };
            let lived_ns = conn.closed.map_or(index.last_t_ns(), |closed| closed.t_ns);
            let sight = view.sights.iter().find(|sight| sight.conn == reader.conn);
            let whole = sight.is_some_and(|sight| sight.terminal.is_some());
            let time_enough = lived_ns > last_ns.max(read_ns).saturating_add(CAUGHT_UP_NS)
                // One that has just begun to read again may be told next.
                || (view.terminal.is_some()
                    && conn.closed.is_some_and(|closed| closed.by == ClosedBy::Client));
            if !whole && time_enough && request.t_ns < read_ns && reader.hole.is_none() {
                let lines = [reader.stall.line, sight.map_or(view.first_line, |sight| sight.last_line)];
                reader.hole = Some(Finding::new(
                    format!("{} was cut short on the connection of a slow reader", run_words(index, view)),
                    "all of it once it reads again, or a close that says why not",
                    "no terminal on this connection",
                    lines,
                ));
            }
        }
    }

    fn finish(mut self: Box<Self>, index: &Index) -> Vec<CheckResult> {
        let mut tally = Tally::default();
        for reader in &mut self.readers {
            match reader.hole.take() {
                Some(hole) => tally.broke(|| hole),
                None if reader.told_ns.is_some() || reader.owed => tally.kept(),
                None => {}
            }
        }
        self.judge_harm(&mut tally, index);
        if tally.of > 0 && self.beside == 0 {
            tally.doubt(Reason::NoCoverage);
        }
        vec![tally.into_result("connection/slow-reader")]
    }
}

impl SlowReader {
    fn mark(&mut self, conn: ConnIx, seen: &Observation<'_>, index: &Index) {
        let stall = index.conn(conn).and_then(|view| view.stall);
        match (Trial::of(&seen.record.kind), stall) {
            (Some(Trial::ReaderStalled), Some(stall)) => {
                let offset = self.offsets.get(&conn).copied();
                self.readers.push(Reader { conn, stall, offset, told_ns: None, hole: None, owed: false });
            }
            (Some(Trial::ReaderReads), _) => {
                if let Some(reader) = self.readers.iter_mut().rev().find(|reader| reader.conn == conn) {
                    reader.stall.until_ns.get_or_insert(seen.t_ns);
                }
            }
            _ => {}
        }
    }

    fn closed(&mut self, conn: ConnIx, by: ClosedBy, t_ns: u64) {
        if by == ClosedBy::Client {
            return;
        }
        for reader in self.readers.iter_mut().filter(|reader| reader.conn == conn) {
            reader.told_ns.get_or_insert(t_ns);
        }
    }

    fn event(&mut self, conn: ConnIx, seen: &Observation<'_>, index: &Index) {
        let Some((event, arrival)) = seen.event() else { return };
        if let Some(offset) = event.offset.filter(|_| !arrival.replayed) {
            self.offsets.insert(conn, offset);
        }
        if let Some(reader) = self.readers.iter_mut().rev().find(|reader| reader.conn == conn) {
            reader.owed = true;
            let before = event.offset.and_then(|offset| reader.offset.replace(offset));
            let offset_jumps = before.zip(event.offset).is_some_and(|(before, now)| now > before + 1);
            let seq_jumps = event.offset.is_none()
                && arrival.from_start
                && event.seq.is_some_and(|seq| seq > arrival.previous_seq.unwrap_or(0) + 1);
            if (offset_jumps || seq_jumps) && reader.hole.is_none() {
                let who = index.conn(conn).map_or_else(String::new, |view| conn_words(index, view));
                reader.hole = Some(Finding::new(
                    format!("{who} lost events while its reader was slow"),
                    "the event after the last one, or a close that says why not",
                    match (before, event.offset) {
                        (Some(before), Some(now)) => format!("offset {now} after {before}"),
                        _ => format!("seq {}", event.seq.unwrap_or_default()),
                    },
                    [reader.stall.line, seen.line],
                ));
            }
            return;
        }
        if arrival.replayed || arrival.repeated_here || arrival.foreign {
            return;
        }
        if self.readers.iter().any(|reader| reader.stall.until_ns.is_none() && reader.told_ns.is_none()) {
            self.beside += 1;
        }
        #[allow(clippy::cast_precision_loss, reason = "Unix milliseconds are below 2^53")]
        if let Some(made) = event.made_unix_ms() {
            self.delay(conn, seen, seen.t_ms() - made as f64, false);
        }
    }

    fn delay(&mut self, conn: ConnIx, seen: &Observation<'_>, ms: f64, pong: bool) {
        if self.readers.iter().any(|reader| reader.conn == conn) {
            return;
        }
        let least = if pong {
            0.0
        } else {
            let least = self.least.map_or(ms, |least| least.min(ms));
            self.least = Some(least);
            least
        };
        if ms - least > NOTED_MS && self.delays.len() < DELAYS_KEPT {
            self.delays.push(Delay { conn, line: seen.line, t_ns: seen.t_ns, ms, pong });
        }
    }

    /// Holds the worst delay beside each stall against the worst outside of all.
    fn judge_harm(&self, tally: &mut Tally, index: &Index) {
        let least = self.least.unwrap_or(0.0);
        let excess = |delay: &Delay| if delay.pong { delay.ms } else { delay.ms - least };
        let beside = |delay: &&Delay, reader: &Reader| {
            let until = reader.stall.until_ns.or(reader.told_ns).unwrap_or(u64::MAX);
            #[allow(
                clippy::cast_possible_truncation,
                clippy::cast_sign_loss,
                reason = "positive milliseconds"
            )]
            let waited_ns = (excess(delay).max(0.0) * 1e6) as u64;
            delay.t_ns >= reader.stall.from_ns && delay.t_ns.saturating_sub(waited_ns) <= until
        };
        let outside = self
            .delays
            .iter()
            .filter(|delay| !self.readers.iter().any(|reader| beside(delay, reader)))
            .map(excess)
            .fold(0.0, f64::max);
        let limit = HARM_MS.max(outside * HARM_RATIO);
        for reader in &self.readers {
            let worst = self
                .delays
                .iter()
                .filter(|delay| beside(delay, reader))
                .max_by(|a, b| excess(a).total_cmp(&excess(b)))
                .filter(|delay| excess(delay) > limit);
            let Some(delay) = worst else { continue };
            let waited = Stretch { from_ns: reader.stall.from_ns, to_ns: delay.t_ns };
            if self.lag.explains(waited, excess(delay) - limit) {
                tally.doubt(Reason::ClientOverloaded);
                continue;
            }
            let who = index.conn(delay.conn).map_or_else(String::new, |view| conn_words(index, view));
            tally.broke(|| Finding {
                summary: format!("{who} waited because another's reader was slow"),
                expected: format!("a delay as without it, at most {limit:.0} ms"),
                observed: format!(
                    "{:.0} ms, {:.1} s into the stall",
                    excess(delay),
                    seconds(delay.t_ns.saturating_sub(reader.stall.from_ns))
                ),
                records: vec![reader.stall.line, delay.line],
                witness: None,
            });
        }
    }
}
