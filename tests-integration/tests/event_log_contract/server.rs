//! What only a server can do to its log: be away, stand still, be emptied, come back with less, forget who listens.

use super::given::{client, entries, event_id, fill, offsets, told, user};
use crate::driving::DEADLINE;
use goldenpath_storage::{
    AppendError, EventLog, LogLimits, OpenLogError, RedisEventLog, RedisLogSettings, Replay,
};
use goldenpath_testbed::services::Redis;
use std::time::{Duration, Instant};

/// What a busy machine may add to the time that an answer may take.
const SLACK: Duration = Duration::from_secs(10);

async fn open(server: &Redis, settings: RedisLogSettings) -> RedisEventLog {
    RedisEventLog::open(server.url(), settings).await.unwrap()
}

/// For calls that must not fail, however busy the machine.
fn patient() -> RedisLogSettings {
    RedisLogSettings { patience: DEADLINE, ..RedisLogSettings::default() }
}

/// For calls that shall fail.
fn brief() -> RedisLogSettings {
    RedisLogSettings { patience: Duration::from_secs(1), ..RedisLogSettings::default() }
}

/// Tries until the log takes an event again, as its users do.
async fn append_at_last(log: &RedisEventLog, name: &str) -> goldenpath_storage::Appended {
    let id = event_id();
    let trying = async {
        loop {
            match log.append(&user(name), &id, "{}").await {
                Ok(appended) => return appended,
                Err(AppendError::Unavailable) => tokio::time::sleep(Duration::from_millis(20)).await,
                Err(other) => panic!("{other}"),
            }
        }
    };
    tokio::time::timeout(DEADLINE, trying).await.expect("the log never recovered")
}

/// How many connections listen to the channels of users.
async fn channels(server: &Redis) -> usize {
    server.command::<Vec<String>>(&["PUBSUB", "CHANNELS"]).await.unwrap().len()
}

