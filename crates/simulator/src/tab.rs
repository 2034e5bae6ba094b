//! One connection of a user, and the records that it leaves.

use crate::clock::{Clock, MS, SECOND};
use crate::history::line;
use crate::identity::Identities;
use crate::trials::TabStall;
use goldenpath_history::{ClosedBy, Direction, Record, RecordKind, Trial};
use goldenpath_protocol::{Limits, Recovered, ServerFrame, Timestamp};
use serde::Serialize;
use std::borrow::Cow;

/// The address that simulated clients dial; `.invalid` can never be a real host.
pub(crate) const URL: &str = "ws://simulated.invalid/ws";
/// Between two heartbeats.
pub(crate) const PING_INTERVAL_NS: u64 = 20 * SECOND;
/// For how long a token is good, unless a probe wants less.
const TOKEN_LIFE_NS: u64 = 7 * 86_400 * SECOND;

/// What a record changes about the backend, for its gauges.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Effect {
    None,
    Opened,
    Closed,
    RunBegan,
    RunEnded,
}

/// A record on its way into the history.
#[derive(Debug, Clone)]
pub(crate) struct Pending {
    pub(crate) t_ns: u64,
    pub(crate) effect: Effect,
    pub(crate) record: Record<'static>,
}

/// Makes records in the name of one user.
#[derive(Debug, Clone)]
pub(crate) struct Pen {
    pub(crate) user: u32,
    pub(crate) name: String,
    pub(crate) ids: Identities,
    pub(crate) clock: Clock,
    /// How often the user's log was lost.
    pub(crate) life: u64,
}

impl Pen {
    pub(crate) fn record(&self, t_ns: u64, conn: Option<u32>, kind: RecordKind<'static>) -> Pending {
        let user = Some(Cow::Owned(self.name.clone()));
        Pending { t_ns, effect: Effect::None, record: Record { t_ns, conn, user, kind } }
    }

    pub(crate) fn frame(&self, t_ns: u64, conn: u32, dir: Direction, raw: String) -> Pending {
        self.record(t_ns, Some(conn), RecordKind::Frame { dir, raw: Cow::Owned(raw), opcode: None })
    }

    pub(crate) fn incoming(&self, t_ns: u64, conn: u32, frame: &impl Serialize) -> Pending {
        self.frame(t_ns, conn, Direction::In, line(frame))
    }

    pub(crate) fn outgoing(&self, t_ns: u64, conn: u32, frame: &impl Serialize) -> Pending {
        self.frame(t_ns, conn, Direction::Out, line(frame))
    }

    pub(crate) fn mark(&self, t_ns: u64, name: &'static str, note: String) -> Pending {
        self.record(t_ns, None, RecordKind::Mark { name: Cow::Borrowed(name), note: Some(Cow::Owned(note)) })
    }

    /// What a driver does to the target as a whole.
    pub(crate) fn session_mark(&self, t_ns: u64, step: Trial) -> Pending {
        let record = Record { t_ns, conn: None, user: None, kind: step.mark() };
        Pending { t_ns, effect: Effect::None, record }
    }

    /// An answer to an upgrade: 101, or a refusal with its body.
    pub(crate) fn open(
        &self,
        t_ns: u64,
        conn: u32,
        url: String,
        status: u16,
        credential: Option<&'static str>,
        body: Option<String>,
    ) -> Pending {
        let mut pending = self.record(
            t_ns,
            Some(conn),
            RecordKind::Open {
                url: Some(Cow::Owned(url)),
                status: Some(status),
                intended_t_ns: Some(t_ns.saturating_sub(2 * MS)),
                credential: credential.map(Cow::Borrowed),
                body: body.map(Cow::Owned),
            },
        );
        if status == 101 {
            pending.effect = Effect::Opened;
        }
        pending
    }

