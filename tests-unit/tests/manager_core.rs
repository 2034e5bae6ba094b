//! `UnifiedWebSocketManager` at work: configured once, a connection from its first place to its last byte of memory,
//! what waits for it, whose it is.

use crate::parts::{Backend, connect, context, frame, kinds, later, manager, token, user, visitor};
use goldenpath_gateway::{
    Connection, ControlOutcome, Ending, GatewayConfig, Metrics, NotifyError, Outcome, Refusal,
    UnifiedWebSocketManager, Visitor,
};
use goldenpath_protocol::{ClientId, CloseCode, ErrorCode, EventType, ServerFrame};
use std::sync::{Arc, Weak};

#[test]
fn instantiation_and_configuration() {
    let defaults = GatewayConfig::default();
    assert_eq!(
        (defaults.connections_per_user, defaults.connections_per_ip, defaults.connections_per_node),
        (10, 100, 15_000),
        "the protocol's own numbers"
    );
    let config = GatewayConfig {
        connections_per_user: 2,
        run_deadline: std::time::Duration::from_secs(7),
        ..defaults
    };
    let metrics = Arc::new(Metrics::new());
    let one = UnifiedWebSocketManager::new(Arc::new(config.clone()), Arc::clone(&metrics));
    assert_eq!(one.config(), &config);
    let told = one.config().limits();
    assert_eq!((told.connections_per_user, told.run_deadline_ms, told.pong_timeout_ms), (2, 7_000, 8_000));
    assert_eq!((one.count(), one.connections().len(), one.tracker().tracked()), (0, 0, 0));

    // The limit that was configured is the limit that is kept.
    let held = [connect(&one, "ada"), connect(&one, "ada")];
    assert_eq!(one.admit(visitor("ada")).unwrap_err(), Refusal::UserLimit);
    // Managers share nothing: no singleton hides behind `new`.
    let (other, _) = manager(|_| {});
    assert!(other.connections_of(&user("ada")).is_empty());
    let _third = [connect(&other, "ada"), connect(&other, "ada"), connect(&other, "ada")];
    assert_eq!((one.count(), other.count(), metrics.connections()), (2, 3, 2));
    drop(held);
}

#[test]
fn connection_lifecycle() {
    let (manager, metrics) = manager(|_| {});
    let ada = user("ada");
    let tab = |name: &str| Visitor { client_id: Some(ClientId::new("tab-1").unwrap()), ..visitor(name) };

    let permit = manager.admit(tab("ada")).unwrap();
    assert!(manager.connections_of(&ada).is_empty(), "nobody sees it before it is registered");
    let first = permit.register(token());
    assert_eq!((first.user(), first.client_id().map(ClientId::as_str)), (&ada, Some("tab-1")));
    assert_eq!((first.ending(), first.expires_at()), (None, later()));
    let progress = manager.tracker().progress(&ada);
    assert_eq!((progress[0].joined, progress[0].closing), (None, false), "not greeted yet");
    first.delivery().joined(7);
    assert_eq!(manager.tracker().progress(&ada)[0].joined, Some(7));

    // The same tab again: the newer one lives, the older one is told why it does not.
    let second = manager.admit(tab("ada")).unwrap().register(token());
    assert_ne!(first.id(), second.id());
    assert_eq!(first.ending(), Some(Ending::close(CloseCode::Replaced)));
    assert_eq!(second.ending(), None);
    drop(first);
    assert_eq!(
        manager.connections_of(&ada).len(),
        1,
        "the drop of the old one takes the new one's place from nobody"
    );

    // A close that lets the writer catch up gives way to one that does not; the first hard reason stands.
    let patient = Ending::Close { code: CloseCode::Draining, after_ms: 0, caught_up: true };
    assert!(second.end(patient));
    assert!(!manager.tracker().progress(&ada)[0].closing, "it still writes");
    assert_eq!(manager.send_to_connection(&ada, second.id(), &frame()), ControlOutcome::Queued);
    assert!(!second.end(patient));
    assert!(second.end(Ending::close(CloseCode::Revoked)));
    assert!(manager.tracker().progress(&ada)[0].closing);
    assert!(!second.end(Ending::Gone));
    assert_eq!(second.ending().map(Ending::code), Some(4503));
    let kept = Arc::clone(second.connection());
    drop(second);
    assert_eq!((manager.count(), metrics.connections()), (0, 1), "counted for as long as somebody holds it");
    assert_eq!(kept.ending().map(Ending::code), Some(4503), "leaving is no other reason");
    drop(kept);
    assert_eq!((metrics.connections(), manager.tracker().totals().ended), (0, 2));
    let vanished = Arc::clone(connect(&manager, "ada").connection());
    assert_eq!(vanished.ending(), Some(Ending::Gone), "a task that just ends leaves no living connection");
}

