//! Places for connections, counted per user, address and node; every place is given back by a drop.

use super::{Connection, Ending, HeldToken, UnifiedWebSocketManager};
use crate::config::GatewayConfig;
use goldenpath_protocol::{ClientId, CloseCode, UserId};
use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::Arc;

/// Who asks for a connection.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Visitor {
    /// The user of the verified token.
    pub user: UserId,
    /// Where the request comes from.
    pub address: IpAddr,
    /// The client's lasting name for itself.
    pub client_id: Option<ClientId>,
}

/// A limit that is reached.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// Too many connections of this user.
    #[error("too many connections of this user")]
    UserLimit,
    /// Too many connections from this address.
    #[error("too many connections from this address")]
    AddressLimit,
    /// Too many connections on this node.
    #[error("the node has no place for another connection")]
    NodeLimit,
}

#[derive(Debug, Default)]
struct UserEntry {
    connections: Vec<Arc<Connection>>,
    places: u32,
}

/// The places taken, and who sits in them.
#[derive(Debug, Default)]
pub(super) struct Registry {
    users: HashMap<UserId, UserEntry>,
    addresses: HashMap<IpAddr, u32>,
    total: u32,
}

impl Registry {
    pub(super) fn reserve(&mut self, visitor: &Visitor, config: &GatewayConfig) -> Result<(), Refusal> {
        let entry = self.users.get(&visitor.user);
        // A tab that comes back before its dead socket was noticed must not be locked out by it.
        let replaced = entry.is_some_and(|entry| {
            visitor.client_id.is_some()
                && entry.connections.iter().any(|one| one.client_id() == visitor.client_id.as_ref())
        });
        let spare = u32::from(replaced);
        let user_places = entry.map_or(0, |entry| entry.places);
        let address_places = self.addresses.get(&visitor.address).copied().unwrap_or(0);
        if user_places >= config.connections_per_user.saturating_add(spare) {
            return Err(Refusal::UserLimit);
        }
        if address_places >= config.connections_per_ip.saturating_add(spare) {
            return Err(Refusal::AddressLimit);
        }
        if self.total >= config.connections_per_node.saturating_add(spare) {
            return Err(Refusal::NodeLimit);
        }
        self.users.entry(visitor.user.clone()).or_default().places += 1;
        *self.addresses.entry(visitor.address).or_default() += 1;
        self.total += 1;
        Ok(())
    }

    fn release(&mut self, visitor: &Visitor) {
        if let Some(entry) = self.users.get_mut(&visitor.user) {
            entry.places = entry.places.saturating_sub(1);
            if entry.places == 0 {
                self.users.remove(&visitor.user);
            }
        }
        if let Some(places) = self.addresses.get_mut(&visitor.address) {
            *places = places.saturating_sub(1);
            if *places == 0 {
                self.addresses.remove(&visitor.address);
            }
        }
        self.total = self.total.saturating_sub(1);
    }

    /// Registers a connection; gives the one whose `client_id` it takes over.
    fn insert(&mut self, connection: Arc<Connection>) -> Option<Arc<Connection>> {
        let all = &mut self.users.entry(connection.user().clone()).or_default().connections;
        let replaced = connection.client_id().and_then(|client| {
            all.iter().position(|one| one.client_id() == Some(client)).map(|place| all.swap_remove(place))
        });
        all.push(connection);
        replaced
    }

    fn remove(&mut self, connection: &Arc<Connection>) {
        if let Some(entry) = self.users.get_mut(connection.user()) {
            entry.connections.retain(|one| !Arc::ptr_eq(one, connection));
        }
    }

    pub(super) fn of(&self, user: &UserId) -> &[Arc<Connection>] {
        self.users.get(user).map(|entry| entry.connections.as_slice()).unwrap_or_default()
    }

    pub(super) fn all(&self) -> Vec<Arc<Connection>> {
        self.users.values().flat_map(|entry| entry.connections.iter().map(Arc::clone)).collect()
    }

    pub(super) fn total(&self) -> u32 {
        self.total
    }
}

/// A reserved place; dropping it gives the place back.
#[derive(Debug)]
#[must_use = "the place is given back when the permit is dropped"]
pub struct Permit {
    manager: Arc<UnifiedWebSocketManager>,
    visitor: Visitor,
}

impl Permit {
    pub(super) fn new(manager: Arc<UnifiedWebSocketManager>, visitor: Visitor) -> Self {
        Self { manager, visitor }
    }

    /// Makes the place a connection that holds this token. One with the same `client_id` is closed as replaced.
    pub fn register(self, token: HeldToken) -> Registration {
        let manager = &self.manager;
        let connection = Arc::new(Connection::new(
            self.visitor.user.clone(),
            self.visitor.client_id.clone(),
            token,
            &manager.config,
            &manager.tracker,
            &manager.metrics,
        ));
        let replaced = manager.lock().insert(Arc::clone(&connection));
        if let Some(replaced) = replaced {
            replaced.end(Ending::close(CloseCode::Replaced));
        }
        Registration { connection, permit: self }
    }
}

impl Drop for Permit {
    fn drop(&mut self) {
        self.manager.lock().release(&self.visitor);
    }
}

/// A registered connection; dropping it removes it from the registry and gives its place back.
#[derive(Debug)]
#[must_use = "the connection is removed when this is dropped"]
pub struct Registration {
    connection: Arc<Connection>,
    permit: Permit,
}

impl Registration {
    /// The connection, to share.
    #[must_use]
    pub fn connection(&self) -> &Arc<Connection> {
        &self.connection
    }
}

impl std::ops::Deref for Registration {
    type Target = Connection;
    fn deref(&self) -> &Connection {
        &self.connection
    }
}

impl Drop for Registration {
    fn drop(&mut self) {
        // Before the permit: a place is free only when nobody sits in it.
        self.permit.manager.lock().remove(&self.connection);
        self.connection.end(Ending::Gone);
    }
}
