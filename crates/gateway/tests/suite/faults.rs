//! Parts that fail, and nodes that died.

use crate::world::{Node, PATIENCE, events, kinds, memory_log, token};
use async_trait::async_trait;
use goldenpath_gateway::GatewayConfig;
use goldenpath_protocol::{
    ClientId, Epoch, EventId, RequestId, RunId, RunState, ThreadId, Timestamp, UserId,
};
use goldenpath_storage::{
    AppendError, Appended, BeginRun, EventLog, Head, NewRun, Replay, RunRecord, SqliteStore, Store,
    StoreError, StoredEvent, ThreadRecord,
};
use serde_json::json;
use std::collections::VecDeque;
use std::ops::RangeInclusive;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::sync::watch;

/// A log whose next appends or reads fail, or that has lost what it held.
#[derive(Debug)]
struct FaultyLog {
    inner: Arc<dyn EventLog>,
    failing_appends: AtomicU64,
    failing_reads: AtomicU64,
    lost: AtomicBool,
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
        if self.lost.load(Ordering::Acquire) {
            return Ok(Replay::Gone(self.inner.head(user).await?));
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

/// A store that fails to keep some events, counted from 1, that is slow to begin, whose runs grow after every look at
/// them, that panics over an event, and whose answers about begun runs are lost. From an event on another node may have the run, and
/// to take over what is left may take for ever.
#[derive(Debug)]
pub(crate) struct FaultyStore {
    inner: SqliteStore,
    failing: RangeInclusive<u64>,
    asked: AtomicU64,
    slowness: Duration,
    growth: Mutex<VecDeque<StoredEvent>>,
    pub(crate) panicking: u64,
    pub(crate) lost_begins: AtomicU64,
    pub(crate) failing_finds: AtomicU64,
    pub(crate) taken_from: u64,
    pub(crate) stuck_takes: AtomicBool,
    pub(crate) beats: AtomicU64,
}

impl FaultyStore {
    pub(crate) async fn failing(failing: RangeInclusive<u64>) -> Arc<Self> {
        let inner = SqliteStore::in_memory().await.unwrap();
        let (asked, slowness) = (AtomicU64::new(0), Duration::ZERO);
        let (lost_begins, failing_finds) = (AtomicU64::new(0), AtomicU64::new(0));
        let growth = Mutex::default();
        let (panicking, taken_from) = (0, u64::MAX);
        let (stuck_takes, beats) = (AtomicBool::new(false), AtomicU64::new(0));
        Arc::new(Self {
            inner,
            failing,
            asked,
            slowness,
            growth,
            panicking,
            lost_begins,
            failing_finds,
            taken_from,
            stuck_takes,
            beats,
        })
    }

    async fn grow(&self) {
        let event = self.growth.lock().unwrap().pop_front();
        if let Some(event) = event {
            self.inner.append_event(event).await.unwrap();
        }
    }
}

#[async_trait]
impl Store for FaultyStore {
    async fn begin_run(&self, request: NewRun) -> Result<BeginRun, StoreError> {
        tokio::time::sleep(self.slowness).await;
        let begun = self.inner.begin_run(request).await;
        if take(&self.lost_begins) { Err(StoreError::Unavailable) } else { begun }
    }
    async fn find_run(&self, request: &NewRun) -> Result<Option<BeginRun>, StoreError> {
        if take(&self.failing_finds) {
            return Err(StoreError::Unavailable);
        }
        self.inner.find_run(request).await
    }
    async fn append_event(&self, event: StoredEvent) -> Result<(), StoreError> {
        let number = self.asked.fetch_add(1, Ordering::AcqRel) + 1;
        assert_ne!(number, self.panicking, "as the test says");
        if number >= self.taken_from {
            return Err(StoreError::Taken);
        }
        if self.failing.contains(&number) {
            return Err(StoreError::Failed("the disk is gone".to_owned()));
        }
        self.inner.append_event(event).await
    }
    async fn run(&self, user: &UserId, run: &RunId) -> Result<Option<RunRecord>, StoreError> {
        let found = self.inner.run(user, run).await;
        self.grow().await;
        found
    }
    async fn events(&self, user: &UserId, run: &RunId) -> Result<Vec<String>, StoreError> {
        let found = self.inner.events(user, run).await;
        self.grow().await;
        found
    }
    async fn threads(&self, _: &UserId) -> Result<Vec<ThreadRecord>, StoreError> {
        Err(StoreError::Unavailable)
    }
    async fn thread(&self, user: &UserId, thread: &ThreadId) -> Result<Option<ThreadRecord>, StoreError> {
        self.inner.thread(user, thread).await
    }
    async fn keep_alive(&self) -> Result<Vec<RunId>, StoreError> {
        self.beats.fetch_add(1, Ordering::AcqRel);
        self.inner.keep_alive().await
    }
    async fn take_over(&self) -> Result<Vec<RunRecord>, StoreError> {
        if self.stuck_takes.load(Ordering::Acquire) {
            return std::future::pending().await;
        }
        self.inner.take_over().await
    }
    async fn ask_to_cancel(&self, user: &UserId, run: &RunId) -> Result<(), StoreError> {
        self.inner.ask_to_cancel(user, run).await
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
        lost: AtomicBool::new(false),
    })
}

pub(crate) fn hasty() -> GatewayConfig {
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
async fn a_lost_log_closes_every_socket_of_its_user_and_nobody_elses() {
    let log = faulty_log(0, 0);
    let store = Arc::new(SqliteStore::in_memory().await.unwrap());
    let node = Node::on(GatewayConfig::default(), store, Arc::clone(&log) as _).await;
    let (mut one, mut two) = (node.connect("ada").await, node.connect("ada").await);
    // Greeted, and past its first look at the log.
    let mut other = node.connect("eve").await;
    other.say(json!({"type": "ping", "n": 1})).await;
    assert_eq!(other.next().await["type"], "pong");
    one.ask("q-1", "wait").await;
    one.until("tool_executing").await;
    two.until("tool_executing").await;
    log.lost.store(true, Ordering::Release);
    two.ask("q-2", "answer").await;
    for tab in [&mut one, &mut two] {
        let (announced, code) = tab.close_code().await;
        assert_eq!((code, announced.unwrap()["reconnect"].as_bool()), (4010, Some(true)));
    }
    log.lost.store(false, Ordering::Release);
    other.say(json!({"type": "ping", "n": 2})).await;
    assert_eq!(other.next().await["n"], 2);
}

#[tokio::test]
async fn a_store_that_fails_is_said_and_nothing_unstored_is_shown() {
    for stored in [0, 2] {
        let store = FaultyStore::failing(stored + 1..=u64::MAX).await;
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
async fn a_slow_store_is_not_taken_for_a_silent_client() {
    let mut store = FaultyStore::failing(0..=0).await;
    Arc::get_mut(&mut store).unwrap().slowness = Duration::from_millis(1_500);
    let config = GatewayConfig {
        ping_interval: Duration::from_millis(60),
        pong_timeout: Duration::from_millis(500),
        ..GatewayConfig::default()
    };
    let node = Node::on(config, store, memory_log()).await;
    let mut client = node.connect("ada").await;
    client.ask("q-1", "answer").await;
    assert_eq!(client.until_terminal().await.last().unwrap()["type"], "agent_completed");
}

#[tokio::test]
async fn a_run_that_lost_an_event_is_begun_and_its_tools_closed_all_the_same() {
    let whole = ["agent_started", "agent_thinking", "tool_executing", "tool_completed", "agent_failed"];
    for (lost, owed) in [(1, &[whole[0], whole[4]][..]), (4, &whole)] {
        let node = Node::on(hasty(), FaultyStore::failing(lost..=lost).await, memory_log()).await;
        let mut client = node.connect("ada").await;
        client.ask("q-1", "answer").await;
        let frames = client.until_terminal().await;
        assert_eq!(kinds(&frames)[1..], *owed, "event {lost} was lost");
    }
}

#[tokio::test]
async fn a_run_ends_when_the_store_is_back() {
    let node = Node::on(hasty(), FaultyStore::failing(2..=4).await, memory_log()).await;
    let mut client = node.connect("ada").await;
    client.ask("q-1", "answer").await;
    let frames = client.until_terminal().await;
    assert_eq!(frames.iter().filter(|frame| frame["code"] == "internal").count(), 1, "told once meanwhile");
    assert_eq!(kinds(&frames).last(), Some(&"agent_failed"));
    let path = format!("/runs/{}", frames[0]["run_id"].as_str().unwrap());
    assert_eq!(node.get(&path, Some(&token("ada", 60))).await.2["state"], "failed");
}

#[tokio::test]
async fn a_log_that_takes_nothing_is_said_in_the_end() {
    let store = Arc::new(SqliteStore::in_memory().await.unwrap());
    let config = GatewayConfig { run_deadline: Duration::from_millis(300), ..hasty() };
    let node = Node::on(config, store, faulty_log(u64::MAX, 0)).await;
    let mut client = node.connect("ada").await;
    client.ask("q-1", "give-up").await;
    let accepted = client.next().await;
    let said = client.next().await;
    assert_eq!((said["code"].as_str(), said["request_id"].as_str()), (Some("internal"), Some("q-1")));
    assert!(said["message"].as_str().unwrap().contains(accepted["run_id"].as_str().unwrap()));
}

#[tokio::test]
async fn a_run_whose_terminal_waits_for_the_log_neither_takes_a_place_nor_a_cancel() {
    let store: Arc<dyn Store> = Arc::new(SqliteStore::in_memory().await.unwrap());
    let log = faulty_log(0, 0);
    let config = GatewayConfig { runs_per_user: 1, ..hasty() };
    let node = Node::on(config, Arc::clone(&store), Arc::clone(&log) as _).await;
    let mut client = node.connect("ada").await;
    client.ask("q-1", "wait").await;
    let accepted = client.until("tool_executing").await.remove(0);
    log.failing_appends.store(u64::MAX, Ordering::Release);
    let cancel = json!({"type": "cancel", "run_id": accepted["run_id"]});
    client.say(cancel.clone()).await;
    let (user, run) =
        (UserId::new("ada").unwrap(), RunId::new(accepted["run_id"].as_str().unwrap()).unwrap());
    let ended = async {
        while store.run(&user, &run).await.unwrap().unwrap().state == RunState::Running {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(PATIENCE, ended).await.expect("the run ends in the store");
    client.say(cancel).await;
    assert_eq!(client.next().await["code"], "run_ended");
    client.ask("q-2", "answer").await;
    assert_eq!(client.next().await["type"], "request_accepted");
}

#[tokio::test]
async fn a_run_that_grows_while_it_is_read_is_shown_as_it_stood() {
    let store = FaultyStore::failing(0..=0).await;
    let (run, now) = (RunId::new("r-1").unwrap(), Timestamp::from_unix_ms(1_800_000_000_000));
    let begun = NewRun {
        user_id: UserId::new("ada").unwrap(),
        request_id: RequestId::new("q-1").unwrap(),
        thread_id: None,
        agent: "player".to_owned(),
        message: "grow".to_owned(),
        run_id: run.clone(),
        new_thread_id: ThreadId::new("t-1").unwrap(),
        now,
    };
    let event = |seq: u64, ends| StoredEvent {
        run_id: run.clone(),
        seq,
        event_id: EventId::new(format!("e-{seq}")).unwrap(),
        envelope: format!("{{\"seq\":{seq}}}"),
        ends,
    };
    let node = Node::on(hasty(), Arc::clone(&store) as _, memory_log()).await;
    store.inner.begin_run(begun).await.unwrap();
    let terminal = Some((RunState::Completed, Some("done".to_owned())));
    store.growth.lock().unwrap().extend([event(1, None), event(2, terminal)]);
    for _ in 0..3 {
        let (_, _, shown) = node.get("/runs/r-1", Some(&token("ada", 60))).await;
        let count = shown["events"].as_array().unwrap().len() as u64;
        assert_eq!(shown["event_count"].as_u64(), Some(count));
        assert_eq!(shown["state"] == "completed", count == 2, "{shown}");
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
