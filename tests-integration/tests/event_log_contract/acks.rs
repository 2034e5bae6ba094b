//! Acknowledgements: a user's and a client's own, only growing, advisory.

use super::Bench;
use super::given::{client, entries, fill, user};

pub(super) async fn acks_only_grow_and_never_trim(bench: &Bench) {
    let (log, alice, tab) = (&*bench.log, user("alice"), client());
    let head = fill(log, &alice, 9).await;
    assert_eq!(log.acknowledged(&alice, &tab).await.unwrap(), 0);
    for (given, kept) in [(5, 5), (3, 5), (0, 5), (8, 8), (8, 8)] {
        assert_eq!(log.acknowledge(&alice, &tab, given).await.unwrap(), kept);
        assert_eq!(log.acknowledged(&alice, &tab).await.unwrap(), kept);
        assert_eq!(bench.other.acknowledged(&alice, &tab).await.unwrap(), kept, "on another node");
    }
    assert_eq!(log.acknowledge(&alice, &tab, 1_000).await.unwrap(), 9, "nothing beyond the head was sent");
    assert_eq!(entries(log, &alice, &head.epoch, 0).await.len(), 9);
}

pub(super) async fn acks_are_a_users_and_a_clients_own(bench: &Bench) {
    let (log, alice, bob) = (&*bench.log, user("alice"), user("bob"));
    let (one, two) = (client(), client());
    fill(log, &alice, 3).await;
    fill(log, &bob, 3).await;
    log.acknowledge(&alice, &one, 2).await.unwrap();
    assert_eq!(log.acknowledged(&alice, &two).await.unwrap(), 0);
    assert_eq!(log.acknowledged(&bob, &one).await.unwrap(), 0, "the same client id of another user");
}

pub(super) async fn made_up_client_ids_cost_a_bounded_room(bench: &Bench) {
    let (log, alice) = (&*bench.log, user("alice"));
    fill(log, &alice, 9).await;
    let clients: Vec<_> = (0..100).map(|_| client()).collect();
    for client in &clients {
        log.acknowledge(&alice, client, 7).await.unwrap();
    }
    let mut kept = 0;
    for client in &clients {
        kept += usize::from(log.acknowledged(&alice, client).await.unwrap() == 7);
    }
    assert_eq!(kept, 64);
    assert_eq!(log.acknowledged(&alice, &clients[99]).await.unwrap(), 7, "the latest is kept");
}
