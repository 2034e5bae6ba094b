//! Peers that are gone without a word are found, told where they can be, and freed.

use super::greeted::{Greeted, MS};
use super::words::{conn_words, seconds};
use crate::check::{Check, Tally};
use crate::event_view::{ControlType, Seen};
use crate::index::Index;
use crate::observation::{ConnIx, Observation};
use crate::verdict::{CheckResult, Finding};
use goldenpath_history::{ClosedBy, RecordKind, Trial};
use rustc_hash::FxHashMap;

/// What finding it may take beyond one ping interval and the time for its pong.
const SLACK_NS: u64 = 3_000 * MS;

/// Between heartbeats, where the greeting tells nothing.
const PING_NS: u64 = 20_000 * MS;

/// For how long a gauge must show a peer that is gone: what it counts may come, or go, a little before clients know.
const SETTLED_NS: u64 = 2_000 * MS;

/// A peer that nothing comes from any more.
#[derive(Debug, Clone, Copy)]
struct Gone {
    conn: ConnIx,
    line: u64,
    t_ns: u64,
    due_ns: u64,
    /// Whether it would still hear of its end.
    hears: bool,
    /// Since when every gauge after that has counted it.
    counted_ns: Option<u64>,
}

/// Judges `connection/half-open`.
#[derive(Debug, Default)]
pub(super) struct HalfOpen {
    tally: Tally,
    told: FxHashMap<ConnIx, Greeted>,
    gone: Vec<Gone>,
    /// The gauge of connections before anybody connected.
    before: Option<f64>,
}

impl Check for HalfOpen {
    fn ids(&self) -> &'static [&'static str] {
        &["connection/half-open"]
    }

    fn observe(&mut self, seen: &Observation<'_>, index: &Index) {
        if let RecordKind::Sample { name, value } = &seen.record.kind {
            if name == "goldenpath_connections" {
                self.gauge(*value, seen, index);
            }
            return;
        }
        let Some(conn) = seen.conn else { return };
        if let Some(Seen::Control(control)) = seen.seen
            && control.kind == ControlType::ConnectionEstablished
        {
            self.told.insert(conn, Greeted::read(control));
        }
        match Trial::of(&seen.record.kind) {
            Some(step @ (Trial::PeerSilent | Trial::PeerVanished)) => {
                let told = self.told.get(&conn).copied().unwrap_or_default();
                let wait =
                    told.ping_ns.unwrap_or(PING_NS).saturating_add(told.pong_ns).saturating_add(SLACK_NS);
                let due_ns = seen.t_ns.saturating_add(wait);
                let hears = step == Trial::PeerSilent;
                self.gone.push(Gone {
                    conn,
                    line: seen.line,
                    t_ns: seen.t_ns,
                    due_ns,
                    hears,
                    counted_ns: None,
                });
            }
            _ => {
                if let RecordKind::Close { by, .. } = &seen.record.kind {
                    self.ended(conn, *by, seen, index);
                }
            }
        }
    }

    fn finish(mut self: Box<Self>, index: &Index) -> Vec<CheckResult> {
        for gone in std::mem::take(&mut self.gone) {
            // Of one that hears nothing only a gauge could have told.
            if gone.hears && index.last_t_ns() > gone.due_ns {
                self.kept_open(gone, gone.line, index.last_t_ns(), index);
            }
        }
        vec![self.tally.into_result("connection/half-open")]
    }
}

impl HalfOpen {
    fn ended(&mut self, conn: ConnIx, by: ClosedBy, seen: &Observation<'_>, index: &Index) {
        let Some(at) = self.gone.iter().position(|gone| gone.conn == conn && gone.hears) else { return };
        let gone = self.gone.swap_remove(at);
        match by {
            _ if seen.t_ns > gone.due_ns => self.kept_open(gone, seen.line, seen.t_ns, index),
            ClosedBy::Server | ClosedBy::Transport => self.tally.kept(),
            ClosedBy::Client => {}
        }
    }

    fn kept_open(&mut self, gone: Gone, line: u64, now_ns: u64, index: &Index) {
        let Some(view) = index.conn(gone.conn) else { return };
        self.tally.broke(|| Finding {
            summary: format!("{} whose peer was gone stayed open", conn_words(index, view)),
            expected: format!("closed within {:.0} s", seconds(gone.due_ns.saturating_sub(gone.t_ns))),
            observed: format!("open for {:.0} s", seconds(now_ns.saturating_sub(gone.t_ns))),
            records: if line == gone.line { vec![line] } else { vec![gone.line, line] },
            witness: None,
        });
    }

    /// The gauge tells whether those that hear nothing were freed.
    fn gauge(&mut self, value: f64, seen: &Observation<'_>, index: &Index) {
        let mut here: f64 = 0.0;
        for (conn, view) in index.conns().filter(|(_, view)| view.live()) {
            let past = self.gone.iter().any(|gone| gone.conn == conn && seen.t_ns > gone.due_ns);
            let vanished = view.ordeal.is_some_and(|ordeal| ordeal.step == Trial::PeerVanished);
            here += f64::from(u8::from(!(past && vanished)));
        }
        let others = *self.before.get_or_insert((value - here).max(0.0));
        let counted = value > here + others;
        let mut kept = Vec::new();
        let mut freed = 0;
        self.gone.retain_mut(|gone| {
            if gone.hears || seen.t_ns <= gone.due_ns {
                return true;
            }
            if !counted {
                freed += 1;
                return false;
            }
            let since = *gone.counted_ns.get_or_insert(seen.t_ns);
            let settled = seen.t_ns.saturating_sub(since) >= SETTLED_NS;
            if settled {
                kept.push(*gone);
            }
            !settled
        });
        for _ in 0..freed {
            self.tally.kept();
        }
        for gone in kept {
            self.kept_open(gone, seen.line, seen.t_ns, index);
        }
    }
}
