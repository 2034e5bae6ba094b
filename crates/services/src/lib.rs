//! Real services for tests, got where they can be had: a given server, else a local binary that is started for the tests alone, else a
//! container, where an engine answers.
//!
//! What is started listens on loopback, keeps its data in a folder of its own, and ends with its owner, also when that one is killed.
//! A server of one's own can be paused, restarted and killed; a given one is left as it is. A service that cannot be had is an
//! error that names what to install. Whatever else a test needs as a process, it starts and breaks by the same means.

mod container;
mod postgres;
mod process;
mod redis;
mod relay;
mod server;

pub use self::postgres::{Crowd, Database, POSTGRES_URL, Postgres};
pub use self::process::{End, Folder, Process, Program, find, free_port};
pub use self::redis::{REDIS_URL, Redis};
pub use self::relay::Relay;
pub use self::server::Server;

use std::time::Duration;

/// `embedded` asks for the embedded variant alone where a test has one; tests about a service itself need it all the same.
pub const SERVICES: &str = "GOLDENPATH_SERVICES";

/// Whether tests that have an embedded variant shall do without services.
///
/// # Errors
/// [`ServiceError::Setting`] when [`SERVICES`] says something else.
pub fn embedded_alone() -> Result<bool, ServiceError> {
    match std::env::var(SERVICES).unwrap_or_default().as_str() {
        "" => Ok(false),
        "embedded" => Ok(true),
        other => Err(ServiceError::Setting(other.to_owned())),
    }
}

/// A service cannot be had, or does not do what it is told.
#[derive(Debug, thiserror::Error)]
pub enum ServiceError {
    /// The environment says something that means nothing.
    #[error("{SERVICES} is `{0}` (valid: `embedded`, or not set)")]
    Setting(String),
    /// Nothing names a server, and there is no program to start one.
    #[error("failed to find `{program}` (hint: {hint})")]
    Missing {
        /// The program that was looked for.
        program: &'static str,
        /// How to have one.
        hint: &'static str,
    },
    /// The program could not be started.
    #[error("failed to start {service}: {why}")]
    Start {
        /// Which service.
        service: &'static str,
        /// What was in the way.
        why: String,
    },
    /// It ended instead of becoming ready.
    #[error("{service} ended while it started; its last words: {log}")]
    Ended {
        /// Which service.
        service: &'static str,
        /// The end of its log.
        log: String,
    },
    /// It did not become ready.
    #[error("{service} was not ready within {within:?}: {why}; its last words: {log}")]
    NotReady {
        /// Which service.
        service: &'static str,
        /// How long it was waited for.
        within: Duration,
        /// What the last look at it said.
        why: String,
        /// The end of its log.
        log: String,
    },
    /// Only a server of one's own may be stopped or paused.
    #[error("{service} was given, so it is not ours to stop or pause (hint: start one of your own)")]
    Given {
        /// Which service.
        service: &'static str,
    },
    /// A signal did not do what it should.
    #[error("failed to {what} {service}: {why}")]
    Signal {
        /// Which service.
        service: &'static str,
        /// What was to be done.
        what: &'static str,
        /// What was in the way.
        why: String,
    },
    /// The service refused what the tests need of it.
    #[error("{service} refused {what}: {why}")]
    Refused {
        /// Which service.
        service: &'static str,
        /// What was asked for.
        what: &'static str,
        /// What it said.
        why: String,
    },
}
