//! The auth service as a backend has it beside its nodes: on a port of its own, with keys in a folder of its own and a provider
//! that logs users in. It can be stopped and started again, and its keys rotated.

use crate::TestbedError;
use crate::builder::part;
use crate::identity_provider::{CLIENT_ID, IdentityProvider};
use goldenpath_auth::{
    AuthConfig, AuthHandle, AuthParts, AuthServer, AuthState, ClientConfig, Clock, GrantType, Keys,
    MemoryState, ProviderConfig, RedisState, SystemClock,
};
use goldenpath_gateway::auth::JwksSettings;
use goldenpath_harness::{Auth, OAuth, OAuthGrant, OAuthSettings};
use goldenpath_protocol::{Tier, Timestamp};
use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use tempfile::TempDir;
use tokio::net::TcpListener;
use tokio::sync::Mutex;
use url::Url;

/// Where a login at the client `app` leads back to; nobody listens there.
pub const REDIRECT_URI: &str = "http://127.0.0.1:1/signed-in";
/// What the names of test users begin with.
const TEST_USERS: &str = "gp-";

/// A running auth service, and what it takes to run it again. Dropping it stops everything.
#[derive(Debug)]
#[must_use = "the service stops when this is dropped"]
pub struct AuthBackend {
    addr: SocketAddr,
    config: AuthConfig,
    /// The Redis that remembers for it, and the names there; its memory where there is none.
    state: Option<(String, String)>,
    secret: Arc<str>,
    keys: Mutex<Arc<Keys>>,
    clock: Arc<dyn Clock>,
    /// `None` while it is stopped.
    handle: Mutex<Option<AuthHandle>>,
    provider: Arc<IdentityProvider>,
    data: Arc<TempDir>,
}

/// The machine's clock, so far off.
#[derive(Debug)]
struct Off(i64);

impl Clock for Off {
    fn now(&self) -> Timestamp {
        Timestamp::from_unix_ms(SystemClock.now().unix_ms().saturating_add(self.0))
    }
}

impl AuthBackend {
    pub(crate) async fn start(
        mut config: AuthConfig,
        state: Option<(String, String)>,
    ) -> Result<Self, TestbedError> {
        let provider = IdentityProvider::start().await?;
        let data = tempfile::tempdir().map_err(part("data folder"))?;
        config.clients.extend(clients());
        config.provider = Some(ProviderConfig {
            issuer: provider.issuer().to_owned(),
            client_id: CLIENT_ID.to_owned(),
            client_secret_env: Some("PROVIDER_SECRET".to_owned()),
            user_claim: "sub".to_owned(),
            tier_claim: Some("tier".to_owned()),
            scope: "openid".to_owned(),
        });
        let clock: Arc<dyn Clock> = Arc::new(SystemClock);
        let keys = read_keys(data.path(), &config, &clock)?;
        let secret: Arc<str> =
            format!("{}{}", uuid::Uuid::new_v4().simple(), uuid::Uuid::new_v4().simple()).into();
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.map_err(part("auth service"))?;
        let addr = listener.local_addr().map_err(part("auth service"))?;
        let backend = Self {
            addr,
            config,
            state,
            secret,
            keys: Mutex::new(keys),
            clock,
            handle: Mutex::new(None),
            provider: Arc::new(provider),
            data: Arc::new(data),
        };
        backend.serve(listener).await?;
        Ok(backend)
    }

    /// Another service with the same keys, clients and provider, otherwise configured, its clock `off_ms` milliseconds off: signs
    /// tokens that are right in everything but what was changed.
    ///
    /// # Errors
    /// [`TestbedError`] when it does not start.
    pub async fn beside(
        &self,
        change: impl FnOnce(&mut AuthConfig),
        off_ms: i64,
    ) -> Result<Self, TestbedError> {
        let mut config = self.config.clone();
        change(&mut config);
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.map_err(part("auth service"))?;
        let other = Self {
            addr: listener.local_addr().map_err(part("auth service"))?,
            config,
            state: None,
            secret: Arc::clone(&self.secret),
            keys: Mutex::new(Arc::clone(&*self.keys.lock().await)),
            clock: Arc::new(Off(off_ms)),
            handle: Mutex::new(None),
            provider: Arc::clone(&self.provider),
            data: Arc::clone(&self.data),
        };
        other.serve(listener).await?;
        Ok(other)
    }

    async fn serve(&self, listener: TcpListener) -> Result<(), TestbedError> {
        let (secret, provider_secret) = (Arc::clone(&self.secret), self.provider.secret().to_owned());
        let state: Arc<dyn AuthState> = match &self.state {
            None => Arc::new(MemoryState::default()),
            Some((url, prefix)) => {
                Arc::new(RedisState::open(url, prefix).await.map_err(part("state of the auth service"))?)
            }
        };
        let parts = AuthParts {
            config: self.config.clone(),
            lookup: Box::new(move |name| match name {
                "CLIENT_SECRET" => Some(secret.to_string()),
                "PROVIDER_SECRET" => Some(provider_secret.clone()),
                _ => None,
            }),
            keys: Arc::clone(&*self.keys.lock().await),
            state,
            tls: None,
            inside: None,
            clock: Arc::clone(&self.clock),
        };
        let handle = AuthServer::start(listener, parts).await.map_err(part("auth service"))?;
        *self.handle.lock().await = Some(handle);
        Ok(())
    }

