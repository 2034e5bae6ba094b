//! The real bridge, notifier and manager over doubles that answer at once, and an agent that plays what a test
//! wrote. Under a runtime whose clock stands still until nobody has anything to do, times are exact and cost nothing.

use super::book::Book;
use super::doubles::TurnedClock;
use super::hitches::Hitches;
use super::samples::{connect, user};
use async_trait::async_trait;
use goldenpath_agent::{Agent, Answer, Step, StepSink, Task, TaskEnd, TaskFailure};
use goldenpath_gateway::{
    Accepted, AgentWebSocketBridge, Clock, GatewayConfig, Metrics, Registration, RequestRefused, RunRequest,
    UnifiedWebSocketManager, WebSocketNotifier,
};
use goldenpath_protocol::{EventBody, RequestId, RunEvent, ServerFrame, Tier};
use goldenpath_storage::{EventLog, LogLimits, MemoryEventLog, Replay, Store};
use goldenpath_testbed::faulty::{FaultyLog, LogFault};
use serde_json::{Map, Value, json};
use std::fmt;
use std::pin::Pin;
use std::sync::atomic::AtomicI64;
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

/// What an agent is given for one run.
pub(crate) struct Part {
    pub(crate) task: Task,
    pub(crate) steps: StepSink,
    pub(crate) cancel: CancellationToken,
}

impl Part {
    pub(crate) async fn tell(&self, step: Step) {
        let _ = self.steps.send(step).await;
    }

    pub(crate) async fn start(&self) {
        let task_description = "looks at your costs".to_owned();
        self.tell(Step::Started { agent: "player".to_owned(), task_description }).await;
    }

    pub(crate) async fn think(&self, reasoning: &str) {
        let (agent, reasoning) = ("player".to_owned(), reasoning.to_owned());
        self.tell(Step::Thinking { agent, parent: None, reasoning, progress: None }).await;
    }

    pub(crate) async fn call(&self, call: u32, tool: &str) {
        self.tell(Step::ToolExecuting {
            agent: "player".to_owned(),
            parent: None,
            call,
            tool: tool.to_owned(),
            parameters: Map::new(),
            purpose: format!("asks {tool}"),
        })
        .await;
    }

    pub(crate) async fn close(&self, call: u32, outcome: Result<Map<String, Value>, TaskFailure>) {
        let (agent, tool) = ("player".to_owned(), String::new());
        self.tell(Step::ToolCompleted { agent, parent: None, call, tool, outcome }).await;
    }

    pub(crate) async fn piece(&self, text: &str) {
        self.tell(Step::Delta { agent: "player".to_owned(), text: text.to_owned() }).await;
    }
}

/// The end with an answer and nothing else to say.
pub(crate) fn done(final_response: &str) -> TaskEnd {
    TaskEnd::Completed(answered(final_response))
}

pub(crate) fn answered(final_response: &str) -> Answer {
    Answer {
        agent: "player".to_owned(),
        final_response: final_response.to_owned(),
        summary: "in short".to_owned(),
        degraded: false,
        limitations: Vec::new(),
    }
}

pub(crate) fn failure(code: &str, message: &str) -> TaskFailure {
    TaskFailure { code: code.to_owned(), message: message.to_owned(), retryable: false }
}

/// What a tool found.
pub(crate) fn found() -> Map<String, Value> {
    Map::from_iter([("subject".to_owned(), json!("compute"))])
}

type Playing = Pin<Box<dyn Future<Output = TaskEnd> + Send>>;

struct Player {
    act: Box<dyn Fn(Part) -> Playing + Send + Sync>,
    tasks: Arc<Mutex<Vec<Task>>>,
}

impl fmt::Debug for Player {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Player").finish_non_exhaustive()
    }
}

#[async_trait]
impl Agent for Player {
    fn names(&self) -> Vec<String> {
        vec!["player".to_owned(), "understudy".to_owned()]
    }

    async fn run(&self, task: Task, steps: StepSink, cancel: CancellationToken) -> TaskEnd {
        self.tasks.lock().unwrap().push(task.clone());
        (self.act)(Part { task, steps, cancel }).await
    }
}

/// A bridge and what is around it.
pub(crate) struct Stage {
    pub(crate) bridge: AgentWebSocketBridge,
    pub(crate) book: Arc<Book>,
    pub(crate) hitches: Arc<Hitches>,
    pub(crate) manager: Arc<UnifiedWebSocketManager>,
    pub(crate) metrics: Arc<Metrics>,
    pub(crate) clock: Arc<TurnedClock>,
    pub(crate) stop: CancellationToken,
    /// What the agent was asked to do.
    pub(crate) tasks: Arc<Mutex<Vec<Task>>>,
    log: Arc<FaultyLog>,
    began: Instant,
}

