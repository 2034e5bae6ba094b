//! The gateway's real parts without sockets, decorators that fail on demand, and a clock that a test turns. Shared
//! set-up of the tests of the manager, the notifier and the delivery.

use async_trait::async_trait;
use goldenpath_gateway::{
    Clock, Completion, CursorError, GatewayConfig, Joined, Metrics, NotifyError, Registration, RunStream,
    SendReport, StreamCursor, UnifiedWebSocketManager, UserExecutionContext, Visitor, WebSocketNotifier,
};
use goldenpath_protocol::{
    ClientId, Epoch, ErrorCode, EventBody, EventId, EventType, ExecutionId, Recovered, ResumePoint, RunEvent,
    RunFailure, RunId, ServerFrame, ThreadId, Tier, Timestamp, ToolError, UserId,
};
use goldenpath_storage::{
    AppendError, Appended, BeginRun, EventLog, Head, LogLimits, MemoryEventLog, NewRun, Replay, RunRecord,
    SqliteStore, Store, StoreError, StoredEvent, ThreadRecord,
};
use serde_json::{Map, Value, json};
use std::net::{IpAddr, Ipv4Addr};
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};
use tokio::sync::watch;

/// What the log and the store were asked to keep, in the order of asking, refused attempts included.
pub(crate) type Journal = Arc<Mutex<Vec<Asked>>>;

/// One attempt.
#[derive(Debug, Clone)]
pub(crate) struct Asked {
    pub(crate) part: &'static str,
    pub(crate) event: EventId,
    pub(crate) kept: bool,
    pub(crate) at: Instant,
}

/// How many of the next attempts fail, for a while or for good.
#[derive(Debug, Default)]
pub(crate) struct Faults {
    unavailable: AtomicU64,
    broken: AtomicU64,
}

impl Faults {
    /// The next `count` attempts are not answered in time.
    pub(crate) fn silent(&self, count: u64) {
        self.unavailable.store(count, Ordering::Release);
    }

    /// The next `count` attempts fail in a way that trying again does not help.
    pub(crate) fn broken(&self, count: u64) {
        self.broken.store(count, Ordering::Release);
    }
}

fn take(count: &AtomicU64) -> bool {
    count.fetch_update(Ordering::AcqRel, Ordering::Acquire, |left| left.checked_sub(1)).is_ok()
}

/// A real log whose appends fail on demand.
#[derive(Debug)]
pub(crate) struct FaultyLog {
    pub(crate) faults: Faults,
    pub(crate) inner: MemoryEventLog,
    journal: Journal,
}

#[async_trait]
impl EventLog for FaultyLog {
    async fn append(&self, user: &UserId, id: &EventId, envelope: &str) -> Result<Appended, AppendError> {
        let answer = if take(&self.faults.unavailable) {
            Err(AppendError::Unavailable)
        } else if take(&self.faults.broken) {
            Err(AppendError::Failed("the log is gone".to_owned()))
        } else {
            self.inner.append(user, id, envelope).await
        };
        let asked = Asked { part: "log", event: id.clone(), kept: answer.is_ok(), at: Instant::now() };
        self.journal.lock().unwrap().push(asked);
        answer
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
        self.inner.ready().await
    }
}

/// A real store whose appends fail on demand.
#[derive(Debug)]
pub(crate) struct FaultyStore {
    pub(crate) faults: Faults,
    inner: SqliteStore,
    journal: Journal,
}

#[async_trait]
impl Store for FaultyStore {
    async fn begin_run(&self, request: NewRun) -> Result<BeginRun, StoreError> {
        self.inner.begin_run(request).await
    }
    async fn find_run(&self, request: &NewRun) -> Result<Option<BeginRun>, StoreError> {
        self.inner.find_run(request).await
    }
    async fn append_event(&self, event: StoredEvent) -> Result<(), StoreError> {
        let id = event.event_id.clone();
        let answer = if take(&self.faults.unavailable) {
            Err(StoreError::Unavailable)
        } else if take(&self.faults.broken) {
            Err(StoreError::Failed("the disk is gone".to_owned()))
        } else {
            self.inner.append_event(event).await
        };
        let asked = Asked { part: "store", event: id, kept: answer.is_ok(), at: Instant::now() };
        self.journal.lock().unwrap().push(asked);
        answer
    }
    async fn run(&self, user: &UserId, run: &RunId) -> Result<Option<RunRecord>, StoreError> {
        self.inner.run(user, run).await
    }
    async fn events(&self, user: &UserId, run: &RunId) -> Result<Vec<String>, StoreError> {
        self.inner.events(user, run).await
    }
    async fn threads(&self, user: &UserId) -> Result<Vec<ThreadRecord>, StoreError> {
        self.inner.threads(user).await
    }
    async fn thread(&self, user: &UserId, thread: &ThreadId) -> Result<Option<ThreadRecord>, StoreError> {
        self.inner.thread(user, thread).await
    }
    async fn running_runs(&self) -> Result<Vec<RunRecord>, StoreError> {
        self.inner.running_runs().await
    }
    async fn ready(&self) -> Result<(), StoreError> {
        self.inner.ready().await
    }
}

