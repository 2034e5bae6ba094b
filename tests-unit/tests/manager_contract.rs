//! What `UnifiedWebSocketManager` owes whoever uses it: which operations there are, what they take and give, what
//! they refuse, and that it is the one way to a socket.

use crate::parts::{connect, frame, later, manager, token, user, visitor};
use goldenpath_gateway::{
    Connection, ConnectionOutcome, ControlOutcome, DeliveryTracker, Ending, GatewayConfig, HeldToken,
    Metrics, Outcome, Permit, Refusal, Registration, UnifiedWebSocketManager, Visitor,
};
use goldenpath_protocol::{ClientId, CloseCode, ConnectionId, ServerFrame, UserId};
use std::net::{IpAddr, Ipv4Addr};
use std::path::{Path, PathBuf};
use std::sync::Arc;

#[test]
fn required_operations() {
    let (manager, metrics) = manager(|_| {});
    let (ada, bob) = (user("ada"), user("bob"));

    // Connect: a place first, a connection after the upgrade.
    let permit = manager.admit(visitor("ada")).unwrap();
    assert_eq!((manager.count(), manager.connections().len()), (1, 0), "a reserved place counts");
    let first = permit.register(token());
    let second = connect(&manager, "ada");
    let other = connect(&manager, "bob");
    assert_eq!((manager.count(), manager.connections().len(), metrics.connections()), (3, 3, 3));
    let ids: Vec<_> = manager.connections_of(&ada).iter().map(|one| one.id().clone()).collect();
    assert_eq!(ids, [first.id().clone(), second.id().clone()]);
    assert_eq!((first.user(), first.expires_at(), first.ending()), (&ada, later(), None));

    // Wake: tells where each connection of the user stands, and touches nobody else's.
    first.delivery().joined(4);
    let told = manager.wake(&ada, 5);
    let expected = [(first.id(), Outcome::Woken), (second.id(), Outcome::Joining)];
    assert_eq!(told.iter().map(|one| (&one.connection_id, one.outcome)).collect::<Vec<_>>(), expected);
    assert_eq!((metrics.sends("woken"), metrics.sends("joining")), (1, 1));

    // Control frames: to one, or to all of a user.
    assert_eq!(manager.send_to_connection(&ada, first.id(), &frame()), ControlOutcome::Queued);
    assert_eq!(manager.send_to_user(&ada, &frame()).len(), 2);
    assert_eq!((first.outbox().len(), second.outbox().len(), other.outbox().len()), (2, 1, 0));
    assert!(metrics.outbox_bytes() > 0);

    // Close: one, or all of a user; the place is free when its owner is gone.
    let why = Ending::close(CloseCode::Revoked);
    assert!(manager.close(&ada, first.id(), why));
    assert_eq!(manager.close_user(&ada, why), 1, "the other one");
    assert_eq!((first.ending(), second.ending(), other.ending()), (Some(why), Some(why), None));
    drop((first, second));
    assert!(manager.connections_of(&ada).is_empty());
    assert_eq!(manager.connections_of(&bob).len(), 1);
    drop(other);
    assert_eq!((manager.count(), metrics.connections(), metrics.outbox_bytes()), (0, 0, 0));
    assert_eq!(manager.tracker().tracked(), 0);
}

