//! A node on a free port, an agent that plays scripts, and a client that waits with a deadline.

use async_trait::async_trait;
use futures_util::{SinkExt, StreamExt};
use goldenpath_agent::{Agent, Answer, Step, StepSink, Task, TaskEnd, TaskFailure};
use goldenpath_gateway::auth::TokenVerifier;
use goldenpath_gateway::{Clock, GatewayConfig, Parts, Server, ServerHandle, SystemClock};
use goldenpath_storage::{EventLog, LogLimits, MemoryEventLog, SqliteStore, Store};
use serde_json::{Map, Value, json};
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Notify;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::tungstenite::{Error, Message};
use tokio_util::sync::CancellationToken;

pub(crate) const SECRET: &[u8] = b"a secret of thirty-two bytes or more";
pub(crate) const PATIENCE: Duration = Duration::from_secs(5);
pub(crate) const ANSWER: &str = "Move the batch jobs to spot capacity and save 12 percent.";

/// Plays the script that a prompt names.
#[derive(Debug)]
pub(crate) struct Player {
    /// A script that has to know what its user saw waits for the test to say so.
    go_on: Arc<Notify>,
}

#[async_trait]
impl Agent for Player {
    fn names(&self) -> Vec<String> {
        vec!["player".to_owned(), "understudy".to_owned()]
    }

    async fn run(&self, task: Task, steps: StepSink, cancel: CancellationToken) -> TaskEnd {
        let words: Vec<&str> = task.message.split_whitespace().collect();
        let tell = async |step| {
            let _ = steps.send(step).await;
        };
        if words[0] != "mute" {
            let description = format!("plays {}", task.message);
            tell(Step::Started { agent: task.agent.clone(), task_description: description }).await;
        }
        match words[0] {
            "panic" => panic!("as the script says"),
            "fail" => return TaskEnd::Failed(failure("no_data", "there is no data")),
            "give-up" => return TaskEnd::Cancelled,
            "empty" => return TaskEnd::Completed(answer("", "")),
            "change" => {
                tell(delta("something else")).await;
                self.go_on.notified().await;
            }
            "wait" => {
                tell(executing(1, None)).await;
                cancel.cancelled().await;
                tell(completed(1, None, Err(failure("cancelled", "stopped")))).await;
                return TaskEnd::Cancelled;
            }
            "stubborn" => {
                tell(executing(1, None)).await;
                return std::future::pending().await;
            }
            "tier" => tell(thinking(None, &task.tier)).await,
            "silent" => {
                drop(steps);
                return std::future::pending().await;
            }
            "flood" => {
                let count: u32 = words[1].parse().unwrap();
                let size: usize = words[2].parse().unwrap();
                for _ in 0..count {
                    tell(thinking(None, &"x".repeat(size))).await;
                }
            }
            "huge" => {
                tell(executing(1, None)).await;
                let mut results = subject();
                results.insert("rows".to_owned(), json!("r".repeat(300 * 1024)));
                tell(completed(1, None, Ok(results))).await;
            }
            "careless" => {
                tell(executing(1, None)).await;
                tell(executing(1, None)).await;
                tell(completed(9, None, Ok(subject()))).await;
                tell(thinking(None, " ")).await;
            }
            "broken-tool" => {
                tell(executing(1, None)).await;
                tell(completed(1, None, Ok(Map::new()))).await;
            }
            _ => {
                tell(thinking(None, "which costs are large?")).await;
                tell(executing(1, Some("player"))).await;
                tell(completed(1, Some("player"), Ok(subject()))).await;
                for word in ANSWER.split_inclusive(' ') {
                    tell(delta(word)).await;
                }
            }
        }
        TaskEnd::Completed(answer(ANSWER, "Spot capacity saves 12 percent."))
    }
}