/// A wall clock that stands still until it is turned, forward or back.
#[derive(Debug)]
pub(crate) struct TurnedClock(AtomicI64);

impl TurnedClock {
    pub(crate) fn turn(&self, ms: i64) {
        self.0.fetch_add(ms, Ordering::AcqRel);
    }
}

impl Clock for TurnedClock {
    fn now(&self) -> Timestamp {
        Timestamp::from_unix_ms(self.0.load(Ordering::Acquire))
    }
}

/// The real notifier over real storage and the real manager, without sockets.
pub(crate) struct Backend {
    pub(crate) notifier: WebSocketNotifier,
    pub(crate) manager: Arc<UnifiedWebSocketManager>,
    pub(crate) metrics: Arc<Metrics>,
    pub(crate) store: Arc<FaultyStore>,
    pub(crate) log: Arc<FaultyLog>,
    pub(crate) clock: Arc<TurnedClock>,
    pub(crate) journal: Journal,
}

impl Backend {
    pub(crate) async fn new() -> Self {
        Self::with(LogLimits::default(), |_| {}).await
    }

    /// One with other limits; its retries wait for milliseconds unless `change` says otherwise.
    pub(crate) async fn with(limits: LogLimits, change: impl FnOnce(&mut GatewayConfig)) -> Self {
        let mut config =
            GatewayConfig { retry_waits: [1, 2, 4].map(Duration::from_millis), ..Default::default() };
        change(&mut config);
        let config = Arc::new(config);
        let journal = Journal::default();
        let clock = Arc::new(TurnedClock(AtomicI64::new(1_800_000_000_000)));
        let inner = SqliteStore::in_memory().await.unwrap();
        let store = Arc::new(FaultyStore { faults: Faults::default(), inner, journal: Arc::clone(&journal) });
        let log_clock = Arc::clone(&clock);
        let inner = MemoryEventLog::new(limits, Arc::new(move || log_clock.now()));
        let log = Arc::new(FaultyLog { faults: Faults::default(), inner, journal: Arc::clone(&journal) });
        let metrics = Arc::new(Metrics::new());
        let manager = UnifiedWebSocketManager::new(Arc::clone(&config), Arc::clone(&metrics));
        let notifier = WebSocketNotifier::new(
            Arc::clone(&store) as Arc<dyn Store>,
            Arc::clone(&log) as Arc<dyn EventLog>,
            Arc::clone(&manager),
            Arc::clone(&metrics),
            Arc::clone(&clock) as Arc<dyn Clock>,
            config,
        );
        Self { notifier, manager, metrics, store, log, clock, journal }
    }

    /// A run of `name` as the bridge would begin it.
    pub(crate) async fn begin(&self, name: &str) -> RunStream {
        self.begin_as(context(name)).await
    }

    /// One more run of the same user.
    pub(crate) async fn begin_another(&self, name: &str, n: usize) -> RunStream {
        let id = |kind: &str| format!("{kind}-{n}-of-{name}");
        let own = UserExecutionContext::parse(
            name,
            &id("thread"),
            &id("run"),
            &id("request"),
            Tier::Mid,
            "supervisor",
        );
        self.begin_as(own.unwrap()).await
    }

    async fn begin_as(&self, context: UserExecutionContext) -> RunStream {
        let request = NewRun {
            user_id: context.user_id().clone(),
            request_id: context.request_id().clone(),
            thread_id: None,
            agent: "analyst".to_owned(),
            message: "what do I pay for?".to_owned(),
            run_id: context.run_id().clone(),
            new_thread_id: context.thread_id().clone(),
            now: self.clock.now(),
        };
        assert!(matches!(self.store.begin_run(request).await.unwrap(), BeginRun::Started(_)));
        RunStream::new(context)
    }

