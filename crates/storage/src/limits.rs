//! How much of a user's stream a log keeps.

/// How much of each user's stream is kept, whichever is reached first.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LogLimits {
    /// Events per user.
    pub events: usize,
    /// Bytes of their envelopes per user.
    pub bytes: usize,
    /// Age of an event, and of a stream that nobody uses, in milliseconds.
    pub age_ms: i64,
}

impl Default for LogLimits {
    /// 1 000 events, 8 MiB, 15 minutes.
    fn default() -> Self {
        Self { events: 1_000, bytes: 8 * 1024 * 1024, age_ms: 15 * 60 * 1_000 }
    }
}

/// Clients of one user whose acks are kept; beyond, the one that has been silent longest is forgotten.
/// Far above the connections a user may have, and a bound on what made-up client ids can cost.
pub(crate) const MAX_ACKS: usize = 64;
