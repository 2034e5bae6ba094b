//! `DeliveryTracker`: where every event stands on every connection, and what was counted when a connection ended.

use crate::parts::user;
use goldenpath_gateway::{ConnectionProgress, DeliveryTotals, DeliveryTracker, Outcome, TrackedConnection};
use goldenpath_protocol::ConnectionId;
use std::sync::Arc;

fn id(name: &str) -> ConnectionId {
    ConnectionId::new(name).unwrap()
}

fn track(tracker: &Arc<DeliveryTracker>, name: &str) -> TrackedConnection {
    tracker.track(&user("ada"), &id(name))
}

#[test]
fn an_event_stands_where_its_writer_and_its_client_are() {
    let tracker = Arc::new(DeliveryTracker::new());
    let tab = track(&tracker, "c-1");
    let outcomes = |offsets: &[u64]| {
        let of = |offset: &u64| tracker.outcomes(&user("ada"), *offset)[0].outcome;
        offsets.iter().map(of).collect::<Vec<_>>()
    };
    assert_eq!(outcomes(&[0, 1, 9]), [Outcome::Joining; 3], "nothing is known before the greeting");
    tab.joined(3);
    let expected = [Outcome::BeforeJoin, Outcome::BeforeJoin, Outcome::Woken, Outcome::Behind(5)];
    assert_eq!((outcomes(&[2, 3, 4, 9]), tab.last_written()), (expected.to_vec(), 3));
    for offset in 4..=7 {
        tab.written(offset);
    }
    assert!(tab.acknowledged(5), "up to there");
    let expected = [
        Outcome::BeforeJoin,
        Outcome::Acknowledged,
        Outcome::Acknowledged,
        Outcome::Written,
        Outcome::Written,
        Outcome::Woken,
        Outcome::Behind(1),
        Outcome::Behind(4),
    ];
    assert_eq!((outcomes(&[3, 4, 5, 6, 7, 8, 9, 12]), tab.last_written()), (expected.to_vec(), 7));
    assert!(!tab.acknowledged(8) && tab.acknowledged(7), "the last one written, and none after it");
    tab.closing();
    let expected = [Outcome::Acknowledged, Outcome::Closing, Outcome::Closing];
    assert_eq!(outcomes(&[7, 8, 9]), expected, "what was written stays so");
}

#[test]
fn outcomes_have_names_and_some_are_live() {
    for (outcome, name, live) in [
        (Outcome::Acknowledged, "acknowledged", true),
        (Outcome::Written, "written", true),
        (Outcome::Woken, "woken", true),
        (Outcome::Behind(3), "behind", true),
        (Outcome::Joining, "joining", false),
        (Outcome::BeforeJoin, "before_join", false),
        (Outcome::Closing, "closing", false),
    ] {
        assert_eq!((outcome.as_str(), outcome.is_live()), (name, live));
    }
}

#[test]
fn each_connection_is_told_by_itself_until_it_is_dropped() {
    let tracker = Arc::new(DeliveryTracker::new());
    let (one, two) = (track(&tracker, "c-1"), track(&tracker, "c-2"));
    let bobs = tracker.track(&user("bob"), &id("c-3"));
    one.joined(4);
    one.written(5);
    assert!(one.acknowledged(5));
    two.closing();
    let progress = |name: &str, joined, written, acknowledged, closing| ConnectionProgress {
        connection_id: id(name),
        joined,
        written,
        acknowledged,
        closing,
    };
    let expected = [progress("c-1", Some(4), 5, 5, false), progress("c-2", None, 0, 0, true)];
    assert_eq!(tracker.progress(&user("ada")), expected);
    assert_eq!((tracker.progress(&user("eve")), tracker.tracked()), (vec![], 3));
    let named: Vec<_> = tracker.outcomes(&user("ada"), 6).into_iter().map(|one| one.connection_id).collect();
    assert_eq!(named, [id("c-1"), id("c-2")]);

    drop(one);
    assert_eq!(tracker.progress(&user("ada")), [progress("c-2", None, 0, 0, true)], "the other one stays");
    drop(two);
    assert_eq!((tracker.progress(&user("ada")), tracker.tracked()), (vec![], 1));
    drop(bobs);
    assert_eq!(tracker.tracked(), 0);
}

#[test]
fn what_a_connection_leaves_unacknowledged_is_counted() {
    let tracker = Arc::new(DeliveryTracker::new());
    let totals =
        |written, ended, ended_unacknowledged| DeliveryTotals { written, ended, ended_unacknowledged };
    assert_eq!(tracker.totals(), totals(0, 0, 0));
    // How many events are written, and how many of them are acknowledged.
    for (written, acknowledged, expected) in
        [(0, 0, totals(0, 1, 0)), (2, 2, totals(2, 2, 0)), (3, 2, totals(5, 3, 1)), (1, 0, totals(6, 4, 2))]
    {
        let tab = track(&tracker, "c-1");
        tab.joined(0);
        for offset in 1..=written {
            tab.written(offset);
        }
        assert!(tab.acknowledged(acknowledged));
        drop(tab);
        assert_eq!(tracker.totals(), expected);
    }
}
