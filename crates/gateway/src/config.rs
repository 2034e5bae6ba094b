//! Every limit and interval of the gateway, with the defaults of the protocol.

use crate::network::Network;
use goldenpath_protocol::Limits;
use std::time::Duration;

/// What the gateway allows and how long it waits.
#[derive(Debug, Clone, PartialEq)]
pub struct GatewayConfig {
    /// Connections of one user at once.
    pub connections_per_user: u32,
    /// Connections from one address at once.
    pub connections_per_ip: u32,
    /// Connections of the node at once.
    pub connections_per_node: u32,
    /// TCP sockets of the node at once, WebSockets and others: more wait to be accepted. What this leaves beyond
    /// [`connections_per_node`](Self::connections_per_node) is for HTTP.
    pub sockets_per_node: usize,
    /// A socket that takes longer for its TLS handshake is closed.
    pub handshake_timeout: Duration,
    /// A socket that takes longer for the head of a request, its first or its next, is closed.
    pub head_timeout: Duration,
    /// The largest inbound message that is read; up to four times as much is answered with `too_large`,
    /// more closes 1009.
    pub message_bytes: usize,
    /// Inbound messages a second that a connection earns.
    pub messages_per_second: u32,
    /// Inbound messages that a rested connection may send at once.
    pub message_burst: u32,
    /// Refused messages within [`refusal_window`](Self::refusal_window) that close 4013.
    pub refusals_to_close: u32,
    /// The window of those refusals.
    pub refusal_window: Duration,
    /// The largest run event.
    pub event_bytes: usize,
    /// A write without progress for this long closes 4008.
    pub write_stall: Duration,
    /// Between heartbeats, and between WebSocket pings.
    pub ping_interval: Duration,
    /// A ping unanswered for this long closes 4011.
    pub pong_timeout: Duration,
    /// More missed events than this are not replayed.
    pub replay_events: u64,
    /// Runs of one user at once.
    pub runs_per_user: u32,
    /// A run that takes longer fails.
    pub run_deadline: Duration,
    /// How long a run that was told to stop may take to close its tools.
    pub cancel_grace: Duration,
    /// How long a connection outlives its token.
    pub token_grace: Duration,
    /// The clock difference forgiven when a token is checked.
    pub token_leeway: Duration,
    /// Between two times that the node says it lives, and looks for runs that a dead one left. A fraction of what the store allows
    /// between them.
    pub node_heartbeat: Duration,
    /// While draining, how long runs may go on, and over which time idle sockets are closed.
    pub drain_runs: Duration,
    /// From the begin of a drain to its end.
    pub drain_total: Duration,
    /// The least time between two `response_delta` of a run.
    pub delta_interval: Duration,
    /// The most `response_delta` of a run.
    pub deltas_per_run: u32,
    /// Waits before the second, third and fourth attempt to store or log an event.
    pub retry_waits: [Duration; 3],
    /// Control frames that may wait for a connection.
    pub outbox_frames: usize,
    /// The kernel's send buffer of each socket: what a stalled reader costs outside the process.
    pub send_buffer_bytes: usize,
    /// Peers whose `X-Forwarded-For` is believed.
    pub trusted_proxies: Vec<Network>,
    /// Origins allowed beside the own host, as browsers write them: `https://app.example.com`.
    pub allowed_origins: Vec<String>,
}

impl Default for GatewayConfig {
    fn default() -> Self {
        Self {
            connections_per_user: 10,
            connections_per_ip: 100,
            connections_per_node: 15_000,
            sockets_per_node: 16_000,
            handshake_timeout: Duration::from_secs(10),
            head_timeout: Duration::from_secs(20),
            message_bytes: 64 * 1024,
            messages_per_second: 20,
            message_burst: 60,
            refusals_to_close: 60,
            refusal_window: Duration::from_secs(10),
            event_bytes: 256 * 1024,
            write_stall: Duration::from_secs(10),
            ping_interval: Duration::from_secs(20),
            pong_timeout: Duration::from_secs(8),
            replay_events: 500,
            runs_per_user: 5,
            run_deadline: Duration::from_secs(45),
            cancel_grace: Duration::from_secs(2),
            token_grace: Duration::from_secs(25),
            token_leeway: Duration::from_secs(5),
            node_heartbeat: Duration::from_secs(2),
            drain_runs: Duration::from_secs(25),
            drain_total: Duration::from_secs(35),
            delta_interval: Duration::from_millis(50),
            deltas_per_run: 200,
            retry_waits: [Duration::from_millis(20), Duration::from_millis(80), Duration::from_millis(320)],
            outbox_frames: 64,
            send_buffer_bytes: 64 * 1024,
            trusted_proxies: Vec::new(),
            allowed_origins: Vec::new(),
        }
    }
}

impl GatewayConfig {
    /// The limits as a greeting tells them.
    #[must_use]
    pub fn limits(&self) -> Limits {
        Limits {
            connections_per_user: self.connections_per_user,
            connections_per_ip: self.connections_per_ip,
            connections_per_node: self.connections_per_node,
            message_bytes: self.message_bytes as u64,
            messages_per_second: self.messages_per_second,
            message_burst: self.message_burst,
            refusals_to_close: self.refusals_to_close,
            refusal_window_ms: millis(self.refusal_window),
            event_bytes: self.event_bytes as u64,
            runs_per_user: self.runs_per_user,
            run_deadline_ms: millis(self.run_deadline),
            write_stall_ms: millis(self.write_stall),
            pong_timeout_ms: millis(self.pong_timeout),
            replay_events: self.replay_events,
            token_grace_ms: millis(self.token_grace),
            drain_ms: millis(self.drain_total),
        }
    }
}

/// Whole milliseconds, as the wire counts durations.
pub(crate) fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}