#[tokio::test]
async fn event_queuing_and_delivery() {
    let (manager, metrics) = manager(|config| config.outbox_frames = 3);
    let ada = user("ada");
    let tab = connect(&manager, "ada");
    let heartbeat = |offset| ServerFrame::Heartbeat { offset };
    let sent: Vec<_> =
        (1..=4).map(|offset| manager.send_to_connection(&ada, tab.id(), &heartbeat(offset))).collect();
    use ControlOutcome::{Full, Queued};
    assert_eq!(sent, [Queued, Queued, Queued, Full]);
    let waiting = metrics.outbox_bytes();
    let mut taken = Vec::new();
    while let Some(text) = tab.outbox().pop() {
        taken.push(serde_json::from_str::<ServerFrame>(&text).unwrap());
    }
    assert_eq!(taken, [1, 2, 3].map(heartbeat), "in the order of sending, as they go over the wire");
    assert!(waiting > 0 && metrics.outbox_bytes() == 0);
    assert_eq!(manager.send_to_connection(&ada, tab.id(), &heartbeat(5)), Queued, "room again");

    // Events queue in the log, once for all: a reader that stalls holds a place in it, not a copy of it.
    let backend = Backend::new().await;
    let (mut quick, mut stalled) = (backend.tab("ada").await, backend.tab("ada").await);
    let mut run = backend.begin("ada").await;
    let reports = backend.say_all_five(&mut run).await;
    assert_eq!(kinds(&quick.take().await), EventType::CRITICAL);
    assert_eq!((stalled.registration.outbox().len(), backend.metrics.outbox_bytes()), (0, 0));
    let behind: Vec<_> = reports.iter().map(|report| report.connections[1].outcome).collect();
    let expected =
        [Outcome::Woken, Outcome::Behind(1), Outcome::Behind(2), Outcome::Behind(3), Outcome::Behind(4)];
    assert_eq!(behind, expected);
    let first = stalled.take_text(2).await.unwrap();
    let rest = stalled.take_text(9).await.unwrap();
    assert_eq!((first.len(), rest.len()), (2, 3), "it goes on where it stood");
    assert!(!stalled.cursor.is_behind().unwrap());
}

#[tokio::test]
async fn user_context_integration_and_isolation() {
    let backend = Backend::new().await;
    let (mut adas, mut bobs) = (backend.tab("ada").await, backend.tab("bob").await);
    let (mut ada_run, mut bob_run) = (backend.begin("ada").await, backend.begin("bob").await);
    let report = backend.say(&mut ada_run, EventType::AgentStarted).await.unwrap();
    let told: Vec<_> = report.connections.iter().map(|one| &one.connection_id).collect();
    assert_eq!(told, [adas.registration.id()], "only the context's own user is woken");
    assert!(!bobs.cursor.is_behind().unwrap());

    // A context of another user cannot use this run, nor reach that user through it.
    let foreign = context("bob").child("specialist").unwrap();
    let refused = backend.notifier.agent_thinking(&mut ada_run, &foreign, "a thought", None).await;
    assert!(matches!(refused.unwrap_err(), NotifyError::ForeignContext));
    let _ = backend.say(&mut bob_run, EventType::AgentStarted).await.unwrap();
    for (tab, name) in [(&mut adas, "ada"), (&mut bobs, "bob")] {
        let seen = tab.take().await;
        assert_eq!(seen.len(), 1, "{name}");
        assert!(context(name).owns(&seen[0].head), "{:?}", seen[0].head);
    }

    // The same client id in two users' hands is two tabs.
    let tab = |name: &str| Visitor { client_id: Some(ClientId::new("tab-1").unwrap()), ..visitor(name) };
    let first = backend.manager.admit(tab("ada")).unwrap().register(token());
    let _second = backend.manager.admit(tab("bob")).unwrap().register(token());
    assert_eq!(first.ending(), None);
    assert_eq!(backend.manager.close_user(&user("bob"), Ending::close(CloseCode::Revoked)), 2);
    assert_eq!((first.ending(), adas.registration.ending()), (None, None));
    let words = ServerFrame::error(ErrorCode::Draining, "about to stop", None);
    assert_eq!(backend.notifier.tell_user(&user("ada"), &words).len(), 2);
    assert!(bobs.registration.outbox().is_empty());
}

#[test]
fn resource_cleanup_and_memory() {
    const ROUNDS: usize = 50;
    let (manager, metrics) = manager(|_| {});
    let mut ghosts: Vec<Weak<Connection>> = Vec::new();
    for round in 0..ROUNDS {
        // A new user each round: what is kept per user would pile up.
        let name = format!("user-{round}");
        let held: Vec<_> = (0..4).map(|_| connect(&manager, &name)).collect();
        let permit = manager.admit(visitor(&name)).unwrap();
        for one in &held {
            assert_eq!(manager.send_to_connection(one.user(), one.id(), &frame()), ControlOutcome::Queued);
        }
        assert_eq!((manager.count(), metrics.connections()), (5, 4));
        assert!(metrics.outbox_bytes() > 0);
        if round % 2 == 0 {
            manager.close_user(&user(&name), Ending::close(CloseCode::SlowConsumer));
        }
        ghosts.extend(held.iter().map(|one| Arc::downgrade(one.connection())));
        drop((held, permit));
    }
    assert_eq!((manager.count(), manager.connections().len(), manager.tracker().tracked()), (0, 0, 0));
    assert_eq!((metrics.connections(), metrics.outbox_bytes()), (0, 0), "unread frames go with their reader");
    assert_eq!(manager.tracker().totals().ended, 4 * ROUNDS as u64);
    assert!(ghosts.iter().all(|ghost| ghost.strong_count() == 0), "nobody holds a connection that ended");
    // And every place is free again.
    let again: Vec<_> = (0..10).map(|_| connect(&manager, "user-0")).collect();
    assert_eq!(manager.count(), again.len());
}