impl Stage {
    /// A bridge whose agent does this in every run.
    pub(crate) fn new<F>(act: impl Fn(Part) -> F + Send + Sync + 'static) -> Self
    where
        F: Future<Output = TaskEnd> + Send + 'static,
    {
        Self::with(|_| {}, act)
    }

    /// One with other limits.
    pub(crate) fn with<F>(
        change: impl FnOnce(&mut GatewayConfig),
        act: impl Fn(Part) -> F + Send + Sync + 'static,
    ) -> Self
    where
        F: Future<Output = TaskEnd> + Send + 'static,
    {
        let mut config = GatewayConfig::default();
        change(&mut config);
        let config = Arc::new(config);
        let (hitches, tasks) = (Arc::new(Hitches::default()), Arc::default());
        let book = Arc::new(Book::new(Arc::clone(&hitches)));
        let clock = Arc::new(TurnedClock(AtomicI64::new(1_800_000_000_000)));
        let log_clock = Arc::clone(&clock);
        let memory = MemoryEventLog::new(LogLimits::default(), Arc::new(move || log_clock.now()));
        let log = Arc::new(FaultyLog::new(Arc::new(memory), Arc::clone(&hitches) as Arc<dyn LogFault>));
        let metrics = Arc::new(Metrics::new());
        let manager = UnifiedWebSocketManager::new(Arc::clone(&config), Arc::clone(&metrics));
        let store = Arc::clone(&book) as Arc<dyn Store>;
        let wall = Arc::clone(&clock) as Arc<dyn Clock>;
        let notifier = WebSocketNotifier::new(
            Arc::clone(&store),
            Arc::clone(&log) as Arc<dyn EventLog>,
            Arc::clone(&manager),
            Arc::clone(&metrics),
            Arc::clone(&wall),
            Arc::clone(&config),
        );
        let player = Player { act: Box::new(move |part| Box::pin(act(part))), tasks: Arc::clone(&tasks) };
        let stop = CancellationToken::new();
        let bridge = AgentWebSocketBridge::new(
            store,
            notifier,
            Arc::new(player),
            wall,
            config,
            Arc::clone(&metrics),
            stop.clone(),
        );
        Self { bridge, book, hitches, manager, metrics, clock, stop, tasks, log, began: Instant::now() }
    }

    /// A run of ada's.
    pub(crate) async fn ask(&self, request_id: &str) -> Accepted {
        self.try_ask(asking("ada", request_id)).await.unwrap()
    }

    pub(crate) async fn try_ask(&self, request: RunRequest) -> Result<Accepted, RequestRefused> {
        self.bridge.request(request, |_| {}).await
    }

    /// Waits until every run is over.
    pub(crate) async fn over(&self) {
        assert!(self.bridge.join(Duration::from_secs(3_600)).await, "a run has no end");
    }

    /// Lets time pass; whoever has something to do does it first.
    pub(crate) async fn pass(&self, ms: u64) {
        tokio::time::sleep(Duration::from_millis(ms)).await;
    }

    /// Milliseconds since the curtain rose.
    pub(crate) fn elapsed(&self) -> u128 {
        self.began.elapsed().as_millis()
    }

    /// When each event of the run of a request was kept, in milliseconds.
    pub(crate) fn times(&self, request: &str) -> Vec<u128> {
        self.book.times(request).into_iter().map(|at| (at - self.began).as_millis()).collect()
    }

    /// Everything in a user's stream.
    pub(crate) async fn stream(&self, name: &str) -> Vec<RunEvent> {
        let epoch = self.log.head(&user(name)).await.unwrap().epoch;
        match self.log.read(&user(name), &epoch, 0, usize::MAX).await.unwrap() {
            Replay::Events(all) => {
                all.iter().map(|one| serde_json::from_str(&one.envelope).unwrap()).collect()
            }
            Replay::Gone(head) => panic!("gone: {head:?}"),
        }
    }

    /// What is in ada's stream, without its heads.
    pub(crate) async fn bodies(&self) -> Vec<EventBody> {
        self.stream("ada").await.into_iter().map(|event| event.body).collect()
    }

    /// A connection of ada's, to be told control frames.
    pub(crate) fn tab(&self) -> Registration {
        connect(&self.manager, "ada")
    }
}

/// A request as a socket hands it on.
pub(crate) fn asking(name: &str, request_id: &str) -> RunRequest {
    RunRequest {
        user_id: user(name),
        tier: Tier::Mid,
        request_id: RequestId::new(request_id).unwrap(),
        thread_id: None,
        agent: None,
        message: "what do I pay for?".to_owned(),
    }
}

/// The control frames that wait for a connection.
pub(crate) fn waiting(tab: &Registration) -> Vec<ServerFrame> {
    std::iter::from_fn(|| tab.outbox().pop()).map(|text| serde_json::from_str(&text).unwrap()).collect()
}