    /// Everything in the user's stream.
    pub(crate) async fn stream(&self, name: &str) -> Vec<RunEvent> {
        let user = user(name);
        let epoch = self.log.head(&user).await.unwrap().epoch;
        match self.log.read(&user, &epoch, 0, usize::MAX).await.unwrap() {
            Replay::Events(entries) => {
                entries.iter().map(|entry| serde_json::from_str(&entry.envelope).unwrap()).collect()
            }
            Replay::Gone(head) => panic!("gone: {head:?}"),
        }
    }

    /// The envelopes that the store keeps of a run.
    pub(crate) async fn stored(&self, run: &RunStream) -> Vec<String> {
        let context = run.context();
        self.store.events(context.user_id(), context.run_id()).await.unwrap()
    }

    /// A connection of the user, greeted at the head of the stream.
    pub(crate) async fn tab(&self, name: &str) -> Tab {
        self.tab_from(name, None).await
    }

    /// A connection of the user that resumes.
    pub(crate) async fn tab_from(&self, name: &str, resume: Option<&ResumePoint>) -> Tab {
        let registration = connect(&self.manager, name);
        self.greet(registration, resume).await
    }

    /// What a socket's task does with its connection once it is registered.
    pub(crate) async fn greet(&self, registration: Registration, resume: Option<&ResumePoint>) -> Tab {
        let log = Arc::clone(&self.log) as Arc<dyn EventLog>;
        let most = self.manager.config().replay_events;
        let joined = StreamCursor::join(log, registration.user().clone(), resume, most).await.unwrap();
        let Joined { cursor, recovered, missed, .. } = joined;
        registration.delivery().joined(cursor.offset());
        Tab { registration, cursor, recovered, missed: missed.len() }
    }

    /// Sends a well-formed event of a type.
    pub(crate) async fn say(&self, run: &mut RunStream, kind: EventType) -> Result<SendReport, NotifyError> {
        let (notifier, speaker) = (&self.notifier, run.context().clone());
        let call = ExecutionId::new("call-1").unwrap();
        match kind {
            EventType::AgentStarted => notifier.agent_started(run, "looks at your costs").await,
            EventType::AgentThinking => {
                notifier.agent_thinking(run, &speaker, "storage grew most", Some(40.0)).await
            }
            EventType::ToolExecuting => {
                let asked = object(json!({ "service": "storage" }));
                notifier.tool_executing(run, &speaker, "costs", &call, asked, "reads the bill").await
            }
            EventType::ToolCompleted => {
                let found = Ok(object(json!({ "subject": "storage", "usd": 120 })));
                notifier.tool_completed(run, &speaker, "costs", &call, found, Duration::from_millis(7)).await
            }
            EventType::AgentCompleted => notifier.agent_completed(run, answer()).await,
            EventType::ResponseDelta => notifier.response_delta(run, "Move ".to_owned()).await,
            EventType::AgentFailed => {
                notifier.agent_failed(run, RunFailure::interrupted("the server stopped")).await
            }
            EventType::AgentCancelled => notifier.agent_cancelled(run, "cancelled by the user").await,
        }
    }

    /// The five critical events, in order.
    pub(crate) async fn say_all_five(&self, run: &mut RunStream) -> Vec<SendReport> {
        let mut reports = Vec::new();
        for kind in EventType::CRITICAL {
            reports.push(self.say(run, kind).await.unwrap());
        }
        reports
    }

    /// How often the log and the store were asked, with what they took.
    pub(crate) fn asked(&self, part: &str) -> Vec<Asked> {
        self.journal.lock().unwrap().iter().filter(|asked| asked.part == part).cloned().collect()
    }
}

/// A connection whose writer is the test: it reads the log as the socket's writer does, and says so to the tracker.
pub(crate) struct Tab {
    pub(crate) registration: Registration,
    pub(crate) cursor: StreamCursor,
    pub(crate) recovered: Recovered,
    /// How many events a resume has to replay.
    pub(crate) missed: usize,
}

impl Tab {
    /// Takes at most `most` events, as the text that goes to the socket.
    pub(crate) async fn take_text(&mut self, most: usize) -> Result<Vec<String>, CursorError> {
        let entries = self.cursor.peek(most).await?;
        for entry in &entries {
            self.registration.delivery().written(entry.offset);
            self.cursor.advance(entry);
        }
        Ok(entries.iter().map(|entry| entry.envelope.to_string()).collect())
    }