async fn until_channels(server: &Redis, wanted: usize) {
    let waited = tokio::time::timeout(DEADLINE, async {
        while channels(server).await != wanted {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    });
    waited.await.unwrap_or_else(|_| panic!("never {wanted} channels"));
}

/// The connection on which wakes come is cut: what was told meanwhile is told late, and what comes then at once.
#[tokio::test]
async fn a_lost_connection_of_wakes_is_healed() {
    let server = Redis::own().await.unwrap();
    let (here, there) = (open(&server, patient()).await, open(&server, patient()).await);
    let alice = user("alice");
    let mut watch = here.subscribe(&alice).await.unwrap();
    until_channels(&server, 1).await;
    for _ in 0..5 {
        let killed: u32 = server.command(&["CLIENT", "KILL", "TYPE", "pubsub"]).await.unwrap();
        assert!(killed >= 1, "nobody listened");
        let head = fill(&there, &alice, 3).await;
        assert_eq!(told(&mut watch, |told| told.offset >= head.offset).await, head);
        until_channels(&server, 1).await;
    }
}

/// Wakes that are never told are found missing by a look at where the stream stands.
#[tokio::test]
async fn wakes_that_nobody_tells_are_made_good() {
    let server = Redis::own().await.unwrap();
    let (here, there) = (open(&server, patient()).await, open(&server, patient()).await);
    let alice = user("alice");
    let mut watch = here.subscribe(&alice).await.unwrap();
    until_channels(&server, 1).await;
    // From here on nobody may subscribe, and who had is cut.
    let _: () = server.command(&["ACL", "SETUSER", "default", "-subscribe"]).await.unwrap();
    let _: u32 = server.command(&["CLIENT", "KILL", "TYPE", "pubsub"]).await.unwrap();
    let head = fill(&there, &alice, 3).await;
    assert_eq!(told(&mut watch, |told| told.offset >= head.offset).await, head);
    assert_eq!(channels(&server).await, 0, "it was told after all");
}

/// A key of ours that somebody else wrote: its user is told so, and nobody else notices.
#[tokio::test]
async fn a_spoilt_stream_is_its_users_trouble_alone() {
    let server = Redis::own().await.unwrap();
    let (here, there) = (open(&server, patient()).await, open(&server, patient()).await);
    let (alice, bob) = (user("alice"), user("bob"));
    let _spoilt = here.subscribe(&bob).await.unwrap();
    let mut watch = here.subscribe(&alice).await.unwrap();
    until_channels(&server, 2).await;
    let _: () = server.command(&["SET", "goldenpath:{bob}:stream", "mine"]).await.unwrap();
    assert!(matches!(there.append(&bob, &event_id(), "{}").await, Err(AppendError::Failed(_))));
    let _: () = server.command(&["ACL", "SETUSER", "default", "-subscribe"]).await.unwrap();
    let _: u32 = server.command(&["CLIENT", "KILL", "TYPE", "pubsub"]).await.unwrap();
    let head = fill(&there, &alice, 3).await;
    assert_eq!(told(&mut watch, |told| told.offset >= head.offset).await, head);
}

/// An emptied server: a new life, told to whoever watches on any node, once; who comes then stays.
#[tokio::test]
async fn an_emptied_server_begins_a_new_epoch_and_all_are_told() {
    let server = Redis::own().await.unwrap();
    let (here, there) = (open(&server, patient()).await, open(&server, patient()).await);
    let alice = user("alice");
    let old = fill(&here, &alice, 9).await;
    let tab = client();
    here.acknowledge(&alice, &tab, 5).await.unwrap();
    let mut watches = [here.subscribe(&alice).await.unwrap(), there.subscribe(&alice).await.unwrap()];
    let _: () = server.command(&["FLUSHALL"]).await.unwrap();
    // Nobody does anything: the loss is noticed all the same.
    let first = told(&mut watches[0], |told| told.epoch != old.epoch).await;
    let second = told(&mut watches[1], |told| told.epoch != old.epoch).await;
    assert_eq!((&first.epoch, first.offset), (&second.epoch, 0));
    assert_eq!(here.acknowledged(&alice, &tab).await.unwrap(), 0, "acks are of an epoch");
    assert_eq!(there.read(&alice, &old.epoch, 9, 10).await.unwrap(), Replay::Gone(first.clone()));
    let fresh = here.subscribe(&alice).await.unwrap();
    let head = fill(&there, &alice, 2).await;
    assert_eq!((&head.epoch, head.offset), (&first.epoch, 2), "one new life, not two");
    assert_eq!(told(&mut watches[0], |told| told.offset == 2).await, head);
    assert_eq!(fresh.borrow().epoch, first.epoch);
}

/// A server that came back with what it had a while ago: offsets that were told once are not given to other events.
#[tokio::test]
async fn a_server_that_lost_its_latest_events_begins_a_new_epoch() {
    let server = Redis::own().await.unwrap();
    let log = open(&server, patient()).await;
    let alice = user("alice");
    fill(&log, &alice, 5).await;
    let keys = ["stream", "events", "ids"].map(|key| format!("goldenpath:{{alice}}:{key}"));
    for key in &keys {
        let _: bool = server.command(&["COPY", key, &format!("{key}:saved")]).await.unwrap();
    }
    let mut watch = log.subscribe(&alice).await.unwrap();
    let old = fill(&log, &alice, 3).await;
    for key in &keys {
        let _: () = server.command(&["RENAME", &format!("{key}:saved"), key]).await.unwrap();
    }
    let new = told(&mut watch, |told| told.epoch != old.epoch).await;
    assert_eq!(new.offset, 0);
    assert_eq!(log.read(&alice, &old.epoch, 5, 10).await.unwrap(), Replay::Gone(new));
    assert_eq!(fill(&log, &alice, 1).await.offset, 1);
}

/// A server that stands still: every call is given up in time, and all goes on when the server does.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_paused_server_is_unavailable_in_time_and_loses_nothing() {
    let server = Redis::own().await.unwrap();
    let log = open(&server, brief()).await;
    let alice = user("alice");
    let head = fill(&log, &alice, 3).await;
    let mut watch = log.subscribe(&alice).await.unwrap();
    server.pause().unwrap();
    let paused = Instant::now();
    let id = event_id();
    while paused.elapsed() < Duration::from_secs(5) {
        let begun = Instant::now();
        assert!(matches!(log.append(&alice, &id, "{}").await, Err(AppendError::Unavailable)));
        assert!(matches!(log.ready().await, Err(AppendError::Unavailable)));
        let read = log.read(&alice, &head.epoch, 0, 10).await;
        assert!(matches!(read, Err(AppendError::Unavailable)));
        assert!(matches!(log.subscribe(&alice).await, Err(AppendError::Unavailable)));
        assert!(begun.elapsed() < SLACK, "four calls took {:?}", begun.elapsed());
    }
    server.resume().unwrap();
    // The event that was tried all the time, and is in the log once.
    let recovering = async {
        while log.append(&alice, &id, "{}").await.is_err() {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    tokio::time::timeout(SLACK, recovering).await.expect("it did not recover");
    let now = fill(&log, &alice, 1).await;
    assert_eq!((&now.epoch, now.offset), (&head.epoch, 5));
    assert_eq!(offsets(&entries(&log, &alice, &head.epoch, 0).await), [1, 2, 3, 4, 5]);
    assert_eq!(told(&mut watch, |told| told.offset >= 5).await, now);
    log.ready().await.unwrap();
}

/// A server that was killed and comes back with everything: the same epoch, no hole, wakes on both nodes.
#[tokio::test]
async fn a_lasting_server_may_be_killed_and_started_again() {
    let server = Redis::lasting().await.unwrap();
    let (here, there) = (open(&server, brief()).await, open(&server, brief()).await);
    let alice = user("alice");
    let mut watch = there.subscribe(&alice).await.unwrap();
    let mut expected = 0;
    for _ in 0..2 {
        let head = fill(&here, &alice, 3).await;
        expected += 3;
        assert_eq!(head.offset, expected);
        server.kill().unwrap();
        assert!(matches!(here.append(&alice, &event_id(), "{}").await, Err(AppendError::Unavailable)));
        server.start_again().await.unwrap();
        let appended = append_at_last(&here, "alice").await;
        expected += 1;
        assert_eq!((&appended.head.epoch, appended.head.offset), (&head.epoch, expected));
        assert_eq!(told(&mut watch, |told| told.offset >= expected).await, appended.head);
    }
    let epoch = watch.borrow().epoch.clone();
    assert_eq!(offsets(&entries(&there, &alice, &epoch, 0).await), (1..=expected).collect::<Vec<_>>());
}

/// A server that keeps nothing and is started again was emptied: scripts are told anew, and there is a new life.
#[tokio::test]
async fn a_server_that_keeps_nothing_may_be_restarted() {
    let server = Redis::own().await.unwrap();
    let log = open(&server, brief()).await;
    let old = fill(&log, &user("alice"), 3).await;
    let mut watch = log.subscribe(&user("alice")).await.unwrap();
    server.restart().await.unwrap();
    told(&mut watch, |told| told.epoch != old.epoch).await;
    let appended = append_at_last(&log, "alice").await;
    assert_eq!(appended.head.offset, 1);
    assert_ne!(appended.head.epoch, old.epoch);
}

/// Who watched and left costs nothing on the server.
#[tokio::test]
async fn channels_are_left_when_the_last_watcher_goes() {
    let server = Redis::own().await.unwrap();
    let log = open(&server, patient()).await;
    let mut watches = Vec::new();
    for n in 0..600 {
        watches.push(log.subscribe(&user(&format!("user-{n}"))).await.unwrap());
    }
    let second = log.subscribe(&user("user-0")).await.unwrap();
    until_channels(&server, 600).await;
    watches.clear();
    until_channels(&server, 1).await;
    drop(second);
    until_channels(&server, 0).await;
    drop(log);
    let waited = tokio::time::timeout(DEADLINE, async {
        // The one that asks is there, too.
        while server.command::<String>(&["CLIENT", "LIST"]).await.unwrap().lines().count() > 1 {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    });
    waited.await.expect("a log that is gone holds connections");
}

/// A stream that nobody uses expires with all its keys; one that is watched does not; what is too old is gone.
#[tokio::test]
async fn what_is_out_of_date_expires() {
    let server = Redis::own().await.unwrap();
    let limits = LogLimits { age_ms: 1_000, ..LogLimits::default() };
    let settings = RedisLogSettings { limits, look_every: Duration::from_millis(100), ..patient() };
    let log = open(&server, settings).await;
    let (idle, watched) = (user("idle"), user("watched"));
    fill(&log, &idle, 3).await;
    log.acknowledge(&idle, &client(), 1).await.unwrap();
    let watch = log.subscribe(&watched).await.unwrap();
    let head = fill(&log, &watched, 3).await;
    let mut left = Vec::new();
    let waited = tokio::time::timeout(DEADLINE, async {
        loop {
            left = server.command::<Vec<String>>(&["KEYS", "goldenpath:{*"]).await.unwrap();
            if left == ["goldenpath:{watched}:stream"] {
                return;
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    });
    waited.await.unwrap_or_else(|_| panic!("left: {left:?}"));
    assert_eq!(log.head(&watched).await.unwrap(), head, "a watched stream is never forgotten");
    assert_eq!(log.read(&watched, &head.epoch, 2, 10).await.unwrap(), Replay::Gone(head.clone()));
    assert_eq!(entries(&log, &watched, &head.epoch, 3).await, [], "who has everything misses nothing");
    assert_eq!(fill(&log, &watched, 1).await.offset, 4, "offsets go on");
    assert_eq!(watch.borrow().offset, 4);
}

/// What cannot be opened says why, and never the password.
#[tokio::test]
async fn a_log_that_cannot_be_opened_says_why() {
    let server = Redis::own().await.unwrap();
    let settings = RedisLogSettings::default;
    let said = async |url: &str| {
        let refused = RedisEventLog::open(url, settings()).await.unwrap_err();
        let said = format!("{refused} {refused:?}");
        assert!(!said.contains("hunter2"), "{said}");
        (refused, said)
    };
    let (_, wrong) = said("http://:hunter2@127.0.0.1/").await;
    assert!(wrong.contains("redis://HOST:PORT"), "{wrong}");
    let (_, wrong) = said("redis://:hunter2@127.0.0.1:port/").await;
    assert!(wrong.contains("names no Redis server"), "{wrong}");
    let (_, nobody) = said("redis://:hunter2@127.0.0.1:1/").await;
    assert!(nobody.contains("`127.0.0.1:1`"), "{nobody}");

    let place = server.url().strip_prefix("redis://").unwrap();
    let _: () = server.command(&["CONFIG", "SET", "requirepass", "swordfish"]).await.unwrap();
    let (refused, _) = said(&format!("redis://:hunter2@{place}")).await;
    assert!(matches!(refused, OpenLogError::Server { .. }), "{refused:?}");
    let log = RedisEventLog::open(&format!("redis://:swordfish@{place}"), settings()).await.unwrap();
    assert!(!format!("{log:?}").contains("swordfish"), "{log:?}");
    fill(&log, &user("alice"), 1).await;
}
