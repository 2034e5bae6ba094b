//! What only a server can do to its store: be away, stand still, die, be shared, be somebody else's.

use super::given::{ending, event, request, started, user};
use crate::driving::DEADLINE;
use goldenpath_protocol::{RunId, RunState};
use goldenpath_storage::{
    BeginRun, OpenError, PostgresLimits, PostgresStore, ServerError, Store, StoreError,
};
use goldenpath_testbed::services::{Database, Postgres};
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

/// Longer than any server of these tests is away.
const PATIENT: Duration = Duration::from_secs(60);

/// For calls that shall fail.
const BRIEF: Duration = Duration::from_secs(1);

/// What a busy machine may add to [`BRIEF`].
const SLACK: Duration = Duration::from_secs(10);

fn limits(connections: u32, call: Duration) -> PostgresLimits {
    PostgresLimits { connections, call, ..PostgresLimits::default() }
}

async fn database() -> Database {
    Postgres::shared().await.unwrap().database().await.unwrap()
}

/// A store on a server that the test may do anything to.
async fn own(limits: PostgresLimits) -> (Postgres, Database, Arc<PostgresStore>) {
    let server = Postgres::own().await.unwrap();
    let database = server.database().await.unwrap();
    let store = PostgresStore::open_with(database.url(), limits).await.unwrap();
    (server, database, Arc::new(store))
}

/// Begins `count` runs at once, so that as many connections as there may be lie idle afterwards.
async fn begin_together(
    store: &Arc<PostgresStore>,
    prefix: &str,
    count: usize,
) -> Vec<Result<BeginRun, StoreError>> {
    let begin = |n: usize| {
        let (store, asked) = (Arc::clone(store), request("alice", &format!("{prefix}-{n}")));
        tokio::spawn(async move { store.begin_run(asked).await })
    };
    let calls: Vec<_> = (0..count).map(begin).collect();
    let mut answers = Vec::new();
    for call in calls {
        answers.push(call.await.unwrap());
    }
    answers
}

