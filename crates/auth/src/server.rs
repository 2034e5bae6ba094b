//! One auth service from its listener to its end.

use crate::clients::Clients;
use crate::clock::Clock;
use crate::config::{AuthConfig, ConfigError};
use crate::http;
use crate::keys::Keys;
use crate::provider::Provider;
use crate::service::AuthService;
use crate::serving;
use crate::state::AuthState;
use std::fmt;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;
use tokio::net::TcpListener;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;
use url::Url;

/// How often it looks whether the key that signs is old.
const KEYS_LOOK: Duration = Duration::from_secs(30);

/// Gives the value of a variable that holds a secret.
pub type SecretLookup = Box<dyn Fn(&str) -> Option<String> + Send + Sync>;

/// What an auth service is made of.
pub struct AuthParts {
    /// What the operator decided.
    pub config: AuthConfig,
    /// Gives the secrets that the configuration names, by their variables.
    pub lookup: SecretLookup,
    /// What signs.
    pub keys: Arc<Keys>,
    /// What it remembers.
    pub state: Arc<dyn AuthState>,
    /// Certificate and versions, where the service itself speaks TLS.
    pub tls: Option<Arc<rustls::ServerConfig>>,
    /// Where it tells nodes in the same process its keys and revocations, without TLS: they need no certificate to know it.
    pub inside: Option<TcpListener>,
    /// Wall time.
    pub clock: Arc<dyn Clock>,
}

impl fmt::Debug for AuthParts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AuthParts")
            .field("config", &self.config)
            .field("keys", &self.keys)
            .finish_non_exhaustive()
    }
}

/// An auth service could not be started.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The listener does not know where it listens.
    #[error("failed to read the address of the listener: {0}")]
    Listener(#[from] io::Error),
    /// The configuration cannot be meant.
    #[error(transparent)]
    Config(#[from] ConfigError),
}

/// Starts auth services.
#[derive(Debug)]
pub struct AuthServer;

impl AuthServer {
    /// Starts one on a bound listener.
    ///
    /// # Errors
    /// [`StartError`] when the listener does not work, or the configuration cannot be meant.
    pub async fn start(listener: TcpListener, parts: AuthParts) -> Result<AuthHandle, StartError> {
        let addr = listener.local_addr()?;
        let AuthParts { config, lookup, keys, state, tls, inside, clock } = parts;
        config.check()?;
        let clients = Clients::new(&config.clients, &*lookup)?;
        let provider = config.provider.as_ref().map(|one| Provider::new(one, &*lookup)).transpose()?;
        let public_url = match &config.public_url {
            Some(url) => url.clone(),
            None => Url::parse(&format!("{}://{addr}", if tls.is_some() { "https" } else { "http" }))
                .map_err(|why| ConfigError::Other(format!("`{addr}` is no address: {why}")))?,
        };
        let lifetime_s = config.key_lifetime_s;
        let service = AuthService::new(
            config,
            public_url,
            clients,
            Arc::clone(&keys),
            state,
            provider,
            Arc::clone(&clock),
        );
        let stop = CancellationToken::new();
        let service = Arc::new(service);
        if let Some(inside) = inside {
            tokio::spawn(serving::serve(inside, None, http::for_nodes(Arc::clone(&service)), stop.clone()));
        }
        let serving = tokio::spawn(serving::serve(listener, tls, http::router(service), stop.clone()));
        let rotating = tokio::spawn(keep_keys_fresh(keys, clock, lifetime_s));
        Ok(AuthHandle { addr, stop, serving: Some(serving), rotating })
    }
}

async fn keep_keys_fresh(keys: Arc<Keys>, clock: Arc<dyn Clock>, lifetime_s: u64) {
    loop {
        if let Err(why) = keys.keep_fresh(lifetime_s, clock.now()) {
            tracing::error!(%why, "failed to rotate the signing key; the old one goes on");
        }
        tokio::time::sleep(KEYS_LOOK).await;
    }
}

/// A running auth service; dropping it stops it where it stands.
#[derive(Debug)]
#[must_use = "the service stops when this is dropped"]
pub struct AuthHandle {
    addr: SocketAddr,
    stop: CancellationToken,
    serving: Option<JoinHandle<()>>,
    rotating: JoinHandle<()>,
}

impl AuthHandle {
    /// Where it listens.
    #[must_use]
    pub fn addr(&self) -> SocketAddr {
        self.addr
    }

    /// Takes no more requests; its address is free when this returns. Answers under way are still given.
    pub async fn stop(mut self) {
        self.stop.cancel();
        if let Some(serving) = self.serving.take() {
            // A panic in it has been reported by the runtime.
            let _ = serving.await;
        }
    }
}

impl Drop for AuthHandle {
    fn drop(&mut self) {
        self.stop.cancel();
        self.rotating.abort();
        if let Some(serving) = &self.serving {
            serving.abort();
        }
    }
}
