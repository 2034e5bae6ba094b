//! Parts that fail, and nodes that died.

use crate::world::{Node, events, kinds, memory_log, token};
use async_trait::async_trait;
use goldenpath_gateway::GatewayConfig;
use goldenpath_protocol::{ClientId, Epoch, EventId, RequestId, RunId, ThreadId, Timestamp, UserId};
use goldenpath_storage::{
    AppendError, Appended, BeginRun, EventLog, Head, NewRun, Replay, RunRecord, SqliteStore, Store,
    StoreError, StoredEvent, ThreadRecord,
};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;
use tokio::sync::watch;

/// A log whose next appends fail, or whose epoch is another.
#[derive(Debug)]
struct FaultyLog {
    inner: Arc<dyn EventLog>,
    failing_appends: AtomicU64,
    failing_reads: AtomicU64,
}

fn take(count: &AtomicU64) -> bool {
    count.fetch_update(Ordering::AcqRel, Ordering::Acquire, |left| left.checked_sub(1)).is_ok()
}

#[async_trait]
impl EventLog for FaultyLog {
    async fn append(&self, user: &UserId, id: &EventId, envelope: &str) -> Result<Appended, AppendError> {
        if take(&self.failing_appends) {
            return Err(AppendError::Unavailable);
        }
        self.inner.append(user, id, envelope).await
    }
    async fn head(&self, user: &UserId) -> Result<Head, AppendError> {
        self.inner.head(user).await
    }
    async fn read(
        &self,
        user: &UserId,
        epoch: &Epoch,
        offset: u64,
        max: usize,
    ) -> Result<Replay, AppendError> {
        if take(&self.failing_reads) {
            return Err(AppendError::Unavailable);
        }
        self.inner.read(user, epoch, offset, max).await
    }
    async fn subscribe(&self, user: &UserId) -> Result<watch::Receiver<Head>, AppendError> {
        self.inner.subscribe(user).await
    }
    async fn acknowledge(&self, user: &UserId, client: &ClientId, offset: u64) -> Result<u64, AppendError> {
        self.inner.acknowledge(user, client, offset).await
    }
    async fn acknowledged(&self, user: &UserId, client: &ClientId) -> Result<u64, AppendError> {
        self.inner.acknowledged(user, client).await
    }
    async fn ready(&self) -> Result<(), AppendError> {
        if self.failing_appends.load(Ordering::Acquire) > 0 { Err(AppendError::Unavailable) } else { Ok(()) }
    }
}

/// A store that fails from its n-th event on.
#[derive(Debug)]
struct FaultyStore {
    inner: SqliteStore,
    events_left: AtomicU64,
}

#[async_trait]
impl Store for FaultyStore {
    async fn begin_run(&self, request: NewRun) -> Result<BeginRun, StoreError> {
        self.inner.begin_run(request).await
    }
    async fn append_event(&self, event: StoredEvent) -> Result<(), StoreError> {
        if take(&self.events_left) {
            return self.inner.append_event(event).await;
        }
        Err(StoreError::Failed("the disk is gone".to_owned()))
    }
    async fn run(&self, user: &UserId, run: &RunId) -> Result<Option<RunRecord>, StoreError> {
        self.inner.run(user, run).await
    }
    async fn events(&self, user: &UserId, run: &RunId) -> Result<Vec<String>, StoreError> {
        self.inner.events(user, run).await
    }
    async fn threads(&self, _: &UserId) -> Result<Vec<ThreadRecord>, StoreError> {
        Err(StoreError::Unavailable)
    }
    async fn thread(&self, user: &UserId, thread: &ThreadId) -> Result<Option<ThreadRecord>, StoreError> {
        self.inner.thread(user, thread).await
    }
    async fn running_runs(&self) -> Result<Vec<RunRecord>, StoreError> {
        self.inner.running_runs().await
    }
    async fn ready(&self) -> Result<(), StoreError> {
        Err(StoreError::Unavailable)
    }
}

fn faulty_log(failing_appends: u64, failing_reads: u64) -> Arc<FaultyLog> {
    Arc::new(FaultyLog {
        inner: memory_log(),
        failing_appends: AtomicU64::new(failing_appends),
        failing_reads: AtomicU64::new(failing_reads),
    })
}

