//! Each event once, with the next number, and no byte but the offset of ours.

use super::Bench;
use super::given::{entries, event_id, fill, user};

pub(super) async fn a_new_user_has_an_empty_stream_with_a_lasting_epoch(bench: &Bench) {
    let log = &*bench.log;
    let head = log.head(&user("alice")).await.unwrap();
    assert_eq!(head.offset, 0);
    let epoch = head.epoch.as_str();
    assert!(
        epoch.len() == 32 && epoch.bytes().all(|byte| byte.is_ascii_hexdigit()),
        "128 bits in hex: {epoch}"
    );
    assert_eq!(log.head(&user("alice")).await.unwrap(), head, "asking changes nothing");
    assert_eq!(bench.other.head(&user("alice")).await.unwrap(), head, "on another node neither");
    assert_ne!(log.head(&user("bob")).await.unwrap().epoch, head.epoch, "each user has its own");
    assert_eq!(entries(log, &user("alice"), &head.epoch, 0).await, []);
}

pub(super) async fn offsets_grow_by_one_per_user(bench: &Bench) {
    for expected in 1..=5 {
        for name in ["alice", "bob"] {
            let appended = bench.log.append(&user(name), &event_id(), "{\"a\":1}").await.unwrap();
            assert_eq!((appended.head.offset, appended.duplicate), (expected, false), "{name}");
        }
    }
}

pub(super) async fn the_offset_is_spliced_in_and_no_other_byte_changes(bench: &Bench) {
    let (log, alice) = (&*bench.log, user("alice"));
    let given = [
        r#"{"z":1,"a":"ü }","b":{"c":[]}}"#,
        r"{}",
        r#"{ "spaced" : true }"#,
        "{\"%s\":\"\\u0000 7\\r\\n\"}",
    ];
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
            r#"{ "spaced" : true ,"offset":3}"#,
            "{\"%s\":\"\\u0000 7\\r\\n\",\"offset\":4}",
        ]
    );
}

pub(super) async fn what_is_no_object_is_refused_and_takes_no_offset(bench: &Bench) {
    let alice = user("alice");
    for envelope in ["", "null", "[]", "{", "}", "\"{}\""] {
        bench.log.append(&alice, &event_id(), envelope).await.unwrap_err();
    }
    assert_eq!(fill(&*bench.log, &alice, 1).await.offset, 1);
}

pub(super) async fn the_same_event_id_is_kept_once(bench: &Bench) {
    let (log, alice, id) = (&*bench.log, user("alice"), event_id());
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
