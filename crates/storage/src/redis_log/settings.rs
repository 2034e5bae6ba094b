//! Where a log lies, how long it is waited for, and why it could not be opened.

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

/// A log that was not opened. Never holds a password.
#[derive(Debug, thiserror::Error)]
pub enum OpenLogError {
    /// The URL names no server.
    #[error(
        "`{url}` names no Redis server: {why} (hint: `redis://HOST:PORT/DATABASE` or `rediss://…` with TLS)"
    )]
    Url {
        /// The URL, without what is secret.
        url: String,
        /// What is wrong with it.
        why: String,
    },
    /// The server cannot be reached, or does not let us in.
    #[error("`{server}`: {why}")]
    Server {
        /// Its address.
        server: String,
        /// What it said.
        why: String,
    },
    /// The server is too old.
    #[error("`{server}` is Redis {version}, and this needs 7 or newer")]
    TooOld {
        /// Its address.
        server: String,
        /// What it calls itself.
        version: String,
    },
}

/// A URL without user, password and query.
pub(super) fn safe(url: &str) -> String {
    let Some((scheme, rest)) = url.split_once("://") else {
        // Not knowing what it is, we know of no part that it is no secret.
        return "…".to_owned();
    };
    let rest = rest.split(['?', '#']).next().unwrap_or_default();
    match rest.rsplit_once('@') {
        Some((_, place)) => format!("{scheme}://…@{place}"),
        None => format!("{scheme}://{rest}"),
    }
}

/// The major version in `7.0.15`.
pub(super) fn major(version: &str) -> Option<u32> {
    version.split('.').next()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::{major, safe};

    #[test]
    fn no_secret_of_a_url_is_shown() {
        for url in [
            "redis://:hunter2@127.0.0.1:1/0",
            "rediss://joe:hunter2@host",
            "redis://joe:hun@hunter2@host/9",
            "redis://host/?pass=hunter2",
            "redis://host/#hunter2",
            "hunter2",
        ] {
            assert!(!safe(url).contains("hunter2"), "{}", safe(url));
        }
        assert_eq!(safe("redis://:pw@127.0.0.1:6379/2"), "redis://…@127.0.0.1:6379/2");
        assert_eq!(safe("redis://host:1"), "redis://host:1");
    }

    #[test]
    fn versions_are_told_apart_by_their_first_number() {
        assert_eq!(major("7.0.15"), Some(7));
        assert_eq!(major("10.1"), Some(10));
        assert_eq!(major("unstable"), None);
    }
}
