//! Wall time, given from outside so that expiry can be steered.

use goldenpath_protocol::Timestamp;
use std::time::{SystemTime, UNIX_EPOCH};

/// Tells the wall time.
pub trait Clock: Send + Sync + std::fmt::Debug {
    /// Now.
    fn now(&self) -> Timestamp;
}

/// The machine's clock.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    fn now(&self) -> Timestamp {
        let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        Timestamp::from_unix_ms(i64::try_from(since.as_millis()).unwrap_or(i64::MAX))
    }
}

/// Whole seconds, as tokens count them.
pub(crate) fn seconds(at: Timestamp) -> i64 {
    at.unix_ms().div_euclid(1_000)
}

/// A moment later.
pub(crate) fn after(at: Timestamp, seconds: u64) -> Timestamp {
    let ms = i64::try_from(seconds.saturating_mul(1_000)).unwrap_or(i64::MAX);
    Timestamp::from_unix_ms(at.unix_ms().saturating_add(ms))
}
