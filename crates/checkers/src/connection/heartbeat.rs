//! Pings are answered, heartbeats come in time, and tell where the stream stands.

use super::greeted::{Greeted, MS};
use super::words::{conn_words, seconds};
use crate::check::{Check, Tally};
use crate::event_view::{ControlType, ControlView, Field, Seen};
use crate::index::{ConnView, Index};
use crate::observation::{ConnIx, Observation};
use crate::timing::{Lag, Stretch};
use crate::verdict::{CheckResult, Finding, Reason};
use goldenpath_history::RecordKind;
use rustc_hash::FxHashMap;
use std::collections::BTreeMap;

/// What a heartbeat may be late by, and for how long its offset may differ from the stream's.
const SLACK_NS: u64 = 2_000 * MS;

/// A line and its instant.
type At = (u64, u64);

/// One connection's pulse.
#[derive(Debug, Default)]
struct Pulse {
    told: Greeted,
    /// The last heartbeat, else the greeting.
    beat: Option<At>,
    /// Pings that wait for their pong.
    pings: BTreeMap<u64, At>,
    /// The stream's offset as far as it was written here, and when.
    offset: Option<(u64, u64)>,
    /// A heartbeat that told another offset.
    doubtful: Option<(At, u64)>,
    /// The server is closing it: no more is owed.
    closing: bool,
}

/// Judges `connection/heartbeat`.
#[derive(Debug, Default)]
pub(super) struct Heartbeats {
    tally: Tally,
    pulses: FxHashMap<ConnIx, Pulse>,
    lag: Lag,
}

impl Check for Heartbeats {
    fn ids(&self) -> &'static [&'static str] {
        &["connection/heartbeat"]
    }

    fn observe(&mut self, seen: &Observation<'_>, index: &Index) {
        self.lag.observe(seen);
        let Some(conn) = seen.conn else { return };
        let Some(view) = index.conn(conn) else { return };
        match (&seen.record.kind, seen.seen) {
            (_, Some(Seen::Control(control))) if control.kind == ControlType::ConnectionEstablished => {
                let offset = control.fields.whole(Field::Offset).map(|offset| (offset, seen.t_ns));
                let beat = Some((seen.line, seen.t_ns));
                let told = Greeted::read(control);
                self.pulses.insert(conn, Pulse { told, beat, offset, ..Pulse::default() });
            }
            (RecordKind::Close { .. }, _) => {
                if let Some(pulse) = self.pulses.remove(&conn) {
                    self.end(pulse, view, seen.t_ns, seen.line, index);
                }
            }
            (_, Some(Seen::Sent(frame))) if frame.kind.as_deref() == Some("ping") => {
                if let (Some(pulse), Some(n)) = (self.pulses.get_mut(&conn), frame.fields.whole(Field::N)) {
                    pulse.pings.insert(n, (seen.line, seen.t_ns));
                }
            }
            (_, Some(frame @ (Seen::Control(_) | Seen::Event(_)))) => {
                if let Some(mut pulse) = self.pulses.remove(&conn) {
                    self.hear(&mut pulse, view, seen, frame, index);
                    self.pulses.insert(conn, pulse);
                }
            }
            _ => {}
        }
    }

    fn finish(mut self: Box<Self>, index: &Index) -> Vec<CheckResult> {
        let mut left: Vec<(ConnIx, Pulse)> = self.pulses.drain().collect();
        left.sort_unstable_by_key(|(conn, _)| *conn);
        for (conn, pulse) in left {
            if let Some(view) = index.conn(conn) {
                self.end(pulse, view, index.last_t_ns(), index.last_line(), index);
            }
        }
        vec![self.tally.into_result("connection/heartbeat")]
    }
}

impl Heartbeats {
    fn hear(
        &mut self,
        pulse: &mut Pulse,
        view: &ConnView,
        seen: &Observation<'_>,
        frame: &Seen<'_>,
        index: &Index,
    ) {
        match frame {
            Seen::Event(event) => {
                if let Some(offset) = event.offset {
                    pulse.offset = Some((offset, seen.t_ns));
                    // What is on its way while the heartbeat is written is no disagreement.
                    pulse.doubtful.take_if(|((_, at), _)| seen.t_ns < at.saturating_add(SLACK_NS));
                }
            }
            Seen::Control(control) => match control.kind {
                ControlType::Heartbeat => self.beat(pulse, view, seen, control, index),
                ControlType::Pong => {
                    let asked = control.fields.whole(Field::N).and_then(|n| pulse.pings.remove(&n));
                    if let Some((line, asked_ns)) = asked {
                        let limit = pulse.told.pong_ns;
                        let late = seen.t_ns.saturating_sub(asked_ns) > limit;
                        let words = "a ping was answered late";
                        self.judge(late, view, (asked_ns, seen.t_ns, limit), (line, seen.line), words, index);
                    }
                }
                ControlType::ReplayEnd => {
                    pulse.offset = control.fields.whole(Field::Offset).map(|offset| (offset, seen.t_ns));
                }
                ControlType::Error if control.fields.raw(Field::RequestId).is_none() => {
                    // A refused ping: refusals carry no number.
                    pulse.pings.pop_first();
                }
                ControlType::Closing => pulse.closing = true,
                _ => {}
            },
            _ => {}
        }
    }

