//! The runs that are open on this node, counted per user.

use crate::metrics::{GaugeGuard, Metrics};
use goldenpath_protocol::{RequestId, RunId, UserId};
use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tokio_util::sync::CancellationToken;

#[derive(Debug)]
struct Open {
    request_id: RequestId,
    run_id: RunId,
    cancel: CancellationToken,
    /// Only its terminal is still to be told.
    ending: bool,
}

/// Places for runs.
#[derive(Debug)]
pub(super) struct Slots {
    open: Mutex<HashMap<UserId, Vec<Open>>>,
    metrics: Arc<Metrics>,
}

/// Whether a request may try to begin a run.
#[derive(Debug)]
pub(super) enum Place {
    /// It has a place.
    Free(Slot),
    /// No place, but the same request has an open run: it can only be told about that one.
    AlreadyOpen,
    /// No place.
    None,
}

impl Slots {
    pub(super) fn new(metrics: Arc<Metrics>) -> Arc<Self> {
        Arc::new(Self { open: Mutex::default(), metrics })
    }

    pub(super) fn take(
        self: &Arc<Self>,
        user: &UserId,
        request_id: &RequestId,
        run_id: &RunId,
        most: u32,
    ) -> Place {
        let open = self.lock();
        let runs = open.get(user).map(Vec::as_slice).unwrap_or_default();
        if runs.iter().any(|run| run.request_id == *request_id) {
            return Place::AlreadyOpen;
        }
        if runs.iter().filter(|run| !run.ending).count() >= most as usize {
            return Place::None;
        }
        Place::Free(self.add(open, user, request_id, run_id))
    }

    /// A place beyond the limit, for a run that the store began already: of two tabs with the same request the
    /// second may win, while the place is the first one's, which gives it back.
    pub(super) fn force(self: &Arc<Self>, user: &UserId, request_id: &RequestId, run_id: &RunId) -> Slot {
        self.add(self.lock(), user, request_id, run_id)
    }

    fn add(
        self: &Arc<Self>,
        mut open: MutexGuard<'_, HashMap<UserId, Vec<Open>>>,
        user: &UserId,
        request_id: &RequestId,
        run_id: &RunId,
    ) -> Slot {
        let cancel = CancellationToken::new();
        open.entry(user.clone()).or_default().push(Open {
            request_id: request_id.clone(),
            run_id: run_id.clone(),
            cancel: cancel.clone(),
            ending: false,
        });
        Slot { slots: Arc::clone(self), user: user.clone(), run_id: run_id.clone(), cancel, gauge: None }
    }

    /// The token that cancels an open run of this user; a run that ends cannot be cancelled any more.
    pub(super) fn cancel_token(&self, user: &UserId, run: &RunId) -> Option<CancellationToken> {
        let open = self.lock();
        let run = open.get(user)?.iter().find(|one| one.run_id == *run && !one.ending)?;
        Some(run.cancel.clone())
    }

    pub(super) fn of(&self, user: &UserId) -> usize {
        self.lock().get(user).map_or(0, Vec::len)
    }

    pub(super) fn total(&self) -> usize {
        self.lock().values().map(Vec::len).sum()
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<UserId, Vec<Open>>> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A taken place; dropping it gives it back.
#[derive(Debug)]
pub(super) struct Slot {
    slots: Arc<Slots>,
    user: UserId,
    run_id: RunId,
    cancel: CancellationToken,
    gauge: Option<GaugeGuard>,
}

impl Slot {
    /// Counts the run as active from now on.
    pub(super) fn activate(&mut self) {
        self.gauge = Some(self.slots.metrics.run());
    }

    /// The run ends: it counts against its user's limit no more, and cannot be cancelled. It stays open until its
    /// terminal lies in the log.
    pub(super) fn ending(&self) {
        let mut open = self.slots.lock();
        if let Some(run) =
            open.get_mut(&self.user).and_then(|runs| runs.iter_mut().find(|run| run.run_id == self.run_id))
        {
            run.ending = true;
        }
    }

    /// Fires when the user wants the run to stop.
    pub(super) fn cancelled(&self) -> &CancellationToken {
        &self.cancel
    }
}

impl Drop for Slot {
    fn drop(&mut self) {
        let mut open = self.slots.lock();
        if let Some(runs) = open.get_mut(&self.user) {
            runs.retain(|run| run.run_id != self.run_id);
            if runs.is_empty() {
                open.remove(&self.user);
            }
        }
    }
}
