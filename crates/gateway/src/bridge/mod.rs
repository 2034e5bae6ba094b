//! Between a request and its run: one task per run drives the agent and tells the user what it does.
//!
//! Knows agents, the store and the notifier; no sockets. A run belongs to its user, not to the connection that
//! asked: it goes on when that connection dies.

mod custody;
mod deltas;
mod ending;
mod lost;
mod recovery;
mod run;
mod slots;

use crate::clock::Clock;
use crate::config::GatewayConfig;
use crate::context::UserExecutionContext;
use crate::metrics::Metrics;
use crate::notifier::WebSocketNotifier;
use goldenpath_agent::Agent;
use goldenpath_protocol::{ErrorCode, RequestId, RunId, RunState, ThreadId, Tier, UserId};
use goldenpath_storage::{BeginRun, Begun, NewRun, Store, StoreError};
use slots::{Slot, Slots};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

/// A user's request for a run.
#[derive(Debug, Clone)]
pub struct RunRequest {
    /// Who asks.
    pub user_id: UserId,
    /// What the user has paid for.
    pub tier: Tier,
    /// The client's id of the request.
    pub request_id: RequestId,
    /// The thread to go on in; `None`: a new one.
    pub thread_id: Option<ThreadId>,
    /// The agent; `None`: the default one.
    pub agent: Option<String>,
    /// The prompt.
    pub message: String,
}

/// A request that has a run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Accepted {
    /// The client's id of the request.
    pub request_id: RequestId,
    /// The run.
    pub run_id: RunId,
    /// Its thread.
    pub thread_id: ThreadId,
    /// Whether an earlier request began it.
    pub duplicate: bool,
}

/// A request that was refused; it has used nothing up.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct RequestRefused {
    /// The code for the client.
    pub code: ErrorCode,
    /// For people.
    pub message: String,
}

impl RequestRefused {
    fn new(code: ErrorCode, message: impl Into<String>) -> Self {
        Self { code, message: message.into() }
    }
}

/// Drives agents for users.
#[derive(Debug, Clone)]
pub struct AgentWebSocketBridge {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    store: Arc<dyn Store>,
    notifier: WebSocketNotifier,
    agent: Arc<dyn Agent>,
    clock: Arc<dyn Clock>,
    config: Arc<GatewayConfig>,
    slots: Arc<Slots>,
    tasks: TaskTracker,
    draining: AtomicBool,
    /// Runs end as interrupted, stored first.
    interrupt: CancellationToken,
    /// Runs stop where they stand, as in a crash.
    stop: CancellationToken,
}

impl AgentWebSocketBridge {
    /// A bridge without runs. When `stop` fires, its runs stop where they stand.
    #[must_use]
    pub fn new(
        store: Arc<dyn Store>,
        notifier: WebSocketNotifier,
        agent: Arc<dyn Agent>,
        clock: Arc<dyn Clock>,
        config: Arc<GatewayConfig>,
        metrics: Arc<Metrics>,
        stop: CancellationToken,
    ) -> Self {
        let inner = Inner {
            store,
            notifier,
            agent,
            clock,
            config,
            slots: Slots::new(metrics),
            tasks: TaskTracker::new(),
            draining: AtomicBool::new(false),
            interrupt: CancellationToken::new(),
            stop,
        };
        Self { inner: Arc::new(inner) }
    }

    /// Begins the run of a request, or finds the one that the same request began. `announce` is called before the
    /// run makes its first event.
    ///
    /// # Errors
    /// [`RequestRefused`] holds the code for the client.
    pub async fn request<F>(&self, request: RunRequest, announce: F) -> Result<Accepted, RequestRefused>
    where
        F: FnOnce(&Accepted) + Send + 'static,
    {
        let inner = Arc::clone(&self.inner);
        if inner.is_draining() {
            return Err(RequestRefused::new(
                ErrorCode::Draining,
                "the server is about to stop (hint: reconnect)",
            ));
        }
        // A task of its own: when the asking connection dies between the store and the start, the run must start.
        let begun = self.inner.tasks.spawn(async move { inner.begin(request, announce).await }).await;
        begun.unwrap_or_else(|_| Err(RequestRefused::new(ErrorCode::Internal, "failed to begin the run")))
    }

