//! A user's tabs on two nodes over one Redis and one database: one stream, whatever happens to it.

use crate::driving::{DEADLINE, ask, connect, end, finish};
use goldenpath_harness::{Client, Connect, Prompts, TestUser, known_scenarios};
use goldenpath_history::{Direction, Record, RecordKind};
use goldenpath_protocol::{Recovered, ResumePoint, RunId, RunState, UserId};
use goldenpath_storage::{EventLog, RedisEventLog, RedisLogSettings};
use goldenpath_testbed::Testbed;
use goldenpath_testbed::services::{Database, Postgres, Redis};
use serde_json::Value;
use std::sync::Arc;
use std::time::Duration;

/// Two nodes of one backend over one Redis.
struct Nodes {
    redis: Redis,
    _database: Database,
    one: Testbed,
    two: Testbed,
}

async fn log(redis: &Redis) -> Arc<dyn EventLog> {
    Arc::new(RedisEventLog::open(redis.url(), RedisLogSettings::default()).await.unwrap())
}

impl Nodes {
    async fn start() -> Self {
        let redis = Redis::lasting().await.unwrap();
        let database = Postgres::shared().await.unwrap().database().await.unwrap();
        let node = async || Testbed::builder().stored_in(database.url()).logged_in(log(&redis).await);
        let one = node().await.start().await.unwrap();
        let two = node().await.with_tokens_of(&one).start().await.unwrap();
        Self { redis, _database: database, one, two }
    }

    async fn empty(&self) {
        self.redis.command::<()>(&["FLUSHALL"]).await.unwrap();
    }
}

/// Waits until a tab has seen all that the other has.
async fn catch_up(tab: &Client, other: &Client) {
    let offset = other.view(|view| view.offset);
    tab.wait_for("what the other tab has", DEADLINE, |view| (view.offset >= offset).then_some(()))
        .await
        .unwrap();
}

async fn resume(testbed: &Testbed, user: &TestUser, point: &ResumePoint) -> (Client, Recovered, u64) {
    let client = testbed.session.connect(user, Connect::fresh().resuming(point)).await.unwrap();
    let greeting = client.wait_for_greeting(DEADLINE).await.unwrap();
    (client, greeting.recovered.unwrap(), greeting.replay)
}

/// Run events as they came, byte for byte.
fn texts(records: &[Record<'static>], conn: u32) -> Vec<String> {
    let of_conn = records.iter().filter(|record| record.conn == Some(conn));
    let text = |record: &Record<'static>| match &record.kind {
        RecordKind::Frame { dir: Direction::In, raw, .. } => Some(raw.to_string()),
        _ => None,
    };
    of_conn.filter_map(text).filter(|text| text.contains("\"seq\":")).collect()
}

fn offset(text: &str) -> u64 {
    serde_json::from_str::<Value>(text).unwrap()["offset"].as_u64().unwrap()
}

