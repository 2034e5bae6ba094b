//! The store: requests, threads, runs and their events, kept for as long as their user wants to read them.

use async_trait::async_trait;
use goldenpath_protocol::{EventId, RequestId, RunId, RunState, ThreadId, Timestamp, UserId};

/// How long a request id stays taken.
pub(crate) const REQUEST_ID_LIFE_MS: i64 = 24 * 60 * 60 * 1_000;

/// The store could not do it. Never says what lies inside: safe to show to operators, not to users.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// It did not answer in time, or is busy.
    #[error("the store did not answer in time")]
    Unavailable,
    /// Another node has taken the run over: only that one may add to it.
    #[error("another node has taken the run over")]
    Taken,
    /// Anything else.
    #[error("the store failed: {0}")]
    Failed(String),
}

/// A request that asks for a run.
#[derive(Debug, Clone)]
pub struct NewRun {
    /// Who asks.
    pub user_id: UserId,
    /// The client's id of the request.
    pub request_id: RequestId,
    /// The thread asked for; `None`: a new one.
    pub thread_id: Option<ThreadId>,
    /// The agent asked for.
    pub agent: String,
    /// The prompt.
    pub message: String,
    /// The id the run gets if it is new.
    pub run_id: RunId,
    /// The id the thread gets if none was asked for.
    pub new_thread_id: ThreadId,
    /// Now; a request id older than 24 h counts as unused.
    pub now: Timestamp,
}

/// A run that the store holds for a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Begun {
    /// The run.
    pub run_id: RunId,
    /// Its thread.
    pub thread_id: ThreadId,
}

/// How the store answered a request, in one transaction.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum BeginRun {
    /// A new run, stored as `running`.
    Started(Begun),
    /// The same request was made before: the same run.
    Duplicate(Begun),
    /// The request id was used with another body (thread, agent, message).
    Conflict,
    /// The thread does not exist or is another user's; the request id stays unused.
    UnknownThread,
}

/// An event as the store keeps it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredEvent {
    /// The run.
    pub run_id: RunId,
    /// Its number inside the run; (run, seq) is unique.
    pub seq: u64,
    /// Its id.
    pub event_id: EventId,
    /// The envelope as JSON, without `offset`.
    pub envelope: String,
    /// The run's new state and answer, when this is the terminal.
    pub ends: Option<(RunState, Option<String>)>,
}

/// A run as the store keeps it.
#[derive(Debug, Clone, PartialEq, Eq)]
#[allow(missing_docs, reason = "the names are the protocol's")]
pub struct RunRecord {
    pub run_id: RunId,
    pub thread_id: ThreadId,
    pub user_id: UserId,
    pub request_id: RequestId,
    pub agent: String,
    pub message: String,
    pub state: RunState,
    pub event_count: u64,
    pub final_response: Option<String>,
    pub created_at: Timestamp,
    /// Whether it is for this node to add to it; in a store of one node always.
    pub held_here: bool,
}

/// A thread as the store keeps it.
#[derive(Debug, Clone, PartialEq, Eq)]
#[allow(missing_docs, reason = "the names are the protocol's")]
pub struct ThreadRecord {
    pub thread_id: ThreadId,
    pub user_id: UserId,
    pub created_at: Timestamp,
    pub updated_at: Timestamp,
    /// Its runs, oldest first.
    pub runs: Vec<RunId>,
}

/// The store. One suite of contract tests runs over every implementation.
///
/// Each open store is one node. Where several share what is kept, a run is held by the node that began it, and by another one
/// only after the first has not said for a while that it lives.
#[async_trait]
pub trait Store: Send + Sync + std::fmt::Debug {
    /// Begins a run, which this node then holds, or finds the one that the same request began.
    async fn begin_run(&self, request: NewRun) -> Result<BeginRun, StoreError>;
    /// How [`begin_run`](Self::begin_run) would answer a request id that is taken, without beginning anything;
    /// `None` when it is free.
    async fn find_run(&self, request: &NewRun) -> Result<Option<BeginRun>, StoreError>;
    /// Keeps an event of a run that this node holds, else [`StoreError::Taken`]; the same (run, seq) again with the same id changes
    /// nothing.
    async fn append_event(&self, event: StoredEvent) -> Result<(), StoreError>;
    /// One run of this user; a foreign or unknown one is `None`.
    async fn run(&self, user: &UserId, run: &RunId) -> Result<Option<RunRecord>, StoreError>;
    /// The envelopes of one run of this user, by `seq`; empty for a foreign or unknown one.
    async fn events(&self, user: &UserId, run: &RunId) -> Result<Vec<String>, StoreError>;
    /// The user's threads, latest first.
    async fn threads(&self, user: &UserId) -> Result<Vec<ThreadRecord>, StoreError>;
    /// One thread of this user.
    async fn thread(&self, user: &UserId, thread: &ThreadId) -> Result<Option<ThreadRecord>, StoreError>;
    /// Says that this node lives, which it must do every few seconds to keep its runs; gives those that another node was asked to
    /// cancel.
    async fn keep_alive(&self) -> Result<Vec<RunId>, StoreError>;
    /// Takes the running runs of nodes that are gone, once this one has kept alive for long enough to know that they are; gives all running ones that this node holds now, oldest first.
    async fn take_over(&self) -> Result<Vec<RunRecord>, StoreError>;
    /// Lets the node that holds a run of this user know that it is to be cancelled.
    async fn ask_to_cancel(&self, user: &UserId, run: &RunId) -> Result<(), StoreError>;
    /// Whether it can take work; for `/ready`.
    async fn ready(&self) -> Result<(), StoreError>;
}
