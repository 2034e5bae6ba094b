//! The composition: store, log, agent and node on a loopback port, and a session of the harness in front.

use crate::auth_backend::AuthBackend;
use goldenpath_agent::{Agent, Analyst, Endpoint, GeneratedBilling, OpenAi};
use goldenpath_auth::AuthConfig;
use goldenpath_gateway::auth::{Authenticator, JwksAuthenticator, TokenVerifier};
use goldenpath_gateway::{Clock, GatewayConfig, Parts, Server, ServerHandle, SystemClock};
use goldenpath_harness::{
    Auth, AuthMode, Canary, MintSettings, Minter, Recording, Session, Target, TestUser,
};
use goldenpath_storage::{EventLog, LogLimits, MemoryEventLog, OpenError, SqliteStore, Store, open_store};
use std::fmt;
use std::path::Path;
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
    log: Option<Arc<dyn EventLog>>,
    minter: MintSettings,
    auth: Option<AuthConfig>,
    auth_state: Option<(String, String)>,
    store: Place,
    secret: Option<Secret>,
}

/// What tokens are signed with.
#[derive(Clone, Copy)]
struct Secret([u8; 32]);

/// Where runs are kept.
enum Place {
    /// In a file in the testbed's own folder.
    Own,
    Url(String),
    Given(Arc<dyn Store>),
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

    /// Keeps runs where `url` says, as `--store` does.
    pub fn stored_in(mut self, url: &str) -> Self {
        self.store = Place::Url(url.to_owned());
        self
    }

    /// Keeps runs in this store.
    pub fn over(mut self, store: Arc<dyn Store>) -> Self {
        self.store = Place::Given(store);
        self
    }

    /// Keeps streams in this log.
    pub fn logged_in(mut self, log: Arc<dyn EventLog>) -> Self {
        self.log = Some(log);
        self
    }

    /// Takes the tokens that the harness signs for another one, too. It is another node of the same backend when both are
    /// [`logged_in`](Self::logged_in) one log and have, each for itself, opened one database: a store knows its node.
    pub fn with_tokens_of(mut self, first: &Testbed) -> Self {
        self.secret = Some(first.secret);
        self
    }

    /// Lets users' tokens live for `ttl`.
    pub fn with_tokens_for(mut self, ttl: std::time::Duration) -> Self {
        self.minter.ttl = ttl;
        self
    }

    /// Takes users' tokens from an auth service beside the node, which verifies them by its published keys.
    pub fn with_auth_service(mut self, change: impl FnOnce(&mut AuthConfig)) -> Self {
        let mut config = self.auth.take().unwrap_or_default();
        change(&mut config);
        self.auth = Some(config);
        self
    }

    /// Lets the auth service remember in the Redis at `url`, under names that begin with `prefix`.
    pub fn remembering_in(mut self, url: &str, prefix: &str) -> Self {
        self.auth_state = Some((url.to_owned(), prefix.to_owned()));
        self
    }

    /// Starts it.
    ///
    /// # Errors
    /// [`TestbedError`] names the part that did not start.
    pub async fn start(self) -> Result<Testbed, TestbedError> {
        let secret = self.secret.unwrap_or_else(|| Secret(rand::random()));
        let data = tempfile::tempdir().map_err(part("data folder"))?;
        let store = self.store.open(data.path()).await.map_err(part("store"))?;
        let clock: Arc<dyn Clock> = Arc::new(SystemClock);
        let log_clock = Arc::clone(&clock);
        let log = self.log.unwrap_or_else(|| {
            Arc::new(MemoryEventLog::new(self.log_limits, Arc::new(move || log_clock.now())))
        });
        let agent = self.agent.unwrap_or_else(Testbed::analyst);
        let (auth, verifier, session_auth) = match self.auth {
            Some(config) => {
                let backend = AuthBackend::start(config, self.auth_state).await?;
                let verifier =
                    JwksAuthenticator::start(backend.jwks()).map_err(part("reader of published keys"))?;
                let session_auth = backend.session_auth()?;
                (Some(backend), Arc::new(verifier) as Arc<dyn Authenticator>, session_auth)
            }
            None => {
                let verifier: Arc<dyn Authenticator> = Arc::new(TokenVerifier::hs256(&secret.0, NAME, NAME));
                let minter = Minter::new(self.minter, &secret.0).map_err(part("token minter"))?;
                (None, verifier, Auth::mint(minter))
            }
        };
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.map_err(part("listener"))?;
        let parts = Parts {
            store: Arc::clone(&store),
            log: Arc::clone(&log),
            agent,
            verifier,
            tls: None,
            config: self.config,
            clock,
        };
        let server = Server::start(listener, parts).await.map_err(part("node"))?;
        let target = Target::new(&format!("ws://{}/ws", server.addr())).map_err(part("target"))?;
        let recording = Recording::in_memory().map_err(part("recording"))?;
        let session = Session::new(target, session_auth, recording.recorder());
        let canary = Canary::start(recording.recorder());
        Ok(Testbed { session, recording, canary, server, store, log, auth, secret, _data: data })
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret")
    }
}

impl fmt::Debug for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Own => f.write_str("Own"),
            // It may hold a password.
            Self::Url(_) => f.write_str("Url"),
            Self::Given(store) => f.debug_tuple("Given").field(store).finish(),
        }
    }
}

impl Place {
    async fn open(self, folder: &Path) -> Result<Arc<dyn Store>, OpenError> {
        match self {
            Self::Own => Ok(Arc::new(SqliteStore::open_file(&folder.join("goldenpath.db")).await?)),
            Self::Url(url) => open_store(&url).await,
            Self::Given(store) => Ok(store),
        }
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
    /// Who gives users their tokens, where the harness does not sign them itself.
    pub auth: Option<AuthBackend>,
    secret: Secret,
    _data: TempDir,
}

impl Testbed {
    /// A testbed with the reference analyst and the default limits, unless told otherwise.
    pub fn builder() -> TestbedBuilder {
        TestbedBuilder {
            config: GatewayConfig::default(),
            agent: None,
            log_limits: LogLimits::default(),
            log: None,
            minter: MintSettings::default(),
            store: Place::Own,
            auth: None,
            auth_state: None,
            secret: None,
        }
    }

    /// The reference analyst over generated billing data.
    #[must_use]
    pub fn analyst() -> Arc<dyn Agent> {
        Arc::new(Analyst::new(Arc::new(GeneratedBilling::default())))
    }

    /// A language model over generated billing data.
    ///
    /// # Errors
    /// When no client of this endpoint can be made.
    pub fn language_model(endpoint: Endpoint) -> Result<Arc<dyn Agent>, TestbedError> {
        let model = OpenAi::new(Arc::new(GeneratedBilling::default()), endpoint);
        Ok(Arc::new(model.map_err(part("language model"))?))
    }

    /// `count` distinct users with tokens of the auth service, the same ones for the same seed.
    ///
    /// # Errors
    /// [`TestbedError`] when there is no auth service, or it gives no tokens.
    pub async fn issued_users(&self, seed: u64, count: usize) -> Result<Vec<TestUser>, TestbedError> {
        let AuthMode::OAuth(issuer) = &self.session.auth().mode else {
            return Err(part("users")("this testbed has no auth service"));
        };
        let identities = issuer.issue(&TestUser::names(seed, count)).await.map_err(part("users"))?;
        Ok(identities.into_iter().map(TestUser::issued).collect())
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
