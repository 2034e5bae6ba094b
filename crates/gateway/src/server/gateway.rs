//! What every request and every socket of one node shares.

use crate::auth::{Authenticated, Authenticator, CredentialError};
use crate::bridge::AgentWebSocketBridge;
use crate::clock::Clock;
use crate::config::GatewayConfig;
use crate::manager::{Connection, Ending, UnifiedWebSocketManager};
use crate::metrics::Metrics;
use goldenpath_protocol::CloseCode;
use goldenpath_storage::{EventLog, Store};
use http::HeaderMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

/// One node.
#[derive(Debug)]
pub(crate) struct Gateway {
    pub(crate) config: Arc<GatewayConfig>,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) store: Arc<dyn Store>,
    pub(crate) log: Arc<dyn EventLog>,
    pub(crate) verifier: Arc<dyn Authenticator>,
    pub(crate) metrics: Arc<Metrics>,
    pub(crate) manager: Arc<UnifiedWebSocketManager>,
    pub(crate) bridge: AgentWebSocketBridge,
    /// Owns the tasks of the sockets.
    pub(crate) tasks: TaskTracker,
    /// Everything stops where it stands.
    pub(crate) stop: CancellationToken,
    draining: AtomicBool,
}

impl Gateway {
    #[allow(clippy::too_many_arguments, reason = "the one place where the parts of a node meet")]
    pub(super) fn new(
        config: Arc<GatewayConfig>,
        clock: Arc<dyn Clock>,
        store: Arc<dyn Store>,
        log: Arc<dyn EventLog>,
        verifier: Arc<dyn Authenticator>,
        metrics: Arc<Metrics>,
        manager: Arc<UnifiedWebSocketManager>,
        bridge: AgentWebSocketBridge,
        stop: CancellationToken,
    ) -> Self {
        let (tasks, draining) = (TaskTracker::new(), AtomicBool::new(false));
        Self { config, clock, store, log, verifier, metrics, manager, bridge, tasks, stop, draining }
    }

    /// Who makes a request.
    pub(crate) async fn authenticate(
        &self,
        headers: &HeaderMap,
        query: Option<&str>,
    ) -> Result<Authenticated, CredentialError> {
        let leeway = self.config.token_leeway.as_secs();
        self.verifier.authenticate(headers, query, self.clock.now(), leeway).await
    }

    /// Ends a connection whose token was revoked, and gives whether it was. Asked whenever a connection comes to hold a token, for
    /// the list may have grown since the token was verified.
    pub(crate) fn end_if_revoked(&self, connection: &Connection) -> bool {
        let revoked = self.verifier.revocations().is_some_and(|list| connection.is_revoked_by(list));
        if revoked {
            connection.end(Ending::close(CloseCode::Revoked));
        }
        revoked
    }

    pub(crate) fn is_draining(&self) -> bool {
        self.draining.load(Ordering::Acquire)
    }

    pub(super) fn start_draining(&self) {
        self.bridge.refuse_requests();
        self.draining.store(true, Ordering::Release);
    }
}
