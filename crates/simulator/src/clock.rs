//! The two clocks of a session: the client's monotonic one, and the server's wall clock.

use goldenpath_protocol::Timestamp;

/// Nanoseconds in a millisecond.
pub(crate) const MS: u64 = 1_000_000;
/// Nanoseconds in a second.
pub(crate) const SECOND: u64 = 1_000 * MS;

/// How session time reads on the server.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Clock {
    /// The client's wall clock at session time 0, Unix milliseconds.
    pub(crate) t0_unix_ms: f64,
    /// Server minus client.
    pub(crate) offset_ms: f64,
}

impl Clock {
    /// What the server's clock reads at session time `t_ns`.
    pub(crate) fn server(self, t_ns: u64) -> Timestamp {
        let ms = self.t0_unix_ms + self.offset_ms + t_ns as f64 / MS as f64;
        Timestamp::from_unix_ms(ms.floor() as i64)
    }
}
