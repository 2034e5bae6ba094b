//! Who watches is woken: by every event of the user, by nothing else.

use super::Bench;
use super::given::{event_id, fill, told, user};

pub(super) async fn every_append_wakes_who_watches(bench: &Bench) {
    let (log, alice) = (&*bench.log, user("alice"));
    let mut watch = log.subscribe(&alice).await.unwrap();
    let mut late = log.subscribe(&alice).await.unwrap();
    let start = watch.borrow_and_update().clone();
    assert_eq!(start, log.head(&alice).await.unwrap());
    let appended = log.append(&alice, &event_id(), "{}").await.unwrap();
    watch.changed().await.unwrap();
    assert_eq!(*watch.borrow_and_update(), appended.head);
    let head = fill(log, &alice, 5).await;
    late.changed().await.unwrap();
    assert_eq!(*late.borrow_and_update(), head, "a slow watcher sees the newest head, once");
    assert!(!late.has_changed().unwrap());
    watch.borrow_and_update();
    fill(log, &user("bob"), 1).await;
    assert!(!watch.has_changed().unwrap(), "others' events wake nobody");
}

pub(super) async fn a_duplicate_wakes_nobody(bench: &Bench) {
    let (log, alice, id) = (&*bench.log, user("alice"), event_id());
    log.append(&alice, &id, "{}").await.unwrap();
    let mut watch = log.subscribe(&alice).await.unwrap();
    watch.borrow_and_update();
    log.append(&alice, &id, "{}").await.unwrap();
    assert!(!watch.has_changed().unwrap());
}

pub(super) async fn who_watches_again_is_woken_again(bench: &Bench) {
    let (log, alice) = (&*bench.log, user("alice"));
    for round in 1..=20 {
        let mut watch = log.subscribe(&alice).await.unwrap();
        let appended = bench.other.append(&alice, &event_id(), "{}").await.unwrap();
        assert_eq!(told(&mut watch, |head| head.offset >= round).await, appended.head);
    }
}
