//! Where decorators sign for what they did, and choose whom they do it to.

use goldenpath_faults::{Aim, Deed, Receipt};
use goldenpath_protocol::RunId;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tokio::time::Instant;

/// Another holder's panic leaves nothing half done in what is locked here.
pub(super) fn locked<T>(what: &Mutex<T>) -> MutexGuard<'_, T> {
    what.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The receipts of one backend. Times count from its start.
#[derive(Debug, Clone)]
pub(super) struct Desk {
    row: Arc<str>,
    begun: Instant,
    signed: Arc<Mutex<Vec<Receipt>>>,
}

impl Desk {
    pub(super) fn new(row: &str) -> Self {
        Self { row: row.into(), begun: Instant::now(), signed: Arc::default() }
    }

    /// Signs for a deed that touched this user, and this run if it is known.
    pub(super) fn sign(&self, deed: Deed, user: Option<&str>, run: Option<&RunId>, what: impl Into<String>) {
        let receipt = Receipt {
            fault: self.row.to_string(),
            t_ns: u64::try_from(self.begun.elapsed().as_nanos()).unwrap_or(u64::MAX),
            deed,
            conn: None,
            user: user.map(str::to_owned),
            run_id: run.map(|run| run.as_str().to_owned()),
            other_run: None,
            what: what.into(),
        };
        locked(&self.signed).push(receipt);
    }

    pub(super) fn receipts(&self) -> Vec<Receipt> {
        locked(&self.signed).clone()
    }
}

/// An [`Aim`] that several tasks ask.
#[derive(Debug)]
pub(super) struct Choice(Mutex<Aim>);

impl Choice {
    /// One of the first two, and a third of the rest.
    pub(super) fn some(seed: u64) -> Self {
        Self(Mutex::new(Aim::new(seed)))
    }

    /// Everyone: for what is rare enough in itself.
    pub(super) fn all(seed: u64) -> Self {
        Self(Mutex::new(Aim::all(seed)))
    }

    pub(super) fn hits(&self, name: &str) -> bool {
        locked(&self.0).hits(name)
    }

    pub(super) fn pick(&self, n: usize) -> usize {
        locked(&self.0).pick(n)
    }
}