    /// Takes everything there is.
    pub(crate) async fn take(&mut self) -> Vec<RunEvent> {
        let all = self.take_text(usize::MAX).await.unwrap();
        all.iter().map(|text| serde_json::from_str(text).unwrap()).collect()
    }

    /// Where it would resume.
    pub(crate) fn place(&self) -> ResumePoint {
        ResumePoint { epoch: self.cursor.epoch().clone(), offset: self.cursor.offset() }
    }
}

pub(crate) fn context(name: &str) -> UserExecutionContext {
    let id = |kind: &str| format!("{kind}-of-{name}");
    UserExecutionContext::parse(name, &id("thread"), &id("run"), &id("request"), Tier::Mid, "supervisor")
        .unwrap()
}

pub(crate) fn answer() -> Completion {
    Completion {
        final_response: "Move the archive to cold storage.".to_owned(),
        summary: "Cold storage saves 40 USD.".to_owned(),
        limitations: Vec::new(),
    }
}

/// One well-formed body of each type.
pub(crate) fn body(kind: EventType) -> EventBody {
    let call = ExecutionId::new("call-1").unwrap();
    match kind {
        EventType::AgentStarted => EventBody::AgentStarted {
            status: "starting".to_owned(),
            task_description: "looks at your costs".to_owned(),
        },
        EventType::AgentThinking => EventBody::AgentThinking {
            reasoning: "storage grew most".to_owned(),
            step_number: 1,
            progress_percentage: Some(40.0),
        },
        EventType::ToolExecuting => EventBody::ToolExecuting {
            tool_name: "costs".to_owned(),
            execution_id: call,
            parameters: object(json!({ "service": "storage" })),
            tool_purpose: "reads the bill".to_owned(),
        },
        EventType::ToolCompleted => EventBody::ToolCompleted {
            tool_name: "costs".to_owned(),
            execution_id: call,
            success: false,
            results: None,
            error: Some(ToolError { code: "no_data".to_owned(), message: "nothing found".to_owned() }),
            duration_ms: 7,
        },
        EventType::AgentCompleted => EventBody::AgentCompleted {
            status: "completed".to_owned(),
            final_response: answer().final_response,
            summary: answer().summary,
            degraded: false,
            limitations: Vec::new(),
            duration_ms: 9,
            event_count: 1,
        },
        EventType::ResponseDelta => EventBody::ResponseDelta { text: "Move ".to_owned() },
        EventType::AgentFailed => {
            let error = RunFailure::interrupted("the server stopped");
            EventBody::AgentFailed { error, duration_ms: 9, event_count: 1 }
        }
        EventType::AgentCancelled => EventBody::AgentCancelled {
            reason: "cancelled by the user".to_owned(),
            duration_ms: 9,
            event_count: 1,
        },
    }
}

pub(crate) fn object(value: Value) -> Map<String, Value> {
    match value {
        Value::Object(map) => map,
        other => panic!("no object: {other}"),
    }
}

pub(crate) fn kinds(events: &[RunEvent]) -> Vec<EventType> {
    events.iter().map(|event| event.body.event_type()).collect()
}

pub(crate) fn offsets(events: &[RunEvent]) -> Vec<u64> {
    events.iter().map(|event| event.head.offset.unwrap()).collect()
}

pub(crate) fn manager(
    change: impl FnOnce(&mut GatewayConfig),
) -> (Arc<UnifiedWebSocketManager>, Arc<Metrics>) {
    let mut config = GatewayConfig::default();
    change(&mut config);
    let metrics = Arc::new(Metrics::new());
    (UnifiedWebSocketManager::new(Arc::new(config), Arc::clone(&metrics)), metrics)
}

pub(crate) fn user(name: &str) -> UserId {
    UserId::new(name).unwrap()
}

pub(crate) fn visitor(name: &str) -> Visitor {
    Visitor { user: user(name), address: IpAddr::V4(Ipv4Addr::LOCALHOST), client_id: None }
}

pub(crate) fn later() -> Timestamp {
    Timestamp::from_unix_ms(1_900_000_000_000)
}

pub(crate) fn connect(manager: &Arc<UnifiedWebSocketManager>, name: &str) -> Registration {
    manager.admit(visitor(name)).unwrap().register(later())
}

pub(crate) fn frame() -> ServerFrame {
    ServerFrame::error(ErrorCode::Internal, "something to say", None)
}