#[test]
fn operation_signatures() {
    // Each line fails to compile when an operation changes what it takes or gives. None is async: the manager
    // never waits for a socket.
    let _: fn(Arc<GatewayConfig>, Arc<Metrics>) -> Arc<UnifiedWebSocketManager> =
        UnifiedWebSocketManager::new;
    let _: fn(&Arc<UnifiedWebSocketManager>, Visitor) -> Result<Permit, Refusal> =
        UnifiedWebSocketManager::admit;
    let _: fn(Permit, HeldToken) -> Registration = Permit::register;
    let _: fn(&Registration) -> &Arc<Connection> = Registration::connection;
    let _: fn(&UnifiedWebSocketManager, &UserId, u64) -> Vec<ConnectionOutcome> =
        UnifiedWebSocketManager::wake;
    let _: fn(&UnifiedWebSocketManager, &UserId, &ConnectionId, &ServerFrame) -> ControlOutcome =
        UnifiedWebSocketManager::send_to_connection;
    let _: fn(&UnifiedWebSocketManager, &UserId, &ServerFrame) -> Vec<(ConnectionId, ControlOutcome)> =
        UnifiedWebSocketManager::send_to_user;
    let _: fn(&UnifiedWebSocketManager, &UserId, &ConnectionId, Ending) -> bool =
        UnifiedWebSocketManager::close;
    let _: fn(&UnifiedWebSocketManager, &UserId, Ending) -> usize = UnifiedWebSocketManager::close_user;
    let _: fn(&UnifiedWebSocketManager, &UserId) -> Vec<Arc<Connection>> =
        UnifiedWebSocketManager::connections_of;
    let _: fn(&UnifiedWebSocketManager) -> Vec<Arc<Connection>> = UnifiedWebSocketManager::connections;
    let _: fn(&UnifiedWebSocketManager) -> usize = UnifiedWebSocketManager::count;
    let _: fn(&UnifiedWebSocketManager) -> &Arc<DeliveryTracker> = UnifiedWebSocketManager::tracker;
    let _: fn(&UnifiedWebSocketManager) -> &GatewayConfig = UnifiedWebSocketManager::config;

    fn shared<T: Send + Sync + std::fmt::Debug + 'static>() {}
    shared::<UnifiedWebSocketManager>();
    shared::<Registration>();
    shared::<Permit>();
}

#[test]
fn errors_and_edge_cases() {
    // Every limit refuses by its own name, and gives the place back with the guard.
    let (limited, metrics) = manager(|config| config.connections_per_user = 2);
    let held = [connect(&limited, "ada"), connect(&limited, "ada")];
    assert_eq!(limited.admit(visitor("ada")).unwrap_err(), Refusal::UserLimit);
    let guest = limited.admit(visitor("bob")).unwrap();
    drop((held, guest));
    assert_eq!((limited.count(), metrics.connections()), (0, 0), "an unused permit gives its place back too");
    let again = connect(&limited, "ada");
    assert_eq!(limited.count(), 1);
    drop(again);

    let (limited, _) = manager(|config| config.connections_per_ip = 1);
    let _ada = connect(&limited, "ada");
    assert_eq!(limited.admit(visitor("bob")).unwrap_err(), Refusal::AddressLimit);
    let elsewhere = Visitor { address: IpAddr::V4(Ipv4Addr::new(10, 0, 0, 1)), ..visitor("bob") };
    let _bob = limited.admit(elsewhere).unwrap();

    let (limited, _) = manager(|config| config.connections_per_node = 1);
    let _ada = connect(&limited, "ada");
    assert_eq!(limited.admit(visitor("bob")).unwrap_err(), Refusal::NodeLimit);

    // What is unknown or foreign is neither told nor closed.
    let (manager, _) = manager(|config| {
        config.outbox_frames = 2;
        config.connections_per_user = 1;
    });
    let (ada, bob) = (user("ada"), user("bob"));
    let adas = connect(&manager, "ada");
    let nowhere = ConnectionId::new("no-such-connection").unwrap();
    let why = Ending::close(CloseCode::ServerError);
    assert_eq!(manager.send_to_connection(&ada, &nowhere, &frame()), ControlOutcome::Unknown);
    assert_eq!(manager.send_to_connection(&bob, adas.id(), &frame()), ControlOutcome::Unknown, "foreign");
    assert!(!manager.close(&ada, &nowhere, why) && !manager.close(&bob, adas.id(), why));
    assert_eq!((manager.close_user(&bob, why), manager.wake(&bob, 1).len()), (0, 0));
    assert_eq!((manager.send_to_user(&bob, &frame()).len(), adas.ending()), (0, None));

    // A full outbox says so and takes nothing more; one that ends says so.
    let outcomes: Vec<_> = (0..3).map(|_| manager.send_to_connection(&ada, adas.id(), &frame())).collect();
    assert_eq!(outcomes, [ControlOutcome::Queued, ControlOutcome::Queued, ControlOutcome::Full]);
    assert_eq!(adas.outbox().len(), 2);
    assert!(manager.close(&ada, adas.id(), why));
    assert_eq!(manager.send_to_connection(&ada, adas.id(), &frame()), ControlOutcome::Closing);
    assert!(!manager.close(&ada, adas.id(), Ending::close(CloseCode::Draining)), "the first reason stands");
    assert_eq!(adas.ending(), Some(why));
    drop(adas);

    // The same tab again takes its own place, even at the limit; another user's tab of that name does not.
    let tab = |name: &str| Visitor { client_id: Some(ClientId::new("tab-1").unwrap()), ..visitor(name) };
    let old = manager.admit(tab("ada")).unwrap().register(token());
    let bobs = manager.admit(tab("bob")).unwrap().register(token());
    let new = manager.admit(tab("ada")).unwrap().register(token());
    assert_eq!(old.ending().map(Ending::code), Some(CloseCode::Replaced.code()));
    assert_eq!((new.ending(), bobs.ending()), (None, None));
    assert_eq!(manager.admit(visitor("ada")).unwrap_err(), Refusal::UserLimit, "another tab finds no place");
    drop(old);
    assert_eq!(manager.connections_of(&ada).len(), 1, "the old one leaves without the new one");
    assert_eq!(manager.connections_of(&ada)[0].id(), new.id());
}