fn hasty() -> GatewayConfig {
    GatewayConfig {
        retry_waits: [Duration::from_millis(1); 3],
        cancel_grace: Duration::from_millis(50),
        write_stall: Duration::from_millis(400),
        ..GatewayConfig::default()
    }
}

#[tokio::test]
async fn a_log_that_fails_for_a_while_costs_time_and_no_event() {
    let store = Arc::new(SqliteStore::in_memory().await.unwrap());
    // Six: the first event fails for good and is made good before the second.
    let node = Node::on(hasty(), store, faulty_log(6, 2)).await;
    assert_eq!(node.get("/ready", None).await.0, 503);
    let mut client = node.connect("ada").await;
    client.ask("q-1", "answer").await;
    let frames = client.until_terminal().await;
    let all = events(&frames);
    assert_eq!((all[0]["seq"].as_u64(), all[0]["offset"].as_u64()), (Some(1), Some(1)));
    assert_eq!(kinds(&frames).last(), Some(&"agent_completed"));
}

#[tokio::test]
async fn a_log_that_stays_silent_closes_as_a_server_error() {
    let store = Arc::new(SqliteStore::in_memory().await.unwrap());
    let node = Node::on(hasty(), store, faulty_log(0, u64::MAX)).await;
    let mut client = node.connect("ada").await;
    assert_eq!(client.close_code().await.1, 4002);
}

#[tokio::test]
async fn a_store_that_fails_is_said_and_nothing_unstored_is_shown() {
    for stored in [0, 2] {
        let inner = SqliteStore::in_memory().await.unwrap();
        let store = Arc::new(FaultyStore { inner, events_left: AtomicU64::new(stored) });
        let node = Node::on(hasty(), store, memory_log()).await;
        let mut client = node.connect("ada").await;
        client.ask("q-1", "answer").await;
        let mut frames = client.until("error").await;
        let error = frames.pop().unwrap();
        // What was stored is shown, though control frames may overtake it.
        while (events(&frames).len() as u64) < stored {
            frames.push(client.next().await);
        }
        assert_eq!((error["code"].as_str(), error["request_id"].as_str()), (Some("internal"), Some("q-1")));
        let (status, _, ready) = node.get("/ready", None).await;
        assert_eq!((status, ready["store"].as_str()), (503, Some("unavailable")));
        assert_eq!(node.get("/threads", Some(&token("ada", 60))).await.0, 503);
    }
}

#[tokio::test]
async fn runs_of_a_dead_node_are_ended_and_told() {
    let store: Arc<dyn Store> = Arc::new(SqliteStore::in_memory().await.unwrap());
    let node = Node::on(GatewayConfig::default(), Arc::clone(&store), memory_log()).await;
    let mut client = node.connect("ada").await;
    client.ask("q-1", "wait").await;
    let accepted = client.until("tool_executing").await.remove(0);
    drop((client, node));
    let eve = NewRun {
        user_id: UserId::new("eve").unwrap(),
        request_id: RequestId::new("q-1").unwrap(),
        thread_id: None,
        agent: "player".to_owned(),
        message: "begun and never started".to_owned(),
        run_id: RunId::new("r-eve").unwrap(),
        new_thread_id: ThreadId::new("t-eve").unwrap(),
        now: Timestamp::from_unix_ms(1_800_000_000_000),
    };
    store.begin_run(eve).await.unwrap();

    let node = Node::on(GatewayConfig::default(), store, memory_log()).await;
    let path = format!("/runs/{}", accepted["run_id"].as_str().unwrap());
    let (_, _, run) = node.get(&path, Some(&token("ada", 60))).await;
    let shown: Vec<_> = run["events"].as_array().unwrap().clone();
    assert_eq!(kinds(&shown), ["agent_started", "tool_executing", "tool_completed", "agent_failed"]);
    assert_eq!(
        (run["state"].as_str(), shown[3]["error"]["code"].as_str()),
        (Some("failed"), Some("interrupted"))
    );
    let (_, _, run) = node.get("/runs/r-eve", Some(&token("eve", 60))).await;
    assert_eq!(kinds(run["events"].as_array().unwrap()), ["agent_started", "agent_failed"]);
    let head = node.log.head(&UserId::new("ada").unwrap()).await.unwrap();
    assert_eq!(head.offset, 4, "the log has all of the run");
}