fn answer(final_response: &str, summary: &str) -> Answer {
    Answer {
        agent: "player".to_owned(),
        final_response: final_response.to_owned(),
        summary: summary.to_owned(),
        degraded: false,
        limitations: Vec::new(),
    }
}

fn failure(code: &str, message: &str) -> TaskFailure {
    TaskFailure { code: code.to_owned(), message: message.to_owned(), retryable: false }
}

fn delta(text: &str) -> Step {
    Step::Delta { agent: "player".to_owned(), text: text.to_owned() }
}

fn speaker(parent: Option<&str>) -> String {
    if parent.is_some() { "specialist" } else { "player" }.to_owned()
}

fn thinking(parent: Option<&str>, reasoning: &str) -> Step {
    let (agent, parent) = (speaker(parent), parent.map(str::to_owned));
    Step::Thinking { agent, parent, reasoning: reasoning.to_owned(), progress: Some(10.0) }
}

fn executing(call: u32, parent: Option<&str>) -> Step {
    Step::ToolExecuting {
        agent: speaker(parent),
        parent: parent.map(str::to_owned),
        call,
        tool: "costs".to_owned(),
        parameters: subject(),
        purpose: "to see the costs".to_owned(),
    }
}

fn completed(call: u32, parent: Option<&str>, outcome: Result<Map<String, Value>, TaskFailure>) -> Step {
    let (agent, parent) = (speaker(parent), parent.map(str::to_owned));
    Step::ToolCompleted { agent, parent, call, tool: "costs".to_owned(), outcome }
}

fn subject() -> Map<String, Value> {
    Map::from_iter([("subject".to_owned(), json!("compute"))])
}

/// A node with its own store and log.
pub(crate) struct Node {
    pub(crate) server: ServerHandle,
    pub(crate) addr: SocketAddr,
    pub(crate) log: Arc<dyn EventLog>,
    /// Lets a player that waits for it go on.
    pub(crate) go_on: Arc<Notify>,
}

pub(crate) fn memory_log() -> Arc<dyn EventLog> {
    Arc::new(MemoryEventLog::new(LogLimits::default(), Arc::new(|| SystemClock.now())))
}

impl Node {
    pub(crate) async fn start() -> Self {
        Self::with(GatewayConfig::default()).await
    }

    pub(crate) async fn with(config: GatewayConfig) -> Self {
        let store = Arc::new(SqliteStore::in_memory().await.unwrap());
        Self::on(config, store, memory_log()).await
    }

    pub(crate) async fn on(config: GatewayConfig, store: Arc<dyn Store>, log: Arc<dyn EventLog>) -> Self {
        let go_on = Arc::new(Notify::new());
        let player = Arc::new(Player { go_on: Arc::clone(&go_on) });
        Self { go_on, ..Self::of(player, config, store, log).await }
    }

    /// A node of another agent than the player.
    pub(crate) async fn of(
        agent: Arc<dyn Agent>,
        config: GatewayConfig,
        store: Arc<dyn Store>,
        log: Arc<dyn EventLog>,
    ) -> Self {
        Self::speaking(None, agent, config, store, log).await
    }

    /// A node that speaks TLS itself.
    pub(crate) async fn secured(tls: rustls::ServerConfig, config: GatewayConfig) -> Self {
        let go_on = Arc::new(Notify::new());
        let player = Arc::new(Player { go_on: Arc::clone(&go_on) });
        let store = Arc::new(SqliteStore::in_memory().await.unwrap());
        Self { go_on, ..Self::speaking(Some(Arc::new(tls)), player, config, store, memory_log()).await }
    }

