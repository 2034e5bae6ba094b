//! What the log in Redis costs beside the log in memory: events a second, many users at once.
//!
//! `cargo bench -p goldenpath-testbed --bench event_log`.
//!
//! *Of a node*: users ask, all at once, and every event reaches their socket: agent, SQLite, log, socket, recording client. This is held to
//! the limit: events that nobody is shown are no events. *Of the log alone*: through the trait, one append and one read by turns,
//! or the appends of many users under way at once, which share round trips. A call into this process's own memory costs about a
//! microsecond and a script run by a server never will, so those ratios are told and held to nothing.

use goldenpath_harness::{Connect, Prompts, TestUser, known_scenarios};
use goldenpath_protocol::{EventId, Timestamp, UserId};
use goldenpath_storage::{EventLog, LogLimits, MemoryEventLog, RedisEventLog, RedisLogSettings, Replay};
use goldenpath_testbed::Testbed;
use goldenpath_testbed::services::Redis;
use std::error::Error;
use std::sync::Arc;
use std::time::{Duration, Instant};

type Outcome<T> = Result<T, Box<dyn Error + Send + Sync>>;

/// Of the events a second of a node with the log in memory.
const LEAST_RATIO: f64 = 0.5;
const ROUNDS: usize = 5;
const USERS: usize = 32;
const SEED: u64 = 7;
const APPENDS: u64 = 200;
/// Users whose appends are under way at once where nothing else is done.
const MANY: usize = 512;
/// Bytes of an envelope: as an event of a run has them.
const BYTES: usize = 500;
const PATIENCE: Duration = Duration::from_secs(120);

#[tokio::main]
async fn main() -> Outcome<()> {
    let server = Redis::own().await?;
    let (mut nodes, mut logs, mut appends) = (Pairs::default(), Pairs::default(), Pairs::default());
    for _ in 0..ROUNDS {
        nodes.memory.push(node(memory()).await?);
        nodes.redis.push(node(redis(&server).await?).await?);
        logs.memory.push(alone(memory(), USERS, true).await?);
        logs.redis.push(alone(redis(&server).await?, USERS, true).await?);
        appends.memory.push(alone(memory(), MANY, false).await?);
        appends.redis.push(alone(redis(&server).await?, MANY, false).await?);
    }
    println!("events a second, {USERS} users at once; medians of {ROUNDS} rounds");
    println!("of a node      {nodes}   promised: at least {LEAST_RATIO}");
    println!("of the log     {logs}   one append and one read by turns");
    println!("of the log     {appends}   appends alone, {MANY} users at once");
    if nodes.ratio() < LEAST_RATIO {
        return Err(format!("the ratio of a node is {:.2}", nodes.ratio()).into());
    }
    Ok(())
}

fn memory() -> Arc<dyn EventLog> {
    let clock = Arc::new(|| Timestamp::from_unix_ms(1_800_000_000_000));
    Arc::new(MemoryEventLog::new(LogLimits::default(), clock))
}

async fn redis(server: &Redis) -> Outcome<Arc<dyn EventLog>> {
    let settings = RedisLogSettings { prefix: Redis::fresh_prefix(), ..RedisLogSettings::default() };
    Ok(Arc::new(RedisEventLog::open(server.url(), settings).await?))
}

/// Events a second that reach the sockets of a node's users.
async fn node(log: Arc<dyn EventLog>) -> Outcome<f64> {
    let testbed = Testbed::builder().configured(|config| config.connections_per_ip = 1_000).logged_in(log);
    let testbed = testbed.start().await?;
    let users = testbed.users(SEED, USERS);
    let mut clients = Vec::new();
    for user in &users {
        let client = testbed.session.connect(user, Connect::fresh()).await?;
        client.wait_for_greeting(PATIENCE).await?;
        clients.push(client);
    }
    let begun = Instant::now();
    let asked = users.iter().zip(&clients).map(async |(user, client): (&TestUser, _)| -> Outcome<u64> {
        let mut prompts = Prompts::new(SEED, user.name());
        let mut events = 0;
        for scenario in known_scenarios() {
            let prompt = prompts.next(&scenario);
            client.ask(&prompt, None).await?;
            let ended = client.wait_for_end(&prompt.request_id, PATIENCE).await?;
            events += ended.ok_or("the request was refused")?.1.events;
        }
        Ok(events)
    });
    let mut events = 0;
    for reached in futures_util::future::join_all(asked).await {
        events += reached?;
    }
    Ok(events as f64 / begun.elapsed().as_secs_f64())
}

/// Events a second that the log takes of so many users, and gives back if they read.
async fn alone(log: Arc<dyn EventLog>, users: usize, reads: bool) -> Outcome<f64> {
    let of = users;
    let begun = Instant::now();
    let users: Vec<_> = (0..users)
        .map(|n| {
            let log = Arc::clone(&log);
            tokio::spawn(async move { fill(log.as_ref(), &UserId::new(format!("user-{n}"))?, reads).await })
        })
        .collect();
    for user in users {
        user.await??;
    }
    Ok(of as f64 * APPENDS as f64 / begun.elapsed().as_secs_f64())
}

async fn fill(log: &dyn EventLog, user: &UserId, reads: bool) -> Outcome<()> {
    let envelope = format!("{{\"text\":\"{}\"}}", "x".repeat(BYTES));
    let epoch = log.head(user).await?.epoch;
    for offset in 0..APPENDS {
        log.append(user, &EventId::from(uuid::Uuid::now_v7()), &envelope).await?;
        if !reads {
            continue;
        }
        let Replay::Events(events) = log.read(user, &epoch, offset, 64).await? else {
            return Err("an event is gone".into());
        };
        if events.len() != 1 {
            return Err(format!("{} events instead of one", events.len()).into());
        }
    }
    let head = log.head(user).await?.offset;
    if head != APPENDS {
        return Err(format!("the stream stands at {head} after {APPENDS} appends").into());
    }
    Ok(())
}

/// What the rounds showed of either log.
#[derive(Default)]
struct Pairs {
    memory: Vec<f64>,
    redis: Vec<f64>,
}

impl Pairs {
    fn ratio(&self) -> f64 {
        median(&self.redis) / median(&self.memory)
    }
}

impl std::fmt::Display for Pairs {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let (memory, redis) = (median(&self.memory), median(&self.redis));
        write!(f, "memory {memory:>9.0}   Redis {redis:>9.0}   ratio {:.2}", self.ratio())
    }
}

fn median(figures: &[f64]) -> f64 {
    let mut sorted = figures.to_vec();
    sorted.sort_by(f64::total_cmp);
    sorted.get(sorted.len() / 2).copied().unwrap_or_default()
}
