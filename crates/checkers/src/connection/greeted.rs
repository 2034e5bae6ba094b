//! The limits that a connection was told when it was greeted.

use crate::event_view::{ControlView, Field};

/// Nanoseconds in a millisecond.
pub(super) const MS: u64 = 1_000_000;

/// What the greeting says of the times that hold on its connection; the protocol's defaults where it says nothing.
#[derive(Debug, Clone, Copy)]
pub(super) struct Greeted {
    /// Between two heartbeats; `None` when none were promised.
    pub(super) ping_ns: Option<u64>,
    /// Within this a ping is answered.
    pub(super) pong_ns: u64,
    /// Without write progress for so long a reader is given up.
    pub(super) stall_ns: u64,
    /// A stopping server is gone after this.
    pub(super) drain_ns: u64,
    /// Connections of one user.
    pub(super) slots: usize,
}

impl Default for Greeted {
    fn default() -> Self {
        Self { ping_ns: None, pong_ns: 8_000 * MS, stall_ns: 10_000 * MS, drain_ns: 35_000 * MS, slots: 10 }
    }
}

impl Greeted {
    /// What a `connection_established` says.
    pub(super) fn read(greeting: &ControlView<'_>) -> Self {
        #[derive(serde::Deserialize, Default)]
        #[serde(default)]
        struct Limits {
            pong_timeout_ms: Option<u64>,
            write_stall_ms: Option<u64>,
            drain_ms: Option<u64>,
            connections_per_user: Option<usize>,
        }
        let limits: Limits = greeting
            .fields
            .raw(Field::Limits)
            .and_then(|raw| serde_json::from_str(raw).ok())
            .unwrap_or_default();
        let usual = Self::default();
        let time = |told: Option<u64>, usual: u64| told.map_or(usual, |ms| ms.saturating_mul(MS));
        Self {
            ping_ns: greeting
                .fields
                .whole(Field::PingIntervalMs)
                .filter(|ms| *ms > 0)
                .map(|ms| ms.saturating_mul(MS)),
            pong_ns: time(limits.pong_timeout_ms, usual.pong_ns),
            stall_ns: time(limits.write_stall_ms, usual.stall_ns),
            drain_ns: time(limits.drain_ms, usual.drain_ns),
            slots: limits.connections_per_user.unwrap_or(usual.slots),
        }
    }
}