    /// Stops it. Its address is free, and what it remembered by itself is gone.
    pub async fn stop(&self) {
        if let Some(handle) = self.handle.lock().await.take() {
            handle.stop().await;
        }
    }

    /// Starts it again at the same address, with the keys of its folder.
    ///
    /// # Errors
    /// [`TestbedError`] when it does not start.
    pub async fn start_again(&self) -> Result<(), TestbedError> {
        *self.keys.lock().await = read_keys(self.data.path(), &self.config, &self.clock)?;
        let listener = TcpListener::bind(self.addr).await.map_err(part("auth service"))?;
        self.serve(listener).await
    }

    /// Lets a new key sign from now on.
    ///
    /// # Errors
    /// [`TestbedError`] when no key can be made.
    pub async fn rotate_keys(&self) -> Result<(), TestbedError> {
        self.keys.lock().await.rotate(self.clock.now()).map_err(part("signing key"))
    }

    /// The name of the key that signs.
    pub async fn signing_kid(&self) -> String {
        self.keys.lock().await.signing_kid()
    }

    /// An address of it.
    ///
    /// # Panics
    /// When `path` is none, which would be the test's own bug.
    #[must_use]
    pub fn url(&self, path: &str) -> Url {
        match Url::parse(&format!("http://{}{path}", self.addr)) {
            Ok(url) => url,
            Err(why) => panic!("`{path}` is no path: {why}"),
        }
    }

    /// Who logs users in.
    pub fn provider(&self) -> &IdentityProvider {
        &self.provider
    }

    /// The same, to keep.
    #[must_use]
    pub fn provider_handle(&self) -> Arc<IdentityProvider> {
        Arc::clone(&self.provider)
    }

    /// The secret of its clients `harness` and `exchange`; `app` is public.
    #[must_use]
    pub fn client_secret(&self) -> &str {
        &self.secret
    }

    /// What a node needs to know of it.
    #[must_use]
    pub fn jwks(&self) -> JwksSettings {
        let mut settings = JwksSettings::new(self.url("/.well-known/jwks.json"));
        settings.revocations_url = Some(self.url("/auth/revocations"));
        settings
    }

    /// Asks it for test users by name.
    ///
    /// # Errors
    /// [`TestbedError`] when HTTP cannot be set up.
    pub fn named_users(&self) -> Result<Arc<OAuth>, TestbedError> {
        let mut settings = OAuthSettings::new(self.url("/auth/token"), "harness");
        settings.client_secret = Some(self.secret.to_string());
        settings.user_field = Some("requested_subject".to_owned());
        OAuth::new(settings).map_err(part("token client"))
    }

    /// Asks it for the users of the provider's ID tokens.
    ///
    /// # Errors
    /// [`TestbedError`] when HTTP cannot be set up.
    pub fn exchanged_users(&self) -> Result<Arc<OAuth>, TestbedError> {
        let mut settings = OAuthSettings::new(self.url("/auth/token"), "exchange");
        settings.client_secret = Some(self.secret.to_string());
        settings.grant = OAuthGrant::TokenExchange;
        OAuth::new(settings).map_err(part("token client"))
    }

    pub(crate) fn session_auth(&self) -> Result<Auth, TestbedError> {
        self.named_users().map(Auth::oauth)
    }
}

fn read_keys(data: &Path, config: &AuthConfig, clock: &Arc<dyn Clock>) -> Result<Arc<Keys>, TestbedError> {
    let keys = Keys::generated_in(data, config.alg, config.access_ttl_s, clock.now());
    keys.map(Arc::new).map_err(part("signing key"))
}

fn clients() -> [ClientConfig; 3] {
    let client = |id: &str, grants: &[GrantType]| ClientConfig {
        id: id.to_owned(),
        secret_env: Some("CLIENT_SECRET".to_owned()),
        grants: grants.to_vec(),
        redirect_uris: Vec::new(),
        scope: "chat agents".to_owned(),
        tier: Tier::Mid,
        users_beginning_with: None,
    };
    [
        ClientConfig {
            users_beginning_with: Some(TEST_USERS.to_owned()),
            ..client("harness", &[GrantType::ClientCredentials])
        },
        client("exchange", &[GrantType::TokenExchange, GrantType::RefreshToken]),
        ClientConfig {
            secret_env: None,
            redirect_uris: vec![REDIRECT_URI.to_owned()],
            ..client("app", &[GrantType::AuthorizationCode, GrantType::RefreshToken])
        },
    ]
}
