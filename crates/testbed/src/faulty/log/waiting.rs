//! A log whose reads wait for the next event, as blocking reads of a stream server do, without a deadline: a connection that has
//! read everything notices neither that its peer is gone nor that its token has ended.

use super::LogFault;
use crate::faulty::auth::ShortLived;
use crate::faulty::desk::{Choice, Desk, locked};
use async_trait::async_trait;
use goldenpath_faults::Deed;
use goldenpath_protocol::{Epoch, UserId};
use goldenpath_storage::{AppendError, EventLog, Replay};
use std::collections::HashSet;
use std::sync::{Arc, Mutex};
use tokio::task::{Id, try_id};

/// Whose reads wait.
#[derive(Debug)]
enum Whose {
    /// Some users'.
    Users(Box<Choice>),
    /// Those of connections whose token ends soon. A connection joins and reads in one task.
    ShortLived(Arc<ShortLived>, Mutex<HashSet<Id>>),
}

#[derive(Debug)]
pub(in crate::faulty) struct WaitsAtHead {
    desk: Desk,
    whose: Whose,
    told: Mutex<HashSet<(Option<Id>, UserId)>>,
}

impl WaitsAtHead {
    pub(in crate::faulty) fn for_users(desk: Desk, seed: u64) -> Self {
        Self { desk, whose: Whose::Users(Box::new(Choice::some(seed))), told: Mutex::default() }
    }

    pub(in crate::faulty) fn for_ending_tokens(desk: Desk, short_lived: Arc<ShortLived>) -> Self {
        Self { desk, whose: Whose::ShortLived(short_lived, Mutex::default()), told: Mutex::default() }
    }

    fn hits(&self, user: &UserId) -> bool {
        match &self.whose {
            Whose::Users(choice) => choice.hits(user.as_str()),
            Whose::ShortLived(_, tasks) => try_id().is_some_and(|task| locked(tasks).contains(&task)),
        }
    }

    /// Once for each connection.
    fn sign(&self, user: &UserId) {
        if locked(&self.told).insert((try_id(), user.clone())) {
            let what = "a connection waits in a read that nothing ends but the next event";
            self.desk.sign(Deed::Held, Some(user.as_str()), None, what);
        }
    }
}

#[async_trait]
impl LogFault for WaitsAtHead {
    async fn read(
        &self,
        log: &dyn EventLog,
        user: &UserId,
        epoch: &Epoch,
        offset: u64,
        max: usize,
    ) -> Result<Replay, AppendError> {
        if !self.hits(user) {
            return log.read(user, epoch, offset, max).await;
        }
        // Subscribed before the read: what comes in between wakes us.
        let mut heads = log.subscribe(user).await?;
        loop {
            heads.mark_unchanged();
            let read = log.read(user, epoch, offset, max).await?;
            if !matches!(&read, Replay::Events(events) if events.is_empty()) {
                return Ok(read);
            }
            self.sign(user);
            if heads.changed().await.is_err() {
                return Ok(read);
            }
        }
    }

    fn joined(&self, user: &UserId) {
        if let Whose::ShortLived(short_lived, tasks) = &self.whose
            && short_lived.joins(user)
            && let Some(task) = try_id()
        {
            locked(tasks).insert(task);
        }
    }
}