/// Tabs see the same bytes, go on where they left on either node, and outlive a Redis that stands still or starts again. A Redis that
/// was emptied is told to every tab.
pub(super) async fn one_stream_on_two_nodes() {
    let nodes = Nodes::start().await;
    let Nodes { redis, one, two, .. } = &nodes;
    let (user, same_user) = (one.user(44), two.user(44));
    let (here, there) = (connect(one, &user).await, connect(two, &same_user).await);
    let mut prompts = Prompts::new(44, "tabs");
    let scenarios = known_scenarios();
    let mut runs = Vec::new();
    for (n, scenario) in scenarios.iter().take(4).enumerate() {
        let tab = if n % 2 == 0 { &here } else { &there };
        runs.push(ask(tab, &mut prompts, scenario).await.1);
    }
    catch_up(&here, &there).await;
    catch_up(&there, &here).await;

    // One tab leaves, misses a run, and goes on at the other node.
    let left_at = here.view(|view| view.resume_point()).unwrap();
    let left_conn = here.conn();
    here.close().await;
    runs.push(ask(&there, &mut prompts, &scenarios[0]).await.1);
    let missed = there.view(|view| view.offset) - left_at.offset;
    let (back, recovered, replay) = resume(two, &same_user, &left_at).await;
    assert_eq!((recovered, replay), (Recovered::Full, missed));
    back.wait_for("the end of the replay", DEADLINE, |view| view.replay_end).await.unwrap();

    // Redis stands still while a run is asked for: it is late, not lost.
    let here = connect(one, &user).await;
    redis.pause().unwrap();
    let prompt = prompts.next(&scenarios[1]);
    here.ask(&prompt, None).await.unwrap();
    tokio::time::sleep(Duration::from_secs(5)).await;
    redis.resume().unwrap();
    runs.push(end(&here, &prompt.request_id).await.0);
    catch_up(&there, &here).await;

    // Redis dies and comes back with what it held: the same stream goes on, on sockets old and new.
    redis.kill().unwrap();
    redis.start_again().await.unwrap();
    runs.push(ask(&there, &mut prompts, &scenarios[2]).await.1);
    catch_up(&here, &there).await;
    catch_up(&back, &there).await;
    let (late, recovered, _) = resume(one, &user, &left_at).await;
    assert_eq!(recovered, Recovered::Full);
    catch_up(&late, &there).await;

    // Redis forgets everything: every tab is told, and who comes back learns that the stream cannot be gone on with.
    let lost_at = there.view(|view| view.resume_point()).unwrap();
    let tabs = [&here, &there, &back, &late];
    nodes.empty().await;
    for tab in tabs {
        let closed = tab.wait_for_close(DEADLINE).await.unwrap();
        assert_eq!(closed.code, Some(4010), "{closed:?}");
        let closing: Value = serde_json::from_str(&tab.view(|view| view.closing.clone()).unwrap()).unwrap();
        assert_eq!((&closing["code"], &closing["reconnect"]), (&4010.into(), &true.into()));
    }
    let (failed, recovered, replay) = resume(one, &user, &lost_at).await;
    assert_eq!((recovered, replay), (Recovered::Failed, 0));
    let new = failed.view(|view| view.greeting.clone()).unwrap();
    assert_ne!(new.epoch.as_deref(), Some(lost_at.epoch.as_str()));
    ask(&failed, &mut prompts, &scenarios[3]).await;
    let user_id: UserId = user.name().parse().unwrap();
    let mut stored = 0;
    for run in &runs {
        let run: RunId = run.parse().unwrap();
        assert_eq!(one.store.run(&user_id, &run).await.unwrap().unwrap().state, RunState::Completed);
        stored += one.store.events(&user_id, &run).await.unwrap().len() as u64;
    }
    assert_eq!(stored, lost_at.offset, "each stored event had one place in the stream");

    let conns = [here.conn(), there.conn(), back.conn(), late.conn()];
    drop((here, there, back, late, failed));
    let Nodes { one, two, .. } = nodes;
    let (at_one, at_two) = (finish(one).1, finish(two).1);
    // The tab that saw everything, live: it had every offset once.
    let all = texts(&at_two, conns[1]);
    assert_eq!(
        all.iter().map(|text| offset(text)).collect::<Vec<_>>(),
        (1..=lost_at.offset).collect::<Vec<_>>()
    );
    let at = |offset: u64| usize::try_from(offset).unwrap();
    assert_eq!(texts(&at_one, left_conn)[..], all[..at(left_at.offset)], "before it left");
    assert_eq!(
        texts(&at_two, conns[2])[..],
        all[at(left_at.offset)..],
        "replayed, then live, on the other node"
    );
    assert_eq!(texts(&at_one, conns[3])[..], all[at(left_at.offset)..], "replayed after Redis came back");
    let later = texts(&at_one, conns[0]);
    assert_eq!(later[..], all[all.len() - later.len()..], "live, through pause and restart");
}
