//! The one clock of a session: monotonic for every stamp, tied once to the wall.

use std::time::{Instant, SystemTime, UNIX_EPOCH};

/// Nanoseconds since the session began, with the wall clock at its beginning.
#[derive(Debug, Clone, Copy)]
pub struct SessionClock {
    start: Instant,
    t0_unix_ms: f64,
}

impl SessionClock {
    /// Begins a session now.
    #[must_use]
    pub fn start() -> Self {
        // The wall clock is read between two readings of the monotonic one, so that a pause in between halves its error.
        let before = Instant::now();
        let wall = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        let half = before.elapsed() / 2;
        Self { start: before + half, t0_unix_ms: wall.as_secs_f64() * 1e3 }
    }

    /// Nanoseconds since the session began.
    #[must_use]
    pub fn now_ns(&self) -> u64 {
        u64::try_from(self.start.elapsed().as_nanos()).unwrap_or(u64::MAX)
    }

    /// The wall clock at 0, in Unix milliseconds.
    #[must_use]
    pub fn t0_unix_ms(&self) -> f64 {
        self.t0_unix_ms
    }
}
