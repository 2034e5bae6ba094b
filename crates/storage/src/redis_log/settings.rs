//! How much a log keeps, and how long it is waited for.

use crate::LogLimits;
use std::time::Duration;

/// How a log in Redis is kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RedisLogSettings {
    /// How much of each user's stream is kept. Every node of one log should say the same.
    pub limits: LogLimits,
    /// What the names of its keys begin with. Nodes that share it share the log.
    pub prefix: String,
    /// How long an answer may take, a new connection included.
    pub patience: Duration,
    /// Between two looks at where the watched streams stand.
    pub look_every: Duration,
}

impl Default for RedisLogSettings {
    /// The protocol's limits, `goldenpath`, 1.5 s, 1 s. A heartbeat may be late by 2 s, and waits for a read of the log at most.
    fn default() -> Self {
        Self {
            limits: LogLimits::default(),
            prefix: "goldenpath".to_owned(),
            patience: Duration::from_millis(1_500),
            look_every: Duration::from_secs(1),
        }
    }
}