    /// Stops an open run of this user; its `agent_cancelled` follows.
    ///
    /// # Errors
    /// [`RequestRefused`] with `unknown_run` or `run_ended`.
    pub async fn cancel(&self, user: &UserId, run: &RunId) -> Result<(), RequestRefused> {
        if let Some(token) = self.inner.slots.cancel_token(user, run) {
            token.cancel();
            return Ok(());
        }
        match self.inner.store.run(user, run).await {
            Ok(None) => Err(RequestRefused::new(ErrorCode::UnknownRun, "no such run")),
            Ok(Some(record)) if record.state != RunState::Running => {
                Err(RequestRefused::new(ErrorCode::RunEnded, format!("the run is {}", record.state.as_str())))
            }
            Ok(Some(record)) if !record.held_here => self.ask_its_node(user, run).await,
            Ok(Some(_)) => Err(RequestRefused::new(ErrorCode::RunEnded, "the run is not open here any more")),
            Err(error) => {
                tracing::error!(%error, "failed to look a run up");
                Err(RequestRefused::new(ErrorCode::Internal, "failed to look the run up"))
            }
        }
    }

    /// Another node drives the run: it looks what it is asked for every few seconds.
    async fn ask_its_node(&self, user: &UserId, run: &RunId) -> Result<(), RequestRefused> {
        self.inner.store.ask_to_cancel(user, run).await.map_err(|error| {
            tracing::error!(%error, "failed to ask another node to cancel a run");
            RequestRefused::new(ErrorCode::Internal, "failed to cancel the run")
        })
    }

    /// Ends what a dead process left running, as interrupted; gives how many runs that were.
    ///
    /// # Errors
    /// [`StoreError`] when the store does not tell them; a single run that cannot be ended is logged and left.
    pub async fn recover(&self) -> Result<usize, StoreError> {
        self.inner.recover().await
    }

    /// From now on says that this node lives, and ends what dead ones leave, until the node stops.
    pub(crate) fn keep_custody(&self) {
        tokio::spawn(Arc::clone(&self.inner).keep_custody());
    }

    /// Takes no new requests from now on.
    pub fn refuse_requests(&self) {
        self.inner.draining.store(true, Ordering::Release);
    }

    /// Ends the open runs as interrupted, stored first; gives whether all of them ended in time.
    pub async fn interrupt(&self, within: Duration) -> bool {
        self.refuse_requests();
        self.inner.interrupt.cancel();
        self.join(within).await
    }

    /// Waits for the open runs to end; gives whether they did.
    pub async fn join(&self, within: Duration) -> bool {
        self.inner.tasks.close();
        tokio::time::timeout(within, self.inner.tasks.wait()).await.is_ok()
    }

    /// Open runs of a user.
    #[must_use]
    pub fn open_runs_of(&self, user: &UserId) -> usize {
        self.inner.slots.of(user)
    }

    /// Open runs of the node.
    #[must_use]
    pub fn open_runs(&self) -> usize {
        self.inner.slots.total()
    }
}

impl Inner {
    fn is_draining(&self) -> bool {
        self.draining.load(Ordering::Acquire)
    }