    async fn speaking(
        tls: Option<Arc<rustls::ServerConfig>>,
        agent: Arc<dyn Agent>,
        config: GatewayConfig,
        store: Arc<dyn Store>,
        log: Arc<dyn EventLog>,
    ) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let parts = Parts {
            store,
            log: Arc::clone(&log),
            agent,
            verifier: Arc::new(TokenVerifier::hs256(SECRET, "goldenpath", "goldenpath")),
            tls,
            config,
            clock: Arc::new(SystemClock),
        };
        let server = Server::start(listener, parts).await.unwrap();
        Self { addr: server.addr(), server, log, go_on: Arc::default() }
    }

    pub(crate) async fn connect(&self, user: &str) -> Client {
        self.connect_with(&token(user, 600), "").await
    }

    /// A client that was greeted; `query` begins with `?` or is empty.
    pub(crate) async fn connect_with(&self, token: &str, query: &str) -> Client {
        let mut client = self.try_connect(Some(token), query, &[]).await.unwrap();
        client.greeting = client.next().await;
        assert_eq!(client.greeting["type"], "connection_established");
        client
    }

    pub(crate) async fn try_connect(
        &self,
        token: Option<&str>,
        query: &str,
        headers: &[(&'static str, &str)],
    ) -> Result<Client, Error> {
        let stream = TcpStream::connect(self.addr).await.unwrap();
        self.upgrade(stream, token, query, headers).await
    }

    /// Asks for a WebSocket on a socket that leads here.
    pub(crate) async fn upgrade<S: AsyncRead + AsyncWrite + Unpin>(
        &self,
        stream: S,
        token: Option<&str>,
        query: &str,
        headers: &[(&'static str, &str)],
    ) -> Result<Client<S>, Error> {
        let mut request = format!("ws://{}/ws{query}", self.addr).into_client_request().unwrap();
        if let Some(token) = token {
            request.headers_mut().insert("authorization", format!("Bearer {token}").parse().unwrap());
        }
        for (name, value) in headers {
            request.headers_mut().insert(*name, value.parse().unwrap());
        }
        let (socket, response) = tokio_tungstenite::client_async(request, stream).await?;
        let protocol = response.headers().get("sec-websocket-protocol");
        let protocol = protocol.map(|value| value.to_str().unwrap().to_owned());
        Ok(Client { socket, greeting: Value::Null, protocol })
    }

    /// The status, head and JSON body of a GET.
    pub(crate) async fn get(&self, path: &str, token: Option<&str>) -> (u16, String, Value) {
        let mut stream = TcpStream::connect(self.addr).await.unwrap();
        let auth = token.map(|token| format!("Authorization: Bearer {token}\r\n")).unwrap_or_default();
        let request = format!("GET {path} HTTP/1.1\r\nHost: x\r\n{auth}Connection: close\r\n\r\n");
        stream.write_all(request.as_bytes()).await.unwrap();
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer).await.unwrap();
        let answer = String::from_utf8(answer).unwrap();
        let (head, body) = answer.split_once("\r\n\r\n").unwrap();
        let status = head.split(' ').nth(1).unwrap().parse().unwrap();
        (
            status,
            head.to_ascii_lowercase(),
            serde_json::from_str(body).unwrap_or(Value::String(body.to_owned())),
        )
    }
}

pub(crate) fn token(user: &str, seconds: i64) -> String {
    token_of_tier(user, seconds, "mid")
}

pub(crate) fn token_of_tier(user: &str, seconds: i64, tier: &str) -> String {
    let exp = SystemClock.now().unix_ms() / 1_000 + seconds;
    let claims = json!({
        "iss": "goldenpath", "aud": "goldenpath", "sub": user, "exp": exp, "iat": exp - 1_000, "jti": "j-1",
        "scope": "chat agents", "tier": tier
    });
    let key = jsonwebtoken::EncodingKey::from_secret(SECRET);
    jsonwebtoken::encode(&jsonwebtoken::Header::new(jsonwebtoken::Algorithm::HS256), &claims, &key).unwrap()
}

/// A client that only does what it is told.
pub(crate) struct Client<S = TcpStream> {
    pub(crate) socket: WebSocketStream<S>,
    pub(crate) greeting: Value,
    pub(crate) protocol: Option<String>,
}

impl<S: AsyncRead + AsyncWrite + Unpin> Client<S> {
    pub(crate) async fn say(&mut self, frame: Value) {
        self.send(Message::text(frame.to_string())).await;
    }

    pub(crate) async fn send(&mut self, message: Message) {
        self.socket.send(message).await.unwrap();
    }

    pub(crate) async fn ask(&mut self, request_id: &str, message: &str) {
        self.say(json!({"type": "agent_request", "request_id": request_id, "message": message})).await;
    }

    /// The next text frame.
    pub(crate) async fn next(&mut self) -> Value {
        serde_json::from_str(&self.next_text().await).unwrap()
    }

    pub(crate) async fn next_text(&mut self) -> String {
        loop {
            match self.next_message().await {
                Some(Ok(Message::Text(text))) => return text.as_str().to_owned(),
                Some(Ok(Message::Ping(_) | Message::Pong(_))) => {}
                other => panic!("expected a frame, got {other:?}"),
            }
        }
    }

    pub(crate) async fn next_message(&mut self) -> Option<Result<Message, Error>> {
        tokio::time::timeout(PATIENCE, self.socket.next()).await.expect("a message within the deadline")
    }

    /// Every frame until one of `kind`, that one included.
    pub(crate) async fn until(&mut self, kind: &str) -> Vec<Value> {
        let mut frames = Vec::new();
        loop {
            frames.push(self.next().await);
            if frames.last().unwrap()["type"] == kind {
                return frames;
            }
        }
    }

    /// The run's frames up to its terminal.
    pub(crate) async fn until_terminal(&mut self) -> Vec<Value> {
        let mut frames = Vec::new();
        loop {
            frames.push(self.next().await);
            let kind = frames.last().unwrap()["type"].as_str().unwrap();
            if ["agent_completed", "agent_failed", "agent_cancelled"].contains(&kind) {
                return frames;
            }
        }
    }

    /// The announcement, if there was one, and the code of the Close; 1006 when there is none.
    pub(crate) async fn close_code(&mut self) -> (Option<Value>, u16) {
        let mut announced = None;
        loop {
            match self.next_message().await {
                Some(Ok(Message::Text(text))) => {
                    let frame: Value = serde_json::from_str(&text).unwrap();
                    if frame["type"] == "closing" {
                        announced = Some(frame);
                    }
                }
                Some(Ok(Message::Close(frame))) => {
                    return (announced, frame.map_or(1005, |frame| frame.code.into()));
                }
                Some(Ok(_)) => {}
                None | Some(Err(_)) => return (announced, 1006),
            }
        }
    }
}

pub(crate) fn kinds(frames: &[Value]) -> Vec<&str> {
    frames.iter().map(|frame| frame["type"].as_str().unwrap()).collect()
}

/// The frames that are events of a run, checked for dense offsets and `seq`.
pub(crate) fn events(frames: &[Value]) -> Vec<&Value> {
    let events: Vec<&Value> = frames.iter().filter(|frame| frame.get("event_id").is_some()).collect();
    for pair in events.windows(2) {
        assert_eq!(pair[0]["offset"].as_u64().unwrap() + 1, pair[1]["offset"].as_u64().unwrap());
        if pair[0]["run_id"] == pair[1]["run_id"] {
            assert_eq!(pair[0]["seq"].as_u64().unwrap() + 1, pair[1]["seq"].as_u64().unwrap());
            assert!(pair[0]["timestamp"].as_str() <= pair[1]["timestamp"].as_str());
        }
    }
    events
}

/// Waits for what a node's figures say: they are counts, and tell nobody that they changed.
pub(crate) async fn eventually(what: &str, mut holds: impl FnMut() -> bool) {
    let deadline = tokio::time::Instant::now() + PATIENCE;
    while !holds() {
        assert!(tokio::time::Instant::now() < deadline, "waited for: {what}");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}
