//! A log that is lost or does not answer, as its users notice it.

use crate::world::{Client, Node, events, memory_log, token};
use async_trait::async_trait;
use goldenpath_gateway::GatewayConfig;
use goldenpath_protocol::{ClientId, Epoch, EventId, UserId};
use goldenpath_storage::{AppendError, Appended, EventLog, Head, Replay, SqliteStore};
use serde_json::json;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::sync::watch;

const CLIENT: &str = "client_id=0190c9a4-0000-7000-8000-000000000001";

/// A log that can be lost, and that answers nobody while it is down.
#[derive(Debug)]
struct MortalLog {
    living: Mutex<Arc<dyn EventLog>>,
    down: AtomicBool,
}

impl MortalLog {
    fn born() -> Arc<Self> {
        Arc::new(Self { living: Mutex::new(memory_log()), down: AtomicBool::new(false) })
    }

    /// All streams are gone; new ones have epochs of their own.
    fn die(&self) {
        *self.living.lock().unwrap() = memory_log();
    }

    fn set_down(&self, down: bool) {
        self.down.store(down, Ordering::Release);
    }

    fn asked(&self) -> Result<Arc<dyn EventLog>, AppendError> {
        if self.down.load(Ordering::Acquire) {
            return Err(AppendError::Unavailable);
        }
        Ok(Arc::clone(&self.living.lock().unwrap()))
    }
}

#[async_trait]
impl EventLog for MortalLog {
    async fn append(&self, user: &UserId, id: &EventId, envelope: &str) -> Result<Appended, AppendError> {
        self.asked()?.append(user, id, envelope).await
    }
    async fn head(&self, user: &UserId) -> Result<Head, AppendError> {
        self.asked()?.head(user).await
    }
    async fn read(
        &self,
        user: &UserId,
        epoch: &Epoch,
        offset: u64,
        max: usize,
    ) -> Result<Replay, AppendError> {
        self.asked()?.read(user, epoch, offset, max).await
    }
    async fn subscribe(&self, user: &UserId) -> Result<watch::Receiver<Head>, AppendError> {
        self.asked()?.subscribe(user).await
    }
    async fn acknowledge(&self, user: &UserId, client: &ClientId, offset: u64) -> Result<u64, AppendError> {
        self.asked()?.acknowledge(user, client, offset).await
    }
    async fn acknowledged(&self, user: &UserId, client: &ClientId) -> Result<u64, AppendError> {
        self.asked()?.acknowledged(user, client).await
    }
    async fn ready(&self) -> Result<(), AppendError> {
        self.asked()?.ready().await
    }
}

async fn node(log: &Arc<MortalLog>) -> Node {
    let config = GatewayConfig { ping_interval: Duration::from_millis(60), ..GatewayConfig::default() };
    let store = Arc::new(SqliteStore::in_memory().await.unwrap());
    Node::on(config, store, Arc::clone(log) as Arc<dyn EventLog>).await
}

async fn told_in_full(client: &mut Client) -> u64 {
    client.ask("q-1", "answer").await;
    let frames = client.until_terminal().await;
    events(&frames).last().unwrap()["offset"].as_u64().unwrap()
}

#[tokio::test]
async fn a_lost_log_is_said_to_who_listens_and_to_who_comes_back() {
    let log = MortalLog::born();
    let node = node(&log).await;
    let mut client = node.connect("ada").await;
    let offset = told_in_full(&mut client).await;
    log.die();
    let (announced, code) = client.close_code().await;
    assert_eq!((code, announced.unwrap()["reason"].as_str()), (4010, Some("insufficient_state")));

    let epoch = client.greeting["epoch"].as_str().unwrap();
    let back = node.connect_with(&token("ada", 60), &format!("?resume={epoch}:{offset}")).await;
    assert_eq!(back.greeting["recovered"], "failed");
    assert_ne!(back.greeting["epoch"], epoch, "another life, another epoch");
}

#[tokio::test]
async fn who_cannot_be_greeted_is_sent_away_as_by_a_server_error() {
    let log = MortalLog::born();
    let node = node(&log).await;
    log.set_down(true);
    let mut client = node.try_connect(Some(&token("ada", 60)), "", &[]).await.unwrap();
    let (announced, code) = client.close_code().await;
    assert_eq!((code, announced.unwrap()["reconnect"].as_bool()), (4002, Some(true)));
    log.set_down(false);
    assert_eq!(node.connect("ada").await.greeting["recovered"], "fresh");
}

#[tokio::test]
async fn an_acknowledgement_that_cannot_be_kept_is_said_and_can_be_repeated() {
    let log = MortalLog::born();
    let node = node(&log).await;
    let mut client = node.connect_with(&token("ada", 60), &format!("?{CLIENT}")).await;
    let offset = told_in_full(&mut client).await;
    log.set_down(true);
    client.say(json!({"type": "ack", "offset": offset})).await;
    let error = client.until("error").await.pop().unwrap();
    assert_eq!(error["code"], "internal");
    log.set_down(false);
    client.say(json!({"type": "ack", "offset": offset})).await;
    client.say(json!({"type": "ping", "n": 1})).await;
    client.until("pong").await;
    let back = node.connect_with(&token("ada", 60), &format!("?{CLIENT}")).await;
    assert_eq!(back.greeting["acked"].as_u64(), Some(offset));
}