/// Every Rust file below `dir`.
fn sources(dir: &Path) -> Vec<PathBuf> {
    let entries: Vec<_> = std::fs::read_dir(dir).unwrap().map(|entry| entry.unwrap().path()).collect();
    let (dirs, files): (Vec<_>, Vec<_>) = entries.into_iter().partition(|path| path.is_dir());
    let rust = files.into_iter().filter(|path| path.extension().is_some_and(|extension| extension == "rs"));
    rust.chain(dirs.iter().flat_map(|dir| sources(dir))).collect()
}

/// Only `socket/writer.rs` holds the sending half of a WebSocket and takes frames out of an outbox. It is read from
/// the source, because a second writer would go unnoticed until its frames interleave with the first one's.
#[test]
fn single_source_of_truth() {
    const WAYS_TO_A_SOCKET: [&str; 4] = ["SplitSink", "SinkExt", "outbox().pop(", "Message::Ping("];
    let gateway = Path::new(env!("CARGO_MANIFEST_DIR")).join("../crates/gateway/src");
    let mut writers = Vec::new();
    for path in sources(&gateway) {
        let text = std::fs::read_to_string(&path).unwrap();
        let product = text.split("#[cfg(test)]").next().unwrap_or_default();
        // Receiving a ping names it too, but as a pattern.
        let product = product.replace("Ok(Message::Ping(", "");
        if WAYS_TO_A_SOCKET.iter().any(|way| product.contains(way)) {
            writers.push(path.strip_prefix(&gateway).unwrap().display().to_string());
        }
    }
    assert_eq!(writers, ["socket/writer.rs"], "one writer, and the search finds it");

    // And there is one manager: every connection that is counted is in its registry, and leaves both together.
    let (manager, metrics) = manager(|_| {});
    let connections: Vec<_> = (0..5).map(|n| connect(&manager, &format!("user-{n}"))).collect();
    let all = i64::try_from(manager.connections().len()).unwrap();
    assert_eq!((all, metrics.connections(), manager.tracker().tracked()), (5, 5, 5));
    drop(connections);
    assert_eq!((manager.connections().len(), metrics.connections(), manager.tracker().tracked()), (0, 0, 0));
}
