//! Which trials a history holds: what a driver did to connections and to the target, and what came of it.

use crate::event_view::{ControlType, Field, Seen};
use crate::index::Index;
use crate::observation::{ConnIx, Observation, ms};
use goldenpath_history::{ClosedBy, Direction, Outcome, RecordKind, Trial};
use goldenpath_protocol::EventType;
use rustc_hash::FxHashMap;

/// So much that waited for a slow reader is more than its server's own buffers hold.
const PAST_BUFFER_BYTES: usize = 64 * 1024;

/// Between two heartbeats, where the greeting tells nothing, milliseconds.
const PING_MS: f64 = 20_000.0;

/// Cycles of connecting and going away that show whether slots come back.
const CYCLES: usize = 10;

/// What was tried.
#[derive(Debug, Default)]
#[allow(clippy::struct_excessive_bools, reason = "one flag per thing that happened")]
pub(super) struct TrialsSeen {
    pub(super) heartbeat_due: bool,
    pub(super) silent_peer: bool,
    pub(super) stopping: bool,
    pub(super) reader_overrun: bool,
    pub(super) cycled: bool,
    pub(super) cancelled: bool,
    pub(super) failed_as_owed: bool,
    pub(super) healed: bool,
    pub(super) refused: bool,
    /// Bytes that were read after a stall.
    late: FxHashMap<ConnIx, usize>,
}

impl TrialsSeen {
    pub(super) fn observe(&mut self, seen: &Observation<'_>, index: &Index) {
        match &seen.record.kind {
            RecordKind::Mark { .. } => match Trial::of(&seen.record.kind) {
                Some(Trial::PeerSilent | Trial::PeerVanished) => self.silent_peer = true,
                Some(Trial::TargetStopping) => self.stopping = true,
                Some(Trial::OutageHealed) => self.healed = true,
                _ => {}
            },
            RecordKind::Open { status, .. } => {
                self.refused |= matches!(status, Some(429 | 503));
                self.opened(seen, index);
            }
            RecordKind::Close { by, .. } => self.closed(*by, seen, index),
            RecordKind::Frame { dir: Direction::In, raw, .. } => self.received(raw.len(), seen, index),
            _ => {}
        }
    }

    fn opened(&mut self, seen: &Observation<'_>, index: &Index) {
        let Some(user) = seen.user.and_then(|user| index.user(user)) else { return };
        if !self.cycled && user.conns.len() > CYCLES {
            let gone = user.conns.iter().filter_map(|conn| index.conn(*conn));
            self.cycled = gone.filter(|view| view.accepted() && view.closed.is_some()).count() >= CYCLES;
        }
    }

    fn closed(&mut self, by: ClosedBy, seen: &Observation<'_>, index: &Index) {
        let Some(view) = seen.conn.and_then(|conn| index.conn(conn)) else { return };
        self.reader_overrun |= view.stall.is_some() && by != ClosedBy::Client;
        self.heartbeat_due |= view.accepted() && ms(seen.t_ns.saturating_sub(view.opened_t_ns)) > PING_MS;
    }

    fn received(&mut self, bytes: usize, seen: &Observation<'_>, index: &Index) {
        let Some((conn, view)) = seen.conn.and_then(|conn| Some((conn, index.conn(conn)?))) else { return };
        if view.stall.is_some() && !self.reader_overrun {
            let late = self.late.entry(conn).or_default();
            *late = late.saturating_add(bytes);
            self.reader_overrun = *late >= PAST_BUFFER_BYTES;
        }
        match seen.seen {
            Some(Seen::Control(control)) => match control.kind {
                ControlType::Heartbeat => self.heartbeat_due = true,
                ControlType::Error => {
                    let code = control.fields.text(Field::Code);
                    self.refused |=
                        matches!(code.as_deref(), Some("rate_limited" | "run_limit" | "draining"));
                }
                _ => {}
            },
            Some(Seen::Event(event)) if event.kind.is_terminal() => {
                self.cancelled |= event.kind == EventType::AgentCancelled;
                let request = seen.arrival.and_then(|arrival| index.request_of_run(index.run(arrival.run)?));
                self.failed_as_owed |= event.kind == EventType::AgentFailed
                    && request.is_some_and(|request| request.expect.outcome == Outcome::Failed);
            }
            _ => {}
        }
    }
}
