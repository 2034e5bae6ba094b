//! One node from its listener to its end: started with its parts, drained on request, stopped by a drop.

mod drain;
mod gateway;
mod listener;
mod revoked;
mod secured;
mod serving;

pub(crate) use gateway::Gateway;
pub(crate) use listener::{Peer, Wire};

use crate::auth::Authenticator;
use crate::bridge::AgentWebSocketBridge;
use crate::clock::Clock;
use crate::config::GatewayConfig;
use crate::http;
use crate::manager::UnifiedWebSocketManager;
use crate::metrics::Metrics;
use crate::notifier::WebSocketNotifier;
use goldenpath_agent::Agent;
use goldenpath_storage::{EventLog, Store, StoreError};
use listener::GatewayListener;
use secured::Handshake;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use tokio::net::TcpListener;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

/// What a node is made of.
#[derive(Debug, Clone)]
pub struct Parts {
    /// Keeps runs.
    pub store: Arc<dyn Store>,
    /// Keeps streams.
    pub log: Arc<dyn EventLog>,
    /// Answers.
    pub agent: Arc<dyn Agent>,
    /// Knows whose requests are.
    pub verifier: Arc<dyn Authenticator>,
    /// Certificate and versions, where the node itself speaks TLS; `None`: its sockets are plain, and TLS ends in front of it.
    pub tls: Option<Arc<rustls::ServerConfig>>,
    /// Limits and intervals.
    pub config: GatewayConfig,
    /// Wall time.
    pub clock: Arc<dyn Clock>,
}

/// A node could not be started.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The listener does not know where it listens.
    #[error("failed to read the address of the listener: {0}")]
    Listener(#[from] io::Error),
    /// The store did not tell which runs were left open.
    #[error("failed to read the runs that were left open: {0}")]
    Store(#[from] StoreError),
}

/// Starts nodes.
#[derive(Debug)]
pub struct Server;

impl Server {
    /// Starts a node on a bound listener. Runs that a dead process left running end as interrupted first.
    ///
    /// # Errors
    /// [`StartError`] when the listener or the store does not work.
    pub async fn start(listener: TcpListener, parts: Parts) -> Result<ServerHandle, StartError> {
        let addr = listener.local_addr()?;
        let Parts { store, log, agent, verifier, tls, config, clock } = parts;
        let listener = GatewayListener::new(listener, tls.is_some(), &config);
        let handshake = tls.map(|tls| Handshake::new(tls, config.handshake_timeout));
        let (config, metrics, stop) = (Arc::new(config), Arc::new(Metrics::new()), CancellationToken::new());
        let manager = UnifiedWebSocketManager::new(Arc::clone(&config), Arc::clone(&metrics));
        let notifier = WebSocketNotifier::new(
            Arc::clone(&store),
            Arc::clone(&log),
            Arc::clone(&manager),
            Arc::clone(&metrics),
            Arc::clone(&clock),
            Arc::clone(&config),
        );
        let bridge = AgentWebSocketBridge::new(
            Arc::clone(&store),
            notifier,
            agent,
            Arc::clone(&clock),
            Arc::clone(&config),
            Arc::clone(&metrics),
            stop.clone(),
        );
        let interrupted = bridge.recover().await?;
        if interrupted > 0 {
            tracing::warn!(interrupted, "runs were left open by a stop and have been ended");
        }
        bridge.keep_custody();
        let gateway = Arc::new(Gateway::new(
            config,
            clock,
            store,
            log,
            verifier,
            metrics,
            manager,
            bridge,
            stop.clone(),
        ));
        if let Some(list) = gateway.verifier.revocations() {
            tokio::spawn(revoked::end_all(Arc::clone(&gateway), Arc::clone(list)));
        }
        let router = http::router(Arc::clone(&gateway));
        let head_timeout = gateway.config.head_timeout;
        let serving = tokio::spawn(serving::serve(listener, handshake, router, head_timeout, stop));
        Ok(ServerHandle { addr, gateway, serving })
    }
}

/// A running node; dropping it stops everything where it stands, as a crash would.
#[derive(Debug)]
#[must_use = "the node stops when this is dropped"]
pub struct ServerHandle {
    addr: SocketAddr,
    gateway: Arc<Gateway>,
    serving: JoinHandle<()>,
}

impl ServerHandle {
    /// Where it listens.
    #[must_use]
    pub fn addr(&self) -> SocketAddr {
        self.addr
    }

    /// What it counts.
    #[must_use]
    pub fn metrics(&self) -> &Arc<Metrics> {
        &self.gateway.metrics
    }

    /// Its connections.
    #[must_use]
    pub fn manager(&self) -> &Arc<UnifiedWebSocketManager> {
        &self.gateway.manager
    }

    /// Its runs.
    #[must_use]
    pub fn bridge(&self) -> &AgentWebSocketBridge {
        &self.gateway.bridge
    }

    /// Ends the node as on SIGTERM: no new work, open runs may end or are interrupted (stored first), sockets are
    /// told and closed, all within [`GatewayConfig::drain_total`]. Gives whether everything ended by itself.
    pub async fn drain(&self) -> bool {
        let ended = drain::drain(&self.gateway).await;
        self.gateway.stop.cancel();
        ended
    }
}

impl Drop for ServerHandle {
    fn drop(&mut self) {
        self.gateway.stop.cancel();
        self.serving.abort();
    }
}
