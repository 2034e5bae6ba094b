//! What every `EventLog` owes, as functions over the trait; run here over the memory log.

use goldenpath_protocol::{ClientId, Epoch, EventId, Timestamp, UserId};
use goldenpath_storage::{EventLog, Head, LogEntry, LogLimits, MemoryEventLog, Replay};
use std::sync::Arc;

pub(crate) fn user(name: &str) -> UserId {
    UserId::new(name).unwrap()
}

pub(crate) fn event_id() -> EventId {
    EventId::from(uuid::Uuid::now_v7())
}

/// Appends `count` events and gives the head after them.
pub(crate) async fn fill(log: &dyn EventLog, user: &UserId, count: u64) -> Head {
    for n in 0..count {
        log.append(user, &event_id(), &format!("{{\"n\":{n}}}")).await.unwrap();
    }
    log.head(user).await.unwrap()
}

pub(crate) async fn entries(log: &dyn EventLog, user: &UserId, epoch: &Epoch, after: u64) -> Vec<LogEntry> {
    match log.read(user, epoch, after, usize::MAX).await.unwrap() {
        Replay::Events(entries) => entries,
        Replay::Gone(head) => panic!("gone: {head:?}"),
    }
}

async fn a_new_user_has_an_empty_stream_with_a_lasting_epoch(log: &dyn EventLog) {
    let head = log.head(&user("alice")).await.unwrap();
    assert_eq!(head.offset, 0);
    let epoch = head.epoch.as_str();
    assert!(
        epoch.len() == 32 && epoch.bytes().all(|byte| byte.is_ascii_hexdigit()),
        "128 bits in hex: {epoch}"
    );
    assert_eq!(log.head(&user("alice")).await.unwrap(), head, "asking changes nothing");
    assert_ne!(log.head(&user("bob")).await.unwrap().epoch, head.epoch, "each user has its own");
    assert_eq!(entries(log, &user("alice"), &head.epoch, 0).await, []);
}

async fn offsets_grow_by_one_per_user(log: &dyn EventLog) {
    for expected in 1..=5 {
        for name in ["alice", "bob"] {
            let appended = log.append(&user(name), &event_id(), "{\"a\":1}").await.unwrap();
            assert_eq!((appended.head.offset, appended.duplicate), (expected, false), "{name}");
        }
    }
}

