//! A backend with decorated parts, on a loopback port of its own, and how it is stopped.

use super::FaultyError;
use super::desk::Desk;
use super::ledger::Ledger;
use super::rows::{self, Row};
use super::store::Outage;
use super::{auth, log, store};
use crate::auth_backend::AuthBackend;
use crate::builder::{NAME, Testbed, part};
use goldenpath_agent::Agent;
use goldenpath_auth::AuthConfig;
use goldenpath_faults::{Deed, Receipt};
use goldenpath_gateway::auth::{Authenticator, JwksAuthenticator, TokenVerifier};
use goldenpath_gateway::{Clock as _, GatewayConfig, Parts, Server, ServerHandle, SystemClock};
use goldenpath_storage::{LogLimits, MemoryEventLog, SqliteStore};
use std::sync::Arc;
use tempfile::TempDir;
use tokio::net::TcpListener;

/// The parts of a backend while faults are put into them.
pub(super) struct Plan {
    pub(super) desk: Desk,
    pub(super) ledger: Arc<Ledger>,
    pub(super) store: Arc<dyn store::StoreFault>,
    pub(super) log: Arc<dyn log::LogFault>,
    pub(super) agent: Arc<dyn Agent>,
    pub(super) door: Arc<dyn auth::DoorFault>,
    /// Whether its tokens come from an auth service of its own, and what its door makes of their revocations; none: they are
    /// minted with its secret.
    pub(super) issued: Option<auth::Heedless>,
    pub(super) config: GatewayConfig,
    pub(super) outage: Option<Outage>,
    /// It stops without a drain.
    pub(super) abrupt: bool,
}

/// A running backend with a fault. Dropping it stops everything.
#[derive(Debug)]
#[must_use = "the backend stops when this is dropped"]
pub struct FaultyBackend {
    server: Option<ServerHandle>,
    ws_url: String,
    secret: Vec<u8>,
    desk: Desk,
    issuer: Option<AuthBackend>,
    outage: Option<Outage>,
    abrupt: bool,
    _data: TempDir,
}

pub(super) async fn start(row_id: &str, seed: u64, wrong: bool) -> Result<FaultyBackend, FaultyError> {
    let row = rows::find(row_id)?;
    let secret: [u8; 32] = std::array::from_fn(|_| 0).map(|_: u8| rand::random());
    let data = tempfile::tempdir().map_err(part("data folder"))?;
    let path = data.path().join("goldenpath.db");
    let real = SqliteStore::open_file(&path).await.map_err(part("store"))?;
    let (desk, ledger) = (Desk::new(row_id), Arc::new(Ledger::default()));
    let plan = planned(row, &desk, &ledger, seed, wrong);
    let issuer = match plan.issued {
        Some(_) => Some(AuthBackend::start(AuthConfig::default(), None).await?),
        None => None,
    };
    let verifier: Arc<dyn Authenticator> = match (&issuer, plan.issued) {
        (Some(issuer), Some(heedless)) => {
            let real = JwksAuthenticator::start(issuer.jwks()).map_err(part("reader of published keys"))?;
            Arc::new(auth::IssuedDoor::new(real, heedless, desk.clone()))
        }
        _ => {
            let inner = TokenVerifier::hs256(&secret, NAME, NAME);
            Arc::new(auth::FaultyDoor { inner, fault: plan.door })
        }
    };
    let listener = TcpListener::bind(("127.0.0.1", 0)).await.map_err(part("listener"))?;
    let real_log = MemoryEventLog::new(LogLimits::default(), Arc::new(|| SystemClock.now()));
    let parts = Parts {
        store: Arc::new(store::FaultyStore::noting(Arc::new(real), plan.store, Arc::clone(&ledger))),
        log: Arc::new(log::FaultyLog::noting(Arc::new(real_log), plan.log, ledger)),
        agent: plan.agent,
        verifier,
        tls: None,
        config: plan.config,
        clock: Arc::new(SystemClock),
    };
    let server = Server::start(listener, parts).await.map_err(part("node"))?;
    Ok(FaultyBackend {
        ws_url: format!("ws://{}/ws", server.addr()),
        server: Some(server),
        secret: secret.to_vec(),
        desk,
        issuer,
        outage: plan.outage,
        abrupt: plan.abrupt,
        _data: data,
    })
}

/// Sound parts, with the row's fault in them when it is wanted.
fn planned(row: Row, desk: &Desk, ledger: &Arc<Ledger>, seed: u64, wrong: bool) -> Plan {
    let mut plan = Plan {
        desk: desk.clone(),
        ledger: Arc::clone(ledger),
        store: Arc::new(store::Sound),
        log: Arc::new(log::Sound),
        agent: Testbed::analyst(),
        door: Arc::new(auth::Sound),
        issued: None,
        config: GatewayConfig::default(),
        outage: None,
        abrupt: false,
    };
    row.prepare(&mut plan, seed, wrong);
    plan
}

impl FaultyBackend {
    /// Where its WebSocket listens.
    #[must_use]
    pub fn ws_url(&self) -> &str {
        &self.ws_url
    }

    /// The key of its tokens: HS256, issuer and audience `goldenpath`.
    #[must_use]
    pub fn secret(&self) -> &[u8] {
        &self.secret
    }

    /// The service that its tokens come from; none where they are minted with [`FaultyBackend::secret`].
    #[must_use]
    pub fn issuer(&self) -> Option<&AuthBackend> {
        self.issuer.as_ref()
    }

    /// What its fault did so far. Times count from its start.
    #[must_use]
    pub fn receipts(&self) -> Vec<Receipt> {
        self.desk.receipts()
    }

    /// What switches its store off and on; none where the row is not about outages.
    #[must_use]
    pub fn outage(&self) -> Option<&Outage> {
        self.outage.as_ref()
    }

    /// Ends it as on SIGTERM: with a drain, unless that is its fault. Once it has ended, nothing is left to do.
    pub async fn terminate(&mut self) {
        let Some(server) = self.server.take() else { return };
        if !self.abrupt {
            server.drain().await;
            return;
        }
        for connection in server.manager().connections() {
            let user = Some(connection.user().as_str());
            self.desk.sign(Deed::Cut, user, None, "dropped without a drain");
        }
        drop(server);
    }
}
