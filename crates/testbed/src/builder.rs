//! The composition: store, log, agent and node on a loopback port, and a session of the harness in front.

use goldenpath_agent::{Agent, Analyst, GeneratedBilling};
use goldenpath_gateway::{
    Clock, GatewayConfig, Parts, Server, ServerHandle, SystemClock, auth::TokenVerifier,
};
use goldenpath_harness::{Auth, Canary, MintSettings, Minter, Recording, Session, Target, TestUser};
use goldenpath_storage::{EventLog, LogLimits, MemoryEventLog, SqliteStore, Store};
use std::sync::Arc;
use tempfile::TempDir;
use tokio::net::TcpListener;

/// Issuer and audience of a testbed's tokens: the protocol's defaults.
pub(crate) const NAME: &str = "goldenpath";

/// A testbed could not be set up; names the part.
#[derive(Debug, thiserror::Error)]
#[error("failed to set up the testbed's {part}: {why}")]
pub struct TestbedError {
    /// Which part.
    pub part: &'static str,
    /// Why.
    pub why: String,
}

pub(crate) fn part<E: std::fmt::Display>(part: &'static str) -> impl FnOnce(E) -> TestbedError {
    move |why| TestbedError { part, why: why.to_string() }
}

/// Says what differs from the default before a testbed starts.
#[derive(Debug)]
#[must_use = "nothing runs until it is started"]
pub struct TestbedBuilder {
    config: GatewayConfig,
    agent: Option<Arc<dyn Agent>>,
    log_limits: LogLimits,
    minter: MintSettings,
}

impl TestbedBuilder {
    /// Changes limits or intervals of the node.
    pub fn configured(mut self, change: impl FnOnce(&mut GatewayConfig)) -> Self {
        change(&mut self.config);
        self
    }

    /// Lets another agent answer.
    pub fn answered_by(mut self, agent: Arc<dyn Agent>) -> Self {
        self.agent = Some(agent);
        self
    }

    /// Bounds the event log otherwise.
    pub fn keeping(mut self, limits: LogLimits) -> Self {
        self.log_limits = limits;
        self
    }

    /// Lets users' tokens live for `ttl`.
    pub fn with_tokens_for(mut self, ttl: std::time::Duration) -> Self {
        self.minter.ttl = ttl;
        self
    }

    /// Starts it.
    ///
    /// # Errors
    /// [`TestbedError`] names the part that did not start.
    pub async fn start(self) -> Result<Testbed, TestbedError> {
        let secret: [u8; 32] = std::array::from_fn(|_| 0).map(|_: u8| rand::random());
        let data = tempfile::tempdir().map_err(part("data folder"))?;
        let store =
            SqliteStore::open_file(&data.path().join("goldenpath.db")).await.map_err(part("store"))?;
        let store: Arc<dyn Store> = Arc::new(store);
        let clock: Arc<dyn Clock> = Arc::new(SystemClock);
        let log_clock = Arc::clone(&clock);
        let log: Arc<dyn EventLog> =
            Arc::new(MemoryEventLog::new(self.log_limits, Arc::new(move || log_clock.now())));
        let agent = self.agent.unwrap_or_else(Testbed::analyst);
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.map_err(part("listener"))?;
        let parts = Parts {
            store: Arc::clone(&store),
            log: Arc::clone(&log),
            agent,
            verifier: Arc::new(TokenVerifier::hs256(&secret, NAME, NAME)),
            config: self.config,
            clock,
        };
        let server = Server::start(listener, parts).await.map_err(part("node"))?;
        let target = Target::new(&format!("ws://{}/ws", server.addr())).map_err(part("target"))?;
        let minter = Minter::new(self.minter, &secret).map_err(part("token minter"))?;
        let recording = Recording::in_memory().map_err(part("recording"))?;
        let session = Session::new(target, Auth::mint(minter), recording.recorder());
        let canary = Canary::start(recording.recorder());
        Ok(Testbed { session, recording, canary, server, store, log, _data: data })
    }
}

/// A running backend with a session of the harness in front of it. Dropping it stops everything.
#[derive(Debug)]
#[must_use = "the backend stops when this is dropped"]
pub struct Testbed {
    /// Connects users; everything they see is recorded.
    pub session: Session,
    /// What was seen so far.
    pub recording: Recording,
    /// Records how late this machine runs the session's own tasks. Drop it before the recording is finished.
    pub canary: Canary,
    /// The node.
    pub server: ServerHandle,
    /// Where it keeps runs.
    pub store: Arc<dyn Store>,
    /// Where it keeps streams.
    pub log: Arc<dyn EventLog>,
    _data: TempDir,
}

impl Testbed {
    /// A testbed with the reference analyst and the default limits, unless told otherwise.
    pub fn builder() -> TestbedBuilder {
        TestbedBuilder {
            config: GatewayConfig::default(),
            agent: None,
            log_limits: LogLimits::default(),
            minter: MintSettings::default(),
        }
    }

    /// The reference analyst over generated billing data.
    #[must_use]
    pub fn analyst() -> Arc<dyn Agent> {
        Arc::new(Analyst::new(Arc::new(GeneratedBilling::default())))
    }

    /// `count` distinct users, the same ones for the same seed.
    #[must_use]
    pub fn users(&self, seed: u64, count: usize) -> Vec<TestUser> {
        TestUser::roster(seed, count, self.session.auth())
    }

    /// One user.
    ///
    /// # Panics
    /// When the harness makes no user at all, which would be its own bug.
    #[must_use]
    pub fn user(&self, seed: u64) -> TestUser {
        match self.users(seed, 1).pop() {
            Some(user) => user,
            None => panic!("a roster of one user is empty"),
        }
    }
}