/// What a call answers once it is answered: on a busy machine, a brief one may be too brief.
async fn answered<T>(call: impl AsyncFn() -> Result<T, StoreError>) -> T {
    let until = Instant::now() + DEADLINE;
    loop {
        match call().await {
            Err(StoreError::Unavailable) => assert!(Instant::now() < until, "it never answered"),
            answer => return answer.unwrap(),
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_restarted_server_is_found_again_and_knows_everything() {
    let (server, _database, store) = own(limits(4, PATIENT)).await;
    let begun = started(store.as_ref(), request("alice", "r-1")).await;
    begin_together(&store, "before", 12).await;
    server.restart().await.unwrap();
    // Every idle connection is dead now: none of these calls may notice.
    for answer in begin_together(&store, "after", 12).await {
        assert!(matches!(answer, Ok(BeginRun::Started(_))), "{answer:?}");
    }
    store.append_event(event(&begun.run_id, 1)).await.unwrap();
    assert_eq!(store.begin_run(request("alice", "r-1")).await.unwrap(), BeginRun::Duplicate(begun));
    assert_eq!(store.threads(&user("alice")).await.unwrap().len(), 25);
    store.ready().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_is_away_is_waited_for_as_long_as_a_call_may_last() {
    let (server, database, store) = own(limits(4, PATIENT)).await;
    let brief = PostgresStore::open_with(database.url(), limits(4, BRIEF)).await.unwrap();
    server.stop().await.unwrap();
    let begun = Instant::now();
    let answer = brief.begin_run(request("alice", "brief")).await;
    assert!(matches!(answer, Err(StoreError::Unavailable)), "{answer:?}");
    assert!(begun.elapsed() >= BRIEF && begun.elapsed() < BRIEF + SLACK, "after {:?}", begun.elapsed());
    assert!(matches!(brief.ready().await, Err(StoreError::Unavailable)));

    let waiting = tokio::spawn({
        let store = Arc::clone(&store);
        async move { store.begin_run(request("alice", "patient")).await }
    });
    server.start_again().await.unwrap();
    let answer = waiting.await.unwrap();
    assert!(matches!(answer, Ok(BeginRun::Started(_))), "{answer:?}");
    answered(async || brief.ready().await).await;
    assert_eq!(store.threads(&user("alice")).await.unwrap().len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn calls_to_a_paused_server_end_in_time_and_it_is_used_again_when_it_goes_on() {
    let (server, database, store) = own(limits(4, BRIEF)).await;
    for n in 0..8 {
        answered(async || store.begin_run(request("alice", &format!("before-{n}"))).await).await;
    }
    server.pause().unwrap();
    let begun = Instant::now();
    // More than there are connections: those that wait for one have the same time.
    for answer in begin_together(&store, "paused", 20).await {
        assert!(matches!(answer, Err(StoreError::Unavailable)), "{answer:?}");
    }
    assert!(begun.elapsed() < BRIEF + SLACK, "after {:?}", begun.elapsed());
    server.resume().unwrap();

    // What became of the calls is not known, but repeating them settles it: each request has one run.
    for n in 0..20 {
        let answer = answered(async || store.begin_run(request("alice", &format!("paused-{n}"))).await).await;
        assert!(matches!(answer, BeginRun::Started(_) | BeginRun::Duplicate(_)), "{answer:?}");
    }
    let threads = answered(async || store.threads(&user("alice")).await).await;
    assert_eq!(threads.len(), 28);
    // The connections of calls that were given up end when the server finds that nobody listens.
    let until = Instant::now() + DEADLINE;
    while database.connections().await.unwrap() > 4 {
        assert!(Instant::now() < until, "connections leak");
    }
}

/// A way to a server on which every answer takes `delay` longer; gives its port.
async fn slow_way(server: String, delay: Duration) -> u16 {
    let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
    let port = listener.local_addr().unwrap().port();
    tokio::spawn(async move {
        while let Ok((client, _)) = listener.accept().await {
            let server = TcpStream::connect(&server).await.unwrap();
            let ((mut asks, mut hears), (mut says, mut listens)) = (client.into_split(), server.into_split());
            tokio::spawn(async move { tokio::io::copy(&mut asks, &mut listens).await });
            tokio::spawn(async move {
                let mut buffer = vec![0; 64 * 1024];
                while let Ok(read @ 1..) = says.read(&mut buffer).await {
                    tokio::time::sleep(delay).await;
                    if hears.write_all(&buffer[..read]).await.is_err() {
                        return;
                    }
                }
            });
        }
    });
    port
}

/// To connect takes several answers, hence longer than a call: those that gave up have prepared the way for the next.
#[tokio::test(flavor = "multi_thread")]
async fn a_server_too_slow_to_connect_to_within_a_call_is_reached_all_the_same() {
    let (_server, database, _store) = own(PostgresLimits::default()).await;
    let (before, after) = database.url().split_once('@').unwrap();
    let (address, rest) = after.split_once('/').unwrap();
    let port = slow_way(address.to_owned(), Duration::from_millis(700)).await;
    let slow = format!("{before}@127.0.0.1:{port}/{rest}");
    let store = Arc::new(PostgresStore::open_with(&slow, limits(4, 2 * BRIEF)).await.unwrap());
    let first = begin_together(&store, "r", 4).await;
    assert!(first.iter().all(|answer| matches!(answer, Err(StoreError::Unavailable))), "{first:?}");
    for n in 0..4 {
        let answer = answered(async || store.begin_run(request("alice", &format!("r-{n}"))).await).await;
        assert!(matches!(answer, BeginRun::Started(_) | BeginRun::Duplicate(_)), "{answer:?}");
    }
    assert_eq!(answered(async || store.threads(&user("alice")).await).await.len(), 4);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_killed_server_has_kept_every_event_that_it_answered() {
    let (server, _database, store) = own(limits(4, PATIENT)).await;
    let run = started(store.as_ref(), request("alice", "r-1")).await.run_id;
    let (told, mut kept) = tokio::sync::watch::channel(0_u64);
    let writer = tokio::spawn({
        let (store, run) = (Arc::clone(&store), run.clone());
        async move {
            for seq in 1..=200 {
                let event = event(&run, seq);
                // As the notifier does: the same event again, until it is kept.
                while let Err(error) = store.append_event(event.clone()).await {
                    assert!(matches!(error, StoreError::Unavailable), "{error}");
                }
                told.send_replace(seq);
            }
        }
    });
    for fall in [40, 80, 120] {
        kept.wait_for(|seq| *seq >= fall).await.unwrap();
        server.kill().unwrap();
        let answered = *kept.borrow();
        server.start_again().await.unwrap();
        let there = store.events(&user("alice"), &run).await.unwrap().len() as u64;
        assert!(there >= answered, "{answered} events were answered, {there} are there");
    }
    tokio::time::timeout(DEADLINE, writer).await.unwrap().unwrap();
    let envelopes = store.events(&user("alice"), &run).await.unwrap();
    let wanted: Vec<_> = (1..=200).map(|seq| event(&run, seq).envelope).collect();
    assert_eq!(envelopes, wanted);
    assert_eq!(store.run(&user("alice"), &run).await.unwrap().unwrap().event_count, 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn nodes_that_start_together_make_the_tables_once() {
    let database = database().await;
    let opening = (0..8).map(|_| PostgresStore::open(database.url()));
    for opened in futures_util::future::join_all(opening).await {
        opened.unwrap().ready().await.unwrap();
    }
    assert_eq!(database.number("SELECT count(*) FROM goldenpath.migrations").await.unwrap(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_crowd_of_calls_uses_no_more_connections_than_allowed() {
    let database = database().await;
    let store = Arc::new(PostgresStore::open_with(database.url(), limits(3, PATIENT)).await.unwrap());
    for answer in begin_together(&store, "r", 60).await {
        assert!(matches!(answer, Ok(BeginRun::Started(_))), "{answer:?}");
    }
    let open = database.connections().await.unwrap();
    assert!((1..=3).contains(&open), "{open} connections");
    assert_eq!(database.busy_connections().await.unwrap(), 0, "a call left something behind");
    store.close().await;
    assert!(matches!(store.ready().await, Err(StoreError::Failed(_))), "a closed store is not ready");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lock_that_somebody_else_keeps_makes_it_unavailable_and_readers_go_on() {
    let database = Arc::new(database().await);
    let store = PostgresStore::open_with(database.url(), limits(4, PATIENT)).await.unwrap();
    let brief = PostgresStore::open_with(database.url(), limits(4, BRIEF)).await.unwrap();
    started(&store, request("alice", "r-0")).await;
    let holder = tokio::spawn({
        let database = Arc::clone(&database);
        async move { database.execute("BEGIN; LOCK TABLE goldenpath.requests; SELECT pg_sleep(600)").await }
    });
    let held = "SELECT count(*) FROM pg_locks WHERE relation = 'goldenpath.requests'::regclass AND mode = 'AccessExclusiveLock' AND granted";
    let until = Instant::now() + DEADLINE;
    while database.number(held).await.unwrap() == 0 {
        assert!(Instant::now() < until, "nobody holds the lock");
    }
    let answer = brief.begin_run(request("alice", "r-1")).await;
    assert!(matches!(answer, Err(StoreError::Unavailable)), "{answer:?}");
    assert_eq!(store.threads(&user("alice")).await.unwrap().len(), 1);
    database
        .number("SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE query LIKE 'BEGIN; LOCK%' AND pid <> pg_backend_pid()")
        .await
        .unwrap();
    holder.await.unwrap().unwrap_err();
    started(&store, request("alice", "r-2")).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_database_that_can_only_be_read_is_not_ready() {
    let database = database().await;
    let store = PostgresStore::open(database.url()).await.unwrap();
    started(&store, request("alice", "r-1")).await;
    let name = database.url().rsplit('/').next().unwrap().split('?').next().unwrap();
    database.execute(format!("ALTER DATABASE {name} SET default_transaction_read_only = on")).await.unwrap();
    // Sessions that were open are not touched; what replaces them is.
    let again = PostgresStore::open(database.url()).await.unwrap();
    let error = again.ready().await.unwrap_err();
    assert!(error.to_string().contains("only be read"), "{error}");
    assert!(matches!(again.begin_run(request("alice", "r-2")).await, Err(StoreError::Unavailable)));
    assert_eq!(again.threads(&user("alice")).await.unwrap().len(), 1, "reading goes on");
    store.ready().await.unwrap();
}

async fn refusal(url: &str) -> OpenError {
    let error = PostgresStore::open(url).await.unwrap_err();
    let shown = format!("{error} {error:?}");
    assert!(!shown.contains("s3cret"), "{shown}");
    error
}

#[tokio::test(flavor = "multi_thread")]
async fn a_database_that_is_not_ours_is_refused_and_left_alone() {
    let database = database().await;
    database.execute("CREATE SCHEMA goldenpath; CREATE TABLE goldenpath.runs (x int)").await.unwrap();
    let error = refusal(database.url()).await;
    assert!(matches!(error, OpenError::Server { error: ServerError::Foreign, .. }), "{error}");
    assert_eq!(
        database.number("SELECT count(*) FROM goldenpath.runs").await.unwrap(),
        0,
        "it is still there"
    );

    database.execute("DROP SCHEMA goldenpath CASCADE").await.unwrap();
    PostgresStore::open(database.url()).await.unwrap().close().await;
    database.execute("INSERT INTO goldenpath.migrations (version) VALUES (7)").await.unwrap();
    let error = refusal(database.url()).await;
    assert!(
        matches!(error, OpenError::Server { error: ServerError::Version { found: 7, known: 1 }, .. }),
        "{error}"
    );
    assert!(error.to_string().contains("hint"), "{error}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_does_not_let_us_in_is_named_without_the_password() {
    let (server, database, store) = own(PostgresLimits::default()).await;
    let shown = format!("{store:?} {database:?}");
    assert!(shown.contains("127.0.0.1"), "{shown}");
    let (user, rest) = database.url().strip_prefix("postgres://").unwrap().split_once(':').unwrap();
    let (password, place) = rest.split_once('@').unwrap();
    assert!(!shown.contains(password), "the password is shown: {shown}");

    let error = refusal(&format!("postgres://{user}:s3cret@{place}")).await;
    assert!(error.to_string().contains("password authentication failed"), "{error}");
    let (address, _) = place.split_once('/').unwrap();
    let error =
        refusal(&format!("postgres://{user}:{password}@{address}/no_such_database?sslmode=disable")).await;
    assert!(error.to_string().contains("no_such_database"), "{error}");
    let error = refusal(&format!("postgres://{user}:s3cret@{address}/x?sslmode=require")).await;
    assert!(error.to_string().contains("TLS"), "{error}");
    server.stop().await.unwrap();
    let error = refusal(&format!("postgres://{user}:s3cret@{place}")).await;
    assert!(error.to_string().contains(address) && error.to_string().contains("refused"), "{error}");
}

/// How long the nodes of these tests keep their runs without a word.
const LEASE: Duration = Duration::from_secs(2);

/// A node over a database that is alive for so long after each word.
async fn node(database: &Database, lease: Duration) -> PostgresStore {
    let limits = PostgresLimits { lease, ..limits(4, PATIENT) };
    PostgresStore::open_with(database.url(), limits).await.unwrap()
}

/// Two nodes over one database.
async fn two_nodes(database: &Database) -> [PostgresStore; 2] {
    [node(database, LEASE).await, node(database, LEASE).await]
}

/// Lets nodes say that they live.
async fn keep_alive_for(time: Duration, nodes: &[&PostgresStore]) {
    let until = Instant::now() + time;
    loop {
        for node in nodes {
            node.keep_alive().await.unwrap();
        }
        if Instant::now() >= until {
            return;
        }
        tokio::time::sleep(LEASE / 16).await;
    }
}

/// Waits until a node has taken a run over.
async fn taken_over(node: &PostgresStore, run: &RunId) {
    let until = Instant::now() + DEADLINE;
    loop {
        node.keep_alive().await.unwrap();
        if node.take_over().await.unwrap().iter().any(|held| held.run_id == *run) {
            return;
        }
        assert!(Instant::now() < until, "nobody took the run over");
        tokio::time::sleep(LEASE / 8).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_run_of_a_silent_node_is_taken_over_and_closed_to_it() {
    let database = database().await;
    let [silent, living] = two_nodes(&database).await;
    let run = started(&silent, request("alice", "r-1")).await.run_id;
    silent.append_event(event(&run, 1)).await.unwrap();
    taken_over(&living, &run).await;
    assert!(!silent.run(&user("alice"), &run).await.unwrap().unwrap().held_here);
    // It was only asleep: what it says now comes too late.
    let late = silent.append_event(event(&run, 2)).await;
    assert!(matches!(late, Err(StoreError::Taken)), "{late:?}");
    silent.keep_alive().await.unwrap();
    assert_eq!(silent.take_over().await.unwrap(), [], "taken back from a living node");
    living.append_event(ending(&run, 2, RunState::Failed, None)).await.unwrap();
    assert_eq!(living.take_over().await.unwrap(), []);
    // Too late all the same when its place has been given to another event: it must not try that again and again.
    let late = silent.append_event(event(&run, 2)).await;
    assert!(matches!(late, Err(StoreError::Taken)), "{late:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_node_that_says_it_lives_keeps_its_runs_and_hears_what_is_asked_of_them() {
    let database = database().await;
    let [holder, other] = two_nodes(&database).await;
    let run = started(&holder, request("alice", "r-1")).await.run_id;
    let until = Instant::now() + 3 * LEASE;
    while Instant::now() < until {
        assert_eq!(holder.keep_alive().await.unwrap(), []);
        assert_eq!(other.take_over().await.unwrap(), [], "taken from a node that lives");
        tokio::time::sleep(LEASE / 8).await;
    }
    holder.keep_alive().await.unwrap();
    other.ask_to_cancel(&user("bob"), &run).await.unwrap();
    assert_eq!(holder.keep_alive().await.unwrap(), [], "another user's word");
    other.ask_to_cancel(&user("alice"), &run).await.unwrap();
    assert_eq!(holder.keep_alive().await.unwrap(), std::slice::from_ref(&run));
    holder.append_event(ending(&run, 1, RunState::Cancelled, None)).await.unwrap();
    assert_eq!(holder.keep_alive().await.unwrap(), [], "it is over");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_was_away_for_longer_than_a_lease_costs_no_living_node_its_runs() {
    let (server, database, _) = own(limits(1, PATIENT)).await;
    let [holder, other] = two_nodes(&database).await;
    let run = started(&holder, request("alice", "r-1")).await.run_id;
    keep_alive_for(LEASE, &[&holder, &other]).await;
    server.pause().unwrap();
    tokio::time::sleep(2 * LEASE).await;
    server.resume().unwrap();
    // The other one is the first that the server hears.
    other.keep_alive().await.unwrap();
    assert_eq!(other.take_over().await.unwrap(), [], "taken from a node that lives");
    let until = Instant::now() + 2 * LEASE;
    while Instant::now() < until {
        keep_alive_for(Duration::ZERO, &[&holder, &other]).await;
        assert_eq!(other.take_over().await.unwrap(), [], "taken from a node that lives");
        tokio::time::sleep(LEASE / 16).await;
    }
    holder.append_event(event(&run, 1)).await.unwrap();
}

/// Another node becomes known and takes every run, in one transaction that ends once somebody waits for a row of it.
const TAKEN_MEANWHILE: &str = "DO $$ BEGIN
    INSERT INTO goldenpath.nodes VALUES ('meanwhile', now() + interval '1 hour');
    UPDATE goldenpath.runs SET node = 'meanwhile';
    WHILE NOT EXISTS (SELECT FROM pg_locks WHERE locktype = 'transactionid' AND NOT granted) LOOP
        PERFORM pg_sleep(0.01);
    END LOOP;
END $$";

#[tokio::test(flavor = "multi_thread")]
async fn a_run_that_another_node_takes_at_the_same_moment_is_left_to_it() {
    // One of its own: its locks are those of this test.
    let (_server, database, _) = own(limits(1, PATIENT)).await;
    let [dead, late] = two_nodes(&database).await;
    let run = started(&dead, request("alice", "r-1")).await.run_id;
    database.execute("UPDATE goldenpath.nodes SET alive_until = now() - interval '1 hour'").await.unwrap();
    keep_alive_for(LEASE, &[&late]).await;
    let database = Arc::new(database);
    let meanwhile = tokio::spawn({
        let database = Arc::clone(&database);
        async move { database.execute(TAKEN_MEANWHILE).await }
    });
    let holds = "SELECT count(*) FROM pg_locks WHERE mode = 'RowExclusiveLock' AND granted
                 AND relation = 'goldenpath.runs'::regclass";
    let until = Instant::now() + DEADLINE;
    while database.number(holds).await.unwrap() == 0 {
        assert!(Instant::now() < until, "nobody takes the run");
        tokio::time::sleep(LEASE / 8).await;
    }
    assert_eq!(late.take_over().await.unwrap(), [], "taken from a node that lives");
    meanwhile.await.unwrap().unwrap();
    assert!(!late.run(&user("alice"), &run).await.unwrap().unwrap().held_here);
}

#[tokio::test(flavor = "multi_thread")]
async fn of_nodes_that_take_over_at_once_one_gets_the_run() {
    let database = database().await;
    let dead = node(&database, LEASE).await;
    let run = started(&dead, request("alice", "r-1")).await.run_id;
    drop(dead);
    // Alive however long this machine keeps them waiting: a run of one of them is never for the others.
    let living = async || node(&database, 4 * LEASE).await;
    let nodes = [living().await, living().await, living().await];
    let nodes = nodes.map(Arc::new);
    let until = Instant::now() + DEADLINE;
    loop {
        let takes = nodes.iter().map(|node| {
            let node = Arc::clone(node);
            tokio::spawn(async move {
                node.keep_alive().await.unwrap();
                node.take_over().await.unwrap().len()
            })
        });
        let mut held = 0;
        for take in takes.collect::<Vec<_>>() {
            held += take.await.unwrap();
        }
        assert!(held <= 1, "{held} nodes hold one run");
        if held == 1 {
            break;
        }
        assert!(Instant::now() < until, "nobody took the run over");
        tokio::time::sleep(LEASE / 8).await;
    }
    let mut holders = 0;
    for node in &nodes {
        holders += usize::from(node.run(&user("alice"), &run).await.unwrap().unwrap().held_here);
    }
    assert_eq!(holders, 1);
}