    async fn begin<F>(self: Arc<Self>, request: RunRequest, announce: F) -> Result<Accepted, RequestRefused>
    where
        F: FnOnce(&Accepted) + Send + 'static,
    {
        let agent = self.agent_of(request.agent.as_deref())?;
        let new = NewRun {
            user_id: request.user_id.clone(),
            request_id: request.request_id.clone(),
            thread_id: request.thread_id.clone(),
            agent: agent.clone(),
            message: request.message.clone(),
            run_id: RunId::from(uuid::Uuid::now_v7()),
            new_thread_id: ThreadId::from(uuid::Uuid::now_v7()),
            now: self.clock.now(),
        };
        let limit = self.config.runs_per_user;
        let slot = self.slots.take(&new.user_id, &new.request_id, &new.run_id, limit);
        let answer = match slot {
            // What was begun before needs no place to be told about.
            None => self.store.find_run(&new).await,
            Some(_) => self.begin_or_find(new).await.map(Some),
        };
        let (begun, duplicate) = self.understood(answer)?;
        let accepted = accepted(&request, &begun, duplicate);
        if let Some(slot) = slot.filter(|_| !duplicate) {
            announce(&accepted);
            self.start(request, begun, agent, slot);
        } else {
            let lost = self.lost(&request.user_id, &request.request_id, &begun.run_id).await?;
            announce(&accepted);
            if let Some(slot) = lost {
                let tasks = self.tasks.clone();
                tasks.spawn(async move { self.end_lost(&slot).await });
            }
        }
        Ok(accepted)
    }

    /// A store that fails may have begun the run all the same: what was lost is its answer.
    async fn begin_or_find(&self, new: NewRun) -> Result<BeginRun, StoreError> {
        let error = match self.store.begin_run(new.clone()).await {
            Err(error) => error,
            answer => return answer,
        };
        match self.store.find_run(&new).await {
            Ok(Some(BeginRun::Duplicate(begun))) if begun.run_id == new.run_id => {
                Ok(BeginRun::Started(begun))
            }
            _ => Err(error),
        }
    }

    /// The run that the store has for a request, and whether an earlier request began it; `None` is "nothing yet,
    /// and no place for something new".
    fn understood(
        &self,
        answer: Result<Option<BeginRun>, StoreError>,
    ) -> Result<(Begun, bool), RequestRefused> {
        match answer {
            Ok(Some(BeginRun::Started(begun))) => Ok((begun, false)),
            Ok(Some(BeginRun::Duplicate(begun))) => Ok((begun, true)),
            Ok(Some(BeginRun::Conflict)) => {
                let message = "this request_id was used with another thread, agent or message";
                Err(RequestRefused::new(ErrorCode::IdempotencyConflict, message))
            }
            Ok(Some(BeginRun::UnknownThread)) => {
                Err(RequestRefused::new(ErrorCode::UnknownThread, "no such thread"))
            }
            Ok(None) => {
                let limit = self.config.runs_per_user;
                let message =
                    format!("{limit} runs are open already (hint: wait for one to end, or cancel one)");
                Err(RequestRefused::new(ErrorCode::RunLimit, message))
            }
            Err(error) => {
                tracing::error!(%error, "failed to begin a run");
                Err(RequestRefused::new(ErrorCode::Internal, "failed to begin the run"))
            }
        }
    }

    fn start(self: Arc<Self>, request: RunRequest, begun: Begun, agent: String, mut slot: Slot) {
        let context = UserExecutionContext::new(
            request.user_id,
            begun.thread_id,
            begun.run_id,
            request.request_id,
            request.tier,
            agent,
        );
        match context {
            Ok(context) => {
                slot.activate();
                let tasks = self.tasks.clone();
                tasks.spawn(self.drive(context, request.message, slot));
            }
            // Agents are looked up by name, so this one has a name.
            Err(error) => tracing::error!(%error, "failed to start a run"),
        }
    }

    fn agent_of(&self, asked: Option<&str>) -> Result<String, RequestRefused> {
        let names = self.agent.names();
        let found = match asked {
            None => names.first(),
            Some(asked) => names.iter().find(|name| name.as_str() == asked),
        };
        found.cloned().ok_or_else(|| {
            let message = format!("no agent of this name (hint: one of {})", names.join(", "));
            RequestRefused::new(ErrorCode::UnknownAgent, message)
        })
    }
}

fn accepted(request: &RunRequest, begun: &Begun, duplicate: bool) -> Accepted {
    Accepted {
        request_id: request.request_id.clone(),
        run_id: begun.run_id.clone(),
        thread_id: begun.thread_id.clone(),
        duplicate,
    }
}
