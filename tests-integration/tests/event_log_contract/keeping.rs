//! How much is kept: the newest within the limits, and what went is said to be gone.

use super::Bench;
use super::given::{entries, event_id, fill, user};
use goldenpath_storage::Replay;

pub(super) async fn the_last_thousand_events_are_kept(bench: &Bench) {
    let (log, alice) = (&*bench.log, user("alice"));
    let head = fill(log, &alice, 1_005).await;
    assert_eq!(log.read(&alice, &head.epoch, 4, 10).await.unwrap(), Replay::Gone(head.clone()));
    let kept = entries(log, &alice, &head.epoch, 5).await;
    assert_eq!((kept.len(), kept[0].offset), (1_000, 6));
    assert_eq!(log.head(&alice).await.unwrap().epoch, head.epoch, "trimming is no loss");
}

pub(super) async fn the_last_eight_mebibytes_are_kept(bench: &Bench) {
    let (log, alice) = (&*bench.log, user("alice"));
    let envelope = format!("{{\"text\":\"{}\"}}", "x".repeat(1024 * 1024));
    for _ in 0..10 {
        log.append(&alice, &event_id(), &envelope).await.unwrap();
    }
    let head = log.head(&alice).await.unwrap();
    assert_eq!(log.read(&alice, &head.epoch, 2, 10).await.unwrap(), Replay::Gone(head.clone()));
    assert_eq!(entries(log, &alice, &head.epoch, 3).await.len(), 7, "eight with their braces are too many");
    // What went is not counted any more.
    assert_eq!(fill(log, &alice, 50).await.offset, 60);
    assert_eq!(entries(log, &alice, &head.epoch, 3).await.len(), 57);
}

pub(super) async fn an_event_larger_than_the_log_is_refused_and_takes_no_offset(bench: &Bench) {
    let (log, alice) = (&*bench.log, user("alice"));
    fill(log, &alice, 1).await;
    let envelope = format!("{{\"text\":\"{}\"}}", "x".repeat(8 * 1024 * 1024));
    log.append(&alice, &event_id(), &envelope).await.unwrap_err();
    let head = fill(log, &alice, 1).await;
    assert_eq!(entries(log, &alice, &head.epoch, 0).await.len(), 2);
}
