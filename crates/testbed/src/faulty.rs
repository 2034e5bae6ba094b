//! The reference backend with something wrong inside: real parts, decorated, for faults that no proxy in front of it could make.
//!
//! [`start`] gives the backend of one row of the catalogue; [`start_sound`] the same one, driven the same way, with the fault off.
//! Nothing in the gateway knows of any of this: a decorator stands where a store, a log, an agent or an authenticator stands.
//! Each acts on some, chosen by the seed, and leaves the others healthy, unless what it waits for is rare in itself; every act
//! leaves a receipt.

mod agent;
mod auth;
mod backend;
mod desk;
mod ledger;
mod log;
mod rows;
mod store;

pub use agent::REFUSED_WORDS;
pub use backend::FaultyBackend;
pub use store::Outage;

use crate::TestbedError;

/// There is no such backend.
#[derive(Debug, thiserror::Error)]
pub enum FaultyError {
    /// No decorator can make this fault.
    #[error("no decorator makes this fault: {0}")]
    DriverMissing(&'static str),
    /// The catalogue has no such row.
    #[error("`{0}` is no fault (hint: rows have ids such as `A01`)")]
    UnknownRow(String),
    /// It did not start.
    #[error(transparent)]
    Start(#[from] TestbedError),
}

/// Starts a backend with the fault of one row.
///
/// # Errors
/// [`FaultyError`] says why there is none.
pub async fn start(row_id: &str, seed: u64) -> Result<FaultyBackend, FaultyError> {
    backend::start(row_id, seed, true).await
}

/// Starts the backend that [`start`] would, without its fault: the same configuration, model and outages.
///
/// # Errors
/// [`FaultyError`] says why there is none.
pub async fn start_sound(row_id: &str, seed: u64) -> Result<FaultyBackend, FaultyError> {
    backend::start(row_id, seed, false).await
}