    pub(crate) fn close(
        &self,
        t_ns: u64,
        conn: u32,
        code: Option<u16>,
        reason: &'static str,
        by: ClosedBy,
    ) -> Pending {
        let reason = (!reason.is_empty()).then_some(Cow::Borrowed(reason));
        let mut pending = self.record(t_ns, Some(conn), RecordKind::Close { code, reason, by });
        pending.effect = Effect::Closed;
        pending
    }

    /// The first frame of a connection that joined at `joined_ns`.
    pub(crate) fn greeting(
        &self,
        conn: u32,
        joined_ns: u64,
        offset: u64,
        recovered: Recovered,
        replay: u64,
        acked: u64,
    ) -> ServerFrame {
        self.greeting_until(
            conn,
            joined_ns,
            offset,
            (recovered, replay, acked),
            self.clock.server(TOKEN_LIFE_NS),
        )
    }

    /// The same, with the token's own end.
    pub(crate) fn greeting_until(
        &self,
        conn: u32,
        joined_ns: u64,
        offset: u64,
        (recovered, replay, acked): (Recovered, u64, u64),
        token_expires_at: Timestamp,
    ) -> ServerFrame {
        ServerFrame::ConnectionEstablished {
            connection_id: self.ids.connection(self.user, conn),
            user_id: self.ids.user(self.user),
            epoch: self.ids.epoch(self.user, self.life),
            offset,
            recovered,
            replay,
            acked,
            server_time: self.clock.server(joined_ns),
            token_expires_at,
            ping_interval_ms: PING_INTERVAL_NS / MS,
            limits: limits(),
        }
    }

    /// The end of a token that was refreshed at `t_ns`.
    pub(crate) fn refreshed_until(&self, t_ns: u64) -> Timestamp {
        self.clock.server(t_ns + TOKEN_LIFE_NS)
    }
}

/// The protocol's default limits.
fn limits() -> Limits {
    Limits {
        connections_per_user: 10,
        connections_per_ip: 100,
        connections_per_node: 15_000,
        message_bytes: 64 * 1024,
        messages_per_second: 20,
        message_burst: 60,
        refusals_to_close: 60,
        refusal_window_ms: 10_000,
        event_bytes: 256 * 1024,
        runs_per_user: 5,
        run_deadline_ms: 45_000,
        write_stall_ms: 10_000,
        pong_timeout_ms: 8_000,
        replay_events: 500,
        token_grace_ms: 25_000,
        drain_ms: 35_000,
    }
}

/// A tab of the user: its connection of the moment, and where it stands in the stream.
#[derive(Debug, Clone)]
pub(crate) struct Tab {
    pub(crate) number: u32,
    pub(crate) conn: u32,
    pub(crate) up: bool,
    pub(crate) offset: u64,
    pub(crate) acked: u64,
    pub(crate) last_ns: u64,
    pub(crate) heartbeat_ns: u64,
    pub(crate) stall: Option<TabStall>,
}

impl Tab {
    /// When something made at `made_ns` arrives here, `latency` later: never before what was written earlier.
    pub(crate) fn arrival(&mut self, made_ns: u64, latency: u64) -> u64 {
        let read_ns = self.stall.filter(|stall| stall.holds(made_ns)).map_or(0, |stall| stall.until_ns);
        self.last_ns = (made_ns + latency).max(read_ns).max(self.last_ns + 1_000);
        self.last_ns
    }

    /// Whether what is made now is read as it comes.
    pub(crate) fn reads(&self, made_ns: u64) -> bool {
        self.up && !self.stall.is_some_and(|stall| stall.holds(made_ns))
    }

    /// Whether what is made now is beyond what waits for a reader that stalls. What is not takes its place.
    pub(crate) fn gives_up(&mut self, made_ns: u64) -> bool {
        let Some(stall) = self.stall.as_mut().filter(|stall| made_ns >= stall.from_ns) else { return false };
        match &mut stall.buffer {
            Some(0) => true,
            Some(left) => {
                *left -= 1;
                false
            }
            None => false,
        }
    }
}