    fn beat(
        &mut self,
        pulse: &mut Pulse,
        view: &ConnView,
        seen: &Observation<'_>,
        control: &ControlView<'_>,
        index: &Index,
    ) {
        let (Some(interval), Some((line, before))) = (pulse.told.ping_ns, pulse.beat) else { return };
        pulse.beat = Some((seen.line, seen.t_ns));
        let limit = interval.saturating_add(SLACK_NS);
        let late = seen.t_ns.saturating_sub(before) > limit;
        self.judge(late, view, (before, seen.t_ns, limit), (line, seen.line), "a heartbeat came late", index);
        self.settle_doubt(pulse, view, seen.t_ns, index);
        let (Some(told), Some((stands, since))) = (control.fields.whole(Field::Offset), pulse.offset) else {
            return;
        };
        if told != stands && seen.t_ns > since.saturating_add(SLACK_NS) && view.stall.is_none() {
            pulse.doubtful = Some(((seen.line, seen.t_ns), told));
        }
    }

    /// A heartbeat told an offset that the stream did not reach within two seconds.
    fn settle_doubt(&mut self, pulse: &mut Pulse, view: &ConnView, now_ns: u64, index: &Index) {
        let Some(((line, at), told)) = pulse.doubtful.take() else { return };
        if now_ns < at.saturating_add(SLACK_NS) {
            return;
        }
        let stands = pulse.offset.map_or(0, |(offset, _)| offset);
        self.tally.broke(|| Finding {
            summary: format!("a heartbeat on {} disagrees with its stream", conn_words(index, view)),
            expected: format!("offset {stands}, the last one that came"),
            observed: format!("offset {told}"),
            records: vec![line],
            witness: None,
        });
    }

    fn judge(
        &mut self,
        late: bool,
        view: &ConnView,
        (from_ns, to_ns, limit_ns): (u64, u64, u64),
        lines: (u64, u64),
        words: &str,
        index: &Index,
    ) {
        if view.stalled_between(from_ns, to_ns) {
            return;
        }
        if !late {
            return self.tally.kept();
        }
        let excess_ms = seconds(to_ns.saturating_sub(from_ns).saturating_sub(limit_ns)) * 1e3;
        if self.lag.explains(Stretch { from_ns, to_ns }, excess_ms) {
            return self.tally.doubt(Reason::ClientOverloaded);
        }
        self.tally.broke(|| Finding {
            summary: format!("{words} on {}", conn_words(index, view)),
            expected: format!("within {:.1} s", seconds(limit_ns)),
            observed: format!("nothing of it for {:.1} s", seconds(to_ns.saturating_sub(from_ns))),
            records: if lines.0 == lines.1 { vec![lines.0] } else { vec![lines.0, lines.1] },
            witness: None,
        });
    }

    /// What was still owed when the connection, or the history, ended.
    fn end(&mut self, mut pulse: Pulse, view: &ConnView, now_ns: u64, line: u64, index: &Index) {
        self.settle_doubt(&mut pulse, view, now_ns, index);
        // A silent peer's pings never arrived, and a vanished one hears nothing.
        if view.forsaken() || pulse.closing {
            return;
        }
        let limit = pulse.told.pong_ns;
        for (asked_line, asked_ns) in pulse.pings.into_values() {
            if now_ns.saturating_sub(asked_ns) > limit {
                let span = (asked_ns, now_ns, limit);
                self.judge(true, view, span, (asked_line, asked_line), "a ping was not answered", index);
            }
        }
        if let (Some(interval), Some((beat_line, beat_ns))) = (pulse.told.ping_ns, pulse.beat) {
            let limit = interval.saturating_add(SLACK_NS);
            if now_ns.saturating_sub(beat_ns) > limit {
                let span = (beat_ns, now_ns, limit);
                // At the history's end the last line is anybody's.
                let last = if view.closed.is_some() { line } else { beat_line };
                self.judge(true, view, span, (beat_line, last), "heartbeats stopped", index);
            }
        }
    }
}
