//! What breaks behind the front, and heals by itself, costs no user an event.

mod authority;

use crate::backend::Backend;
use crate::driving::{Seen, judge};
use crate::outage::{Course, EXCUSED, Ordeal, withstands};
use crate::stand_in::{NodeSettings, Whole, Wishes};
use authority::Authority;
use goldenpath_checkers::Verdict;
use std::path::Path;
use std::time::Duration;

/// How many ask where what breaks is not a node …
const FEW: usize = 4;
/// … and where it is.
const MANY: usize = 50;

/// For how long something is away: longer than a call to Postgres or Redis may take, and than a node is taken for alive in silence.
const AWAY: Duration = Duration::from_secs(8);

/// Long enough that others take a node for dead, which they do after six seconds, looking every two.
const STILL: Duration = Duration::from_secs(12);

/// What a statement takes of a database that is slow.
const SLOW: Duration = Duration::from_secs(2);

/// How many statements are slow now.
const SLEEPERS: &str = "SELECT count(*) FROM pg_stat_activity WHERE wait_event = 'PgSleep'";

/// Between two looks at them.
const LOOK: Duration = Duration::from_millis(20);

/// How far a clock is off, either way.
const OFF: [&str; 2] = ["+3s", "-3s"];

/// Where Debian has what sets another clock.
const FAKETIME: &str = "/usr/lib/x86_64-linux-gnu/faketime/libfaketimeMT.so.1";

fn breaking_servers() -> Wishes {
    Wishes { breaks_servers: true, ..Wishes::default() }
}

/// Lets something befall the processes of a stand-in, and judges what so many users saw; of a backend that is somebody else's nothing
/// is broken.
async fn through(
    backend: &Backend,
    users: usize,
    what: &str,
    befall: impl AsyncFn(&Whole),
) -> Option<(Vec<Course>, Seen)> {
    through_excusing(backend, users, what, &[], befall).await
}

async fn through_excusing(
    backend: &Backend,
    users: usize,
    what: &str,
    excused: &[(&str, &str)],
    befall: impl AsyncFn(&Whole),
) -> Option<(Vec<Course>, Seen)> {
    let Some(whole) = backend.whole() else {
        println!("{what}: not tried, since `{}` is not ours to break", backend.target.safe_url());
        return None;
    };
    let excused = [EXCUSED, excused].concat();
    let ordeal = Ordeal { what: what.to_owned(), users, excused, ..Ordeal::default() };
    Some(withstands(backend, &ordeal, async || befall(whole).await).await)
}

/// How many of the users were turned away once, or lost a connection.
fn disturbed(courses: &[Course]) -> usize {
    let undisturbed = |course: &&Course| {
        let mut conns: Vec<u32> = course.all().flat_map(|asked| asked.conns.iter().copied()).collect();
        conns.dedup();
        conns.len() == 1 && course.all().all(|asked| asked.refused == 0 && asked.state == "completed")
    };
    courses.len() - courses.iter().filter(undisturbed).count()
}

/// How many runs were not whole.
fn failed(courses: &[Course]) -> usize {
    courses.iter().flat_map(Course::all).filter(|asked| asked.state != "completed").count()
}

/// Fails when a node gives up on what takes two seconds instead of none, or tells it out of order.
#[tokio::test(flavor = "multi_thread")]
async fn statements_of_two_seconds_lose_nothing() {
    let backend = Backend::with(&breaking_servers()).await;
    let seen = through(&backend, FEW, "Postgres is slow", async |whole| {
        let database = whole.servers.database();
        database.slow_down(SLOW).await.unwrap();
        let slow = async || database.number(SLEEPERS).await.unwrap();
        while slow().await == 0 {
            tokio::time::sleep(LOOK).await;
        }
        tokio::time::sleep(AWAY).await;
        database.speed_up().await.unwrap();
    })
    .await;
    let Some((courses, _)) = seen else { return };
    assert_eq!(disturbed(&courses), 0, "{courses:#?}");
}

/// Fails when a node without a connection to its database drops what it could not write, or does not find back.
#[tokio::test(flavor = "multi_thread")]
async fn a_database_without_a_free_connection_loses_nothing() {
    let backend = Backend::with(&breaking_servers()).await;
    let seen = through(&backend, FEW, "Postgres is full", async |whole| {
        let crowd = whole.servers.database().crowd_out().await.unwrap();
        tokio::time::sleep(AWAY).await;
        crowd.leave().await.unwrap();
    })
    .await;
    let Some((courses, _)) = seen else { return };
    assert_eq!(failed(&courses), 0, "{courses:#?}");
}

