//! The reference backend with something wrong inside: real parts, decorated, for faults that no proxy in front of it could make.
//!
//! [`start`] gives the backend of one row of the catalogue; [`start_sound`] the same one, driven the same way, with the fault off.
//! Nothing in the gateway knows of any of this: a decorator stands where a store, a log, an agent or an authenticator stands.
//! Each acts on some, chosen by the seed, and leaves the others healthy, unless what it waits for is rare in itself; every act
//! leaves a receipt.
//!
//! What a drive has to do beside asking, for a fault to act and to show:
//!
//! | rows | what |
//! |---|---|
//! | A01–A05, A10–A13 | bad tokens at the door, and good ones after them |
//! | A06 | a token that ends within a minute, watched to the end of the grace that the greeting tells (2 s here) |
//! | A07, R11 | a token of its [`FaultyBackend::issuer`] that is revoked; for R11, a resume with it 2 s later |
//! | A14 | a refresh with another user's token |
//! | D05 | a request that is sent again |
//! | E03, E06 | a prompt with [`REFUSED_WORDS`], owed to fail; for E06, another user's prompt beside it |
//! | E05, I12 | `GET /runs/{id}`, as the owner and as somebody else |
//! | E07 | an outage, by [`FaultyBackend::outage`], marked as a trial; more than one request of each user after it |
//! | G01, G03, W08 | many connections that come and go; for W08, ten of one user, and one 2 s later |
//! | G02 | a cancel, with the gauges sampled for 3 s after the run's end |
//! | I10, I11 | another user's resume point, another user's run while it is open |
//! | L16 | a user of the tier `enterprise`, owed at least four tool calls |
//! | L17 | a request in a thread that does not exist |
//! | W05 | [`FaultyBackend::terminate`], with a connection open |

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
pub use log::{FaultyLog, LogFault};
pub use store::{FaultyStore, Outage, StoreFault};

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
