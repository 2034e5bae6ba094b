//! The real notifier over real storage and the real manager, and connections whose writer is the test.

use super::doubles::{Asked, Faults, Journal, TurnedClock};
use super::samples::{answer, connect, context, object, user};
use goldenpath_gateway::{
    Clock, CursorError, GatewayConfig, Joined, Metrics, NotifyError, Registration, RunStream, SendReport,
    StreamCursor, UnifiedWebSocketManager, UserExecutionContext, WebSocketNotifier,
};
use goldenpath_protocol::{EventType, ExecutionId, Recovered, ResumePoint, RunEvent, RunFailure, Tier};
use goldenpath_storage::{BeginRun, EventLog, LogLimits, MemoryEventLog, NewRun, Replay, SqliteStore, Store};
use goldenpath_testbed::faulty::{FaultyLog, FaultyStore, LogFault, StoreFault};
use serde_json::json;
use std::sync::Arc;
use std::sync::atomic::AtomicI64;
use std::time::Duration;

/// The real notifier over real storage and the real manager, without sockets.
pub(crate) struct Backend {
    pub(crate) notifier: WebSocketNotifier,
    pub(crate) manager: Arc<UnifiedWebSocketManager>,
    pub(crate) metrics: Arc<Metrics>,
    pub(crate) store: Arc<FaultyStore>,
    pub(crate) store_faults: Arc<Faults>,
    pub(crate) log: Arc<FaultyLog>,
    pub(crate) log_faults: Arc<Faults>,
    /// The real log inside.
    pub(crate) memory: Arc<MemoryEventLog>,
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
        let (store_faults, log_faults) = (Faults::of("store", &journal), Faults::of("log", &journal));
        let real = Arc::new(SqliteStore::in_memory().await.unwrap());
        let store = Arc::new(FaultyStore::new(real, Arc::clone(&store_faults) as Arc<dyn StoreFault>));
        let log_clock = Arc::clone(&clock);
        let memory = Arc::new(MemoryEventLog::new(limits, Arc::new(move || log_clock.now())));
        let real = Arc::clone(&memory) as Arc<dyn EventLog>;
        let log = Arc::new(FaultyLog::new(real, Arc::clone(&log_faults) as Arc<dyn LogFault>));
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
        Self { notifier, manager, metrics, store, store_faults, log, log_faults, memory, clock, journal }
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