/// Fails when a node that is cut off from its log keeps its users waiting for ever, or tells them less than the others.
#[tokio::test(flavor = "multi_thread")]
async fn a_node_that_is_cut_off_from_redis_loses_nothing() {
    let backend = Backend::with(&Wishes { cuts_redis: true, ..Wishes::default() }).await;
    let seen = through(&backend, FEW, "a node is cut off from Redis", async |whole| {
        let relay = whole.relay.as_ref().unwrap();
        relay.cut();
        tokio::time::sleep(AWAY).await;
        assert!(relay.held_up() > 0, "nothing was on the way that was cut");
        relay.heal();
    })
    .await;
    let Some((courses, _)) = seen else { return };
    assert_eq!(failed(&courses), 0, "{courses:#?}");
}

/// Fails when users of a dead node do not come back on another, or its runs never end, or end twice.
#[tokio::test(flavor = "multi_thread")]
async fn fifty_users_outlive_a_killed_node() {
    let backend = Backend::open().await;
    let seen = through(&backend, MANY, "a node is killed", async |whole| {
        let node = whole.nodes[0].process();
        node.kill().unwrap();
        tokio::time::sleep(AWAY).await;
        node.start_again().await.unwrap();
    })
    .await;
    let Some((courses, _)) = seen else { return };
    let disturbed = disturbed(&courses);
    assert!(0 < disturbed && disturbed < MANY, "{disturbed} of {MANY} users noticed: {courses:#?}");
}

/// Fails when a node that stood still goes on with runs that another has ended meanwhile, or its users never hear of the end.
#[tokio::test(flavor = "multi_thread")]
async fn fifty_users_outlive_a_node_that_stands_still() {
    let backend = Backend::open().await;
    through(&backend, MANY, "a node stands still", async |whole| {
        let node = whole.nodes[0].process();
        node.pause().unwrap();
        tokio::time::sleep(STILL).await;
        node.resume().unwrap();
    })
    .await;
}

/// Fails when nodes need the auth service for users whom they know, or do not hear of it again when it is back.
#[tokio::test(flavor = "multi_thread")]
async fn nobody_who_is_in_notices_that_the_auth_service_is_away() {
    let Some((authority, backend)) = Authority::with_backend().await else { return };
    let away = authority::away();
    let seen = through(&backend, FEW, "the auth service is away", async |_| {
        let known = authority.users(1).await;
        authority.process().kill().unwrap();
        tokio::time::sleep(away).await;
        authority::let_in(&known, &backend).await;
        authority.process().start_again().await.unwrap();
        authority.let_in_somebody_new(&backend).await;
    })
    .await;
    let Some((courses, _)) = seen else { return };
    assert_eq!(disturbed(&courses), 0, "{courses:#?}");
}

/// Fails when a token that an old key signed is refused in its time, or one of a new key is not known at once.
#[tokio::test(flavor = "multi_thread")]
async fn keys_are_rotated_in_the_middle_of_runs() {
    let Some((authority, backend)) = Authority::with_backend().await else { return };
    let seen = through(&backend, FEW, "keys are rotated", async |_| {
        let before = authority.let_in_somebody_new(&backend).await;
        authority.rotate().await;
        assert_ne!(authority.let_in_somebody_new(&backend).await, before, "the same key signs");
    })
    .await;
    let Some((courses, _)) = seen else { return };
    assert_eq!(disturbed(&courses), 0, "{courses:#?}");
}

/// Fails when a node whose clock is off refuses good tokens, is taken for dead, or tells a run's times in another order than its events.
#[tokio::test(flavor = "multi_thread")]
async fn a_clock_that_is_off_confuses_nobody_not_even_when_its_node_dies() {
    assert!(
        Path::new(FAKETIME).is_file(),
        "failed to find `{FAKETIME}` (hint: on Debian: apt-get install faketime)"
    );
    for off in OFF {
        through_a_clock_that_is(off).await;
    }
}

async fn through_a_clock_that_is(off: &str) {
    let variable = |name: &str, value: &str| (name.to_owned(), value.to_owned());
    let env = vec![
        variable("LD_PRELOAD", FAKETIME),
        variable("FAKETIME", off),
        variable("FAKETIME_DONT_FAKE_MONOTONIC", "1"),
    ];
    let node = NodeSettings { env, ..NodeSettings::default() };
    let backend = Backend::with(&Wishes { nodes: vec![node], ..Wishes::default() }).await;
    let why = "to tell such a clock is what the check is for";
    let excused = [("timestamps/in-session", why), ("timestamps/skew", why)];
    let what = format!("a clock is {off} off, and its node dies");
    let seen = through_excusing(&backend, FEW, &what, &excused, async |whole| {
        let node = whole.nodes[0].process();
        node.kill().unwrap();
        tokio::time::sleep(AWAY).await;
        node.start_again().await.unwrap();
    })
    .await;
    let Some((_, seen)) = seen else { return };
    let id = "timestamps/in-session";
    let judgement = judge(&seen.header, &seen.records, &[id]);
    let check = judgement.checks.iter().find(|check| check.id == id).unwrap();
    assert_eq!(check.verdict, Verdict::Fail, "no clock was off: {check:?}");
}
