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
    stage: Stage,
}

/// How far a run is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Stage {
    /// Asked for again while the same request holds a place: it counts only if it wins.
    Again,
    /// Counts against its user's limit.
    Open,
    /// Only its terminal is still to be told.
    Ending,
}

/// Places for runs. A run has its place before the store begins it: one that the store has and no place knows is
/// driven by nobody.
#[derive(Debug)]
pub(super) struct Slots {
    open: Mutex<HashMap<UserId, Vec<Open>>>,
    metrics: Arc<Metrics>,
}

impl Slots {
    pub(super) fn new(metrics: Arc<Metrics>) -> Arc<Self> {
        Arc::new(Self { open: Mutex::default(), metrics })
    }

    /// A place for a run that is about to begin; `None` when its user has no more. The same request again needs
    /// no place of its own, but of two tabs with one request the second may win.
    pub(super) fn take(
        self: &Arc<Self>,
        user: &UserId,
        request_id: &RequestId,
        run_id: &RunId,
        most: u32,
    ) -> Option<Slot> {
        let open = self.lock();
        let runs = open.get(user).map(Vec::as_slice).unwrap_or_default();
        let stage = if runs.iter().any(|run| run.request_id == *request_id) {
            Stage::Again
        } else if runs.iter().filter(|run| run.stage == Stage::Open).count() < most as usize {
            Stage::Open
        } else {
            return None;
        };
        Some(self.add(open, user, request_id, run_id, stage))
    }

    /// A place for a run that the store has begun, to end it; `None` when somebody drives it.
    pub(super) fn adopt(
        self: &Arc<Self>,
        user: &UserId,
        request_id: &RequestId,
        run_id: &RunId,
    ) -> Option<Slot> {
        let open = self.lock();
        let driven = open.get(user).is_some_and(|runs| runs.iter().any(|run| run.run_id == *run_id));
        (!driven).then(|| self.add(open, user, request_id, run_id, Stage::Ending))
    }

    fn add(
        self: &Arc<Self>,
        mut open: MutexGuard<'_, HashMap<UserId, Vec<Open>>>,
        user: &UserId,
        request_id: &RequestId,
        run_id: &RunId,
        stage: Stage,
    ) -> Slot {
        let cancel = CancellationToken::new();
        open.entry(user.clone()).or_default().push(Open {
            request_id: request_id.clone(),
            run_id: run_id.clone(),
            cancel: cancel.clone(),
            stage,
        });
        Slot { slots: Arc::clone(self), user: user.clone(), run_id: run_id.clone(), cancel, gauge: None }
    }

    /// The token that cancels an open run of this user; a run that ends cannot be cancelled any more.
    pub(super) fn cancel_token(&self, user: &UserId, run: &RunId) -> Option<CancellationToken> {
        let open = self.lock();
        let run = open.get(user)?.iter().find(|one| one.run_id == *run && one.stage != Stage::Ending)?;
        Some(run.cancel.clone())
    }

    /// Cancels a run of whatever user, if it is open here and does not end yet.
    pub(super) fn cancel(&self, run: &RunId) {
        let open = self.lock();
        let known = open.values().flatten().find(|one| one.run_id == *run && one.stage != Stage::Ending);
        if let Some(one) = known {
            one.cancel.cancel();
        }
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
    /// The run has begun, and counts as active from now on.
    pub(super) fn activate(&mut self) {
        self.set(Stage::Open);
        self.gauge = Some(self.slots.metrics.run());
    }

    /// The run ends: it counts against its user's limit no more, and cannot be cancelled. It stays open until its
    /// terminal lies in the log.
    pub(super) fn ending(&self) {
        self.set(Stage::Ending);
    }

    fn set(&self, stage: Stage) {
        let mut open = self.slots.lock();
        let runs = open.get_mut(&self.user);
        if let Some(run) = runs.and_then(|runs| runs.iter_mut().find(|run| run.run_id == self.run_id)) {
            run.stage = stage;
        }
    }

    pub(super) fn user(&self) -> &UserId {
        &self.user
    }

    pub(super) fn run_id(&self) -> &RunId {
        &self.run_id
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