async fn the_offset_is_spliced_in_and_no_other_byte_changes(log: &dyn EventLog) {
    let alice = user("alice");
    let given = [r#"{"z":1,"a":"ü }","b":{"c":[]}}"#, r"{}", r#"{ "spaced" : true }"#];
    for envelope in given {
        log.append(&alice, &event_id(), envelope).await.unwrap();
    }
    let epoch = log.head(&alice).await.unwrap().epoch;
    let kept: Vec<_> =
        entries(log, &alice, &epoch, 0).await.into_iter().map(|entry| entry.envelope.to_string()).collect();
    assert_eq!(
        kept,
        [
            r#"{"z":1,"a":"ü }","b":{"c":[]},"offset":1}"#,
            r#"{"offset":2}"#,
            r#"{ "spaced" : true ,"offset":3}"#
        ]
    );
}

async fn what_is_no_object_is_refused_and_takes_no_offset(log: &dyn EventLog) {
    let alice = user("alice");
    for envelope in ["", "null", "[]", "{", "}", "\"{}\""] {
        log.append(&alice, &event_id(), envelope).await.unwrap_err();
    }
    assert_eq!(fill(log, &alice, 1).await.offset, 1);
}

async fn the_same_event_id_is_kept_once(log: &dyn EventLog) {
    let alice = user("alice");
    let id = event_id();
    let first = log.append(&alice, &id, "{\"a\":1}").await.unwrap();
    fill(log, &alice, 3).await;
    let again = log.append(&alice, &id, "{\"a\":1}").await.unwrap();
    assert!(again.duplicate);
    assert_eq!(again.head, first.head, "it tells where the event lies");
    let head = log.head(&alice).await.unwrap();
    assert_eq!(head.offset, 4);
    assert_eq!(entries(log, &alice, &head.epoch, 0).await.len(), 4);
    assert!(!log.append(&user("bob"), &id, "{}").await.unwrap().duplicate, "ids are told apart per user");
}

async fn a_read_gives_what_follows_densely_and_the_same_bytes_each_time(log: &dyn EventLog) {
    let alice = user("alice");
    let epoch = fill(log, &alice, 10).await.epoch;
    let all = entries(log, &alice, &epoch, 0).await;
    assert_eq!(all.iter().map(|entry| entry.offset).collect::<Vec<_>>(), (1..=10).collect::<Vec<_>>());
    for after in 0..=10_u64 {
        let rest = entries(log, &alice, &epoch, after).await;
        assert_eq!(rest[..], all[usize::try_from(after).unwrap()..], "after {after}");
    }
    let page = log.read(&alice, &epoch, 3, 2).await.unwrap();
    assert_eq!(page, Replay::Events(all[3..5].to_vec()));
    assert_eq!(log.read(&alice, &epoch, 3, 0).await.unwrap(), Replay::Events(Vec::new()));
}

async fn what_is_not_there_is_gone_and_the_answer_says_where_the_stream_stands(log: &dyn EventLog) {
    let alice = user("alice");
    let head = fill(log, &alice, 3).await;
    let bobs = log.head(&user("bob")).await.unwrap().epoch;
    let unknown = Epoch::new("00000000000000000000000000000001").unwrap();
    for (epoch, offset) in
        [(&unknown, 0), (&bobs, 1), (&unknown, 3), (&head.epoch, 4), (&head.epoch, u64::MAX)]
    {
        let answer = log.read(&alice, epoch, offset, 10).await.unwrap();
        assert_eq!(answer, Replay::Gone(head.clone()), "{epoch}:{offset}");
    }
}

async fn every_append_wakes_who_watches(log: &dyn EventLog) {
    let alice = user("alice");
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

async fn a_duplicate_wakes_nobody(log: &dyn EventLog) {
    let alice = user("alice");
    let id = event_id();
    log.append(&alice, &id, "{}").await.unwrap();
    let mut watch = log.subscribe(&alice).await.unwrap();
    watch.borrow_and_update();
    log.append(&alice, &id, "{}").await.unwrap();
    assert!(!watch.has_changed().unwrap());
}

async fn acks_only_grow_and_never_trim(log: &dyn EventLog) {
    let alice = user("alice");
    let tab = ClientId::from(uuid::Uuid::now_v7());
    let head = fill(log, &alice, 9).await;
    assert_eq!(log.acknowledged(&alice, &tab).await.unwrap(), 0);
    for (given, kept) in [(5, 5), (3, 5), (0, 5), (8, 8), (8, 8)] {
        assert_eq!(log.acknowledge(&alice, &tab, given).await.unwrap(), kept);
        assert_eq!(log.acknowledged(&alice, &tab).await.unwrap(), kept);
    }
    assert_eq!(log.acknowledge(&alice, &tab, 1_000).await.unwrap(), 9, "nothing beyond the head was sent");
    assert_eq!(entries(log, &alice, &head.epoch, 0).await.len(), 9);
}

async fn acks_are_a_users_and_a_clients_own(log: &dyn EventLog) {
    let (alice, bob) = (user("alice"), user("bob"));
    let (one, two) = (ClientId::from(uuid::Uuid::now_v7()), ClientId::from(uuid::Uuid::now_v7()));
    fill(log, &alice, 3).await;
    fill(log, &bob, 3).await;
    log.acknowledge(&alice, &one, 2).await.unwrap();
    assert_eq!(log.acknowledged(&alice, &two).await.unwrap(), 0);
    assert_eq!(log.acknowledged(&bob, &one).await.unwrap(), 0, "the same client id of another user");
}

async fn a_working_log_is_ready(log: &dyn EventLog) {
    log.ready().await.unwrap();
}

async fn appends_that_come_together_leave_no_hole(log: Arc<dyn EventLog>) {
    let writers: Vec<_> = (0..8)
        .map(|_| {
            let log = Arc::clone(&log);
            tokio::spawn(async move { fill(log.as_ref(), &user("alice"), 50).await })
        })
        .collect();
    for writer in writers {
        writer.await.unwrap();
    }
    let head = log.head(&user("alice")).await.unwrap();
    assert_eq!(head.offset, 400);
    let offsets: Vec<_> = entries(log.as_ref(), &user("alice"), &head.epoch, 0)
        .await
        .iter()
        .map(|entry| entry.offset)
        .collect();
    assert_eq!(offsets, (1..=400).collect::<Vec<_>>());
}

/// One test per promise and implementation.
macro_rules! suite {
    ($implementation:ident, $open:expr, [$($promise:ident),* $(,)?]) => {
        mod $implementation {
            use super::*;
            $(
                #[tokio::test]
                async fn $promise() {
                    super::$promise(&$open).await;
                }
            )*
            #[tokio::test(flavor = "multi_thread", worker_threads = 4)]
            async fn appends_that_come_together_leave_no_hole() {
                super::appends_that_come_together_leave_no_hole(Arc::new($open)).await;
            }
        }
    };
    ($($implementation:ident: $open:expr;)*) => {
        $(suite!($implementation, $open, [
            a_new_user_has_an_empty_stream_with_a_lasting_epoch,
            offsets_grow_by_one_per_user,
            the_offset_is_spliced_in_and_no_other_byte_changes,
            what_is_no_object_is_refused_and_takes_no_offset,
            the_same_event_id_is_kept_once,
            a_read_gives_what_follows_densely_and_the_same_bytes_each_time,
            what_is_not_there_is_gone_and_the_answer_says_where_the_stream_stands,
            every_append_wakes_who_watches,
            a_duplicate_wakes_nobody,
            acks_only_grow_and_never_trim,
            acks_are_a_users_and_a_clients_own,
            a_working_log_is_ready,
        ]);)*
    };
}

suite! {
    memory: MemoryEventLog::new(LogLimits::default(), Arc::new(|| Timestamp::from_unix_ms(1_800_000_000_000)));
}
