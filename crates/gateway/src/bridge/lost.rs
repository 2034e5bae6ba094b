//! Runs that nobody drives any more, though the process lives: their task panicked, or nobody learnt that the store
//! had begun them. They end as failed; one that never ended would be waited for.

use super::ending::Patience;
use super::recovery::LOST;
use super::slots::Slot;
use super::{Inner, RequestRefused, run};
use crate::context::UserExecutionContext;
use futures_util::FutureExt;
use goldenpath_protocol::{ErrorCode, RequestId, RunId, RunState, UserId};
use std::panic::AssertUnwindSafe;
use std::sync::Arc;

impl Inner {
    /// Drives a run to its end, even when its task panics.
    pub(super) async fn drive(self: Arc<Self>, context: UserExecutionContext, message: String, slot: Slot) {
        // What the panic leaves half done is dropped with the run's state; the store knows how far it was.
        let driven = AssertUnwindSafe(run::drive(Arc::clone(&self), context, message, &slot)).catch_unwind();
        if driven.await.is_err() {
            tracing::error!(run = %slot.run_id(), "a run's task panicked");
            slot.ending();
            self.end_lost(&slot).await;
        }
    }

    /// The place of a begun run that is neither over nor driven by anybody. What another node holds is driven there.
    pub(super) async fn lost(
        self: &Arc<Self>,
        user: &UserId,
        request_id: &RequestId,
        run: &RunId,
    ) -> Result<Option<Slot>, RequestRefused> {
        let Some(slot) = self.slots.adopt(user, request_id, run) else { return Ok(None) };
        match self.store.run(user, run).await {
            Ok(record) => {
                Ok(record.is_some_and(|run| run.state == RunState::Running && run.held_here).then_some(slot))
            }
            Err(error) => {
                tracing::error!(%error, "failed to look a run up");
                Err(RequestRefused::new(ErrorCode::Internal, "failed to look the run up"))
            }
        }
    }

    /// Ends a run that lost its task; tried for as long as a run may last, and again when its request is repeated.
    pub(super) async fn end_lost(&self, slot: &Slot) {
        let patience = Patience::of(self);
        let end = async {
            loop {
                // What made its task panic may still be there.
                match AssertUnwindSafe(self.try_end(slot, LOST)).catch_unwind().await {
                    Ok(Ok(_)) => return,
                    Ok(Err(error)) => {
                        tracing::error!(run = %slot.run_id(), %error, "failed to end a lost run")
                    }
                    Err(_) => tracing::error!(run = %slot.run_id(), "the end of a lost run panicked"),
                }
                if !patience.another().await {
                    return;
                }
            }
        };
        // After a hard stop, the next start ends it.
        let _ = self.stop.run_until_cancelled(end).await;
    }
}
