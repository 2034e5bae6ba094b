//! Which connections there are, whose they are, and how many there may be.
//!
//! Nothing else writes to a socket than the one writer task of its connection; the manager wakes writers, hands
//! them control frames and tells them to end. It never waits for a socket.

mod connection;
mod cursor;
mod held_token;
mod outbox;
mod registry;

pub use connection::{Connection, Ending};
pub use cursor::{CursorError, Joined, StreamCursor};
pub use held_token::HeldToken;
pub use outbox::Outbox;
pub use registry::{Permit, Refusal, Registration, Visitor};

use crate::config::GatewayConfig;
use crate::delivery::{ConnectionOutcome, DeliveryTracker};
use crate::metrics::Metrics;
use goldenpath_protocol::{ConnectionId, ServerFrame, UserId};
use registry::Registry;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// What became of a control frame on one connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ControlOutcome {
    /// It waits for the writer.
    Queued,
    /// Too many wait already.
    Full,
    /// The connection ends.
    Closing,
    /// The user has no such connection.
    Unknown,
}

/// The registry of connections of one node.
#[derive(Debug)]
pub struct UnifiedWebSocketManager {
    config: Arc<GatewayConfig>,
    metrics: Arc<Metrics>,
    tracker: Arc<DeliveryTracker>,
    registry: Mutex<Registry>,
}

impl UnifiedWebSocketManager {
    /// A manager of no connections.
    #[must_use]
    pub fn new(config: Arc<GatewayConfig>, metrics: Arc<Metrics>) -> Arc<Self> {
        Arc::new(Self {
            config,
            metrics,
            tracker: Arc::new(DeliveryTracker::new()),
            registry: Mutex::new(Registry::default()),
        })
    }

    /// Reserves a place for a visitor; one with the `client_id` of a connection takes that one's place.
    ///
    /// # Errors
    /// [`Refusal`] names the limit that is reached.
    pub fn admit(self: &Arc<Self>, visitor: Visitor) -> Result<Permit, Refusal> {
        self.lock().reserve(&visitor, &self.config)?;
        Ok(Permit::new(Arc::clone(self), visitor))
    }

    /// Wakes the writers of a user and tells where each stands before the event at `offset`.
    #[must_use = "a send tells what happened to each connection"]
    pub fn wake(&self, user: &UserId, offset: u64) -> Vec<ConnectionOutcome> {
        let outcomes = self.tracker.outcomes(user, offset);
        for connection in self.lock().of(user) {
            connection.wake();
        }
        for one in &outcomes {
            self.metrics.sent(one.outcome.as_str());
        }
        outcomes
    }

    /// Sends a control frame to one connection of a user.
    pub fn send_to_connection(
        &self,
        user: &UserId,
        id: &ConnectionId,
        frame: &ServerFrame,
    ) -> ControlOutcome {
        let found = self.lock().of(user).iter().find(|one| one.id() == id).map(Arc::clone);
        found.map_or(ControlOutcome::Unknown, |connection| offer(&connection, frame))
    }

    /// Sends a control frame to every connection of a user.
    pub fn send_to_user(&self, user: &UserId, frame: &ServerFrame) -> Vec<(ConnectionId, ControlOutcome)> {
        self.connections_of(user).iter().map(|one| (one.id().clone(), offer(one, frame))).collect()
    }

    /// Ends one connection of a user; gives whether there was one that did not end already.
    pub fn close(&self, user: &UserId, id: &ConnectionId, why: Ending) -> bool {
        self.connections_of(user).iter().find(|one| one.id() == id).is_some_and(|one| one.end(why))
    }

    /// Ends all connections of a user; gives how many.
    pub fn close_user(&self, user: &UserId, why: Ending) -> usize {
        self.connections_of(user).iter().filter(|one| one.end(why)).count()
    }

    /// The user's connections.
    #[must_use]
    pub fn connections_of(&self, user: &UserId) -> Vec<Arc<Connection>> {
        self.lock().of(user).to_vec()
    }

    /// Every connection of the node.
    #[must_use]
    pub fn connections(&self) -> Vec<Arc<Connection>> {
        self.lock().all()
    }

    /// Connections of the node, those about to register included.
    #[must_use]
    pub fn count(&self) -> usize {
        self.lock().total() as usize
    }

    /// What was written and acknowledged where.
    #[must_use]
    pub fn tracker(&self) -> &Arc<DeliveryTracker> {
        &self.tracker
    }

    /// The limits it keeps.
    #[must_use]
    pub fn config(&self) -> &GatewayConfig {
        &self.config
    }

    fn lock(&self) -> MutexGuard<'_, Registry> {
        self.registry.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn offer(connection: &Connection, frame: &ServerFrame) -> ControlOutcome {
    if !connection.is_serving() {
        return ControlOutcome::Closing;
    }
    if !connection.outbox().offer(frame) {
        return ControlOutcome::Full;
    }
    connection.wake();
    ControlOutcome::Queued
}
