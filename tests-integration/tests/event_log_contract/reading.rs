//! What a resume finds: everything, densely, the same bytes; or where the stream stands.

use super::Bench;
use super::given::{entries, event_id, fill, offsets, user};
use goldenpath_protocol::Epoch;
use goldenpath_storage::Replay;

pub(super) async fn a_read_gives_what_follows_densely_and_the_same_bytes_each_time(bench: &Bench) {
    let (log, alice) = (&*bench.log, user("alice"));
    let epoch = fill(log, &alice, 200).await.epoch;
    let all = entries(log, &alice, &epoch, 0).await;
    assert_eq!(offsets(&all), (1..=200).collect::<Vec<_>>());
    for after in [0, 1, 9, 63, 64, 65, 127, 128, 136, 199, 200] {
        let rest = entries(log, &alice, &epoch, after).await;
        assert_eq!(rest[..], all[usize::try_from(after).unwrap()..], "after {after}");
    }
    for most in [0, 1, 2, 63, 64, 65, 128, 197] {
        let page = log.read(&alice, &epoch, 3, most).await.unwrap();
        assert_eq!(page, Replay::Events(all[3..3 + most].to_vec()), "at most {most}");
    }
}

pub(super) async fn large_and_small_events_are_read_alike(bench: &Bench) {
    let (log, alice) = (&*bench.log, user("alice"));
    let sizes = [1, 300_000, 300_000, 1, 1, 700_000, 1, 1, 1, 100_000, 450_000, 1];
    for size in sizes {
        let envelope = format!("{{\"text\":\"{}\"}}", "x".repeat(size));
        log.append(&alice, &event_id(), &envelope).await.unwrap();
    }
    let epoch = log.head(&alice).await.unwrap().epoch;
    for most in 0..=sizes.len() {
        let Replay::Events(events) = log.read(&alice, &epoch, 0, most).await.unwrap() else {
            panic!("gone");
        };
        assert_eq!(offsets(&events), (1..=most as u64).collect::<Vec<_>>(), "at most {most}");
        assert!(events.iter().zip(sizes).all(|(event, size)| event.envelope.len() > size));
    }
}

pub(super) async fn what_is_not_there_is_gone_and_the_answer_says_where_the_stream_stands(bench: &Bench) {
    let (log, alice) = (&*bench.log, user("alice"));
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

pub(super) async fn users_of_any_name_have_streams_of_their_own(bench: &Bench) {
    let names = ["a", "A", "{a}", "a}", "{", "}", "%41", "a:head:0", "a:stream", "*", "💥", "auth0|7"];
    let mut epochs = Vec::new();
    for name in names {
        let appended = bench.log.append(&user(name), &event_id(), "{}").await.unwrap();
        assert_eq!(appended.head.offset, 1, "`{name}` shares a stream");
        epochs.push(appended.head.epoch);
    }
    for (name, epoch) in names.iter().zip(epochs) {
        assert_eq!(entries(&*bench.log, &user(name), &epoch, 0).await.len(), 1, "{name}");
    }
}

pub(super) async fn a_working_log_is_ready(bench: &Bench) {
    bench.log.ready().await.unwrap();
}
