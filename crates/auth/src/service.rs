//! What all requests share.

use crate::answers::OAuthError;
use crate::clients::Clients;
use crate::clock::{Clock, after};
use crate::config::AuthConfig;
use crate::keys::Keys;
use crate::provider::Provider;
use crate::state::{AuthState, Revocation, Revoked};
use goldenpath_protocol::Timestamp;
use std::sync::Arc;
use tokio::sync::Semaphore;
use url::Url;

/// Beyond the life of a token, its revocation is told for so long: clocks differ, and connections have a grace.
const MARGIN_S: u64 = 300;
/// Readers of revocations that may be made to wait for news at once; more are answered right away.
const MOST_WAITING: usize = 1_000;

/// One auth service.
#[derive(Debug)]
pub(crate) struct AuthService {
    pub(crate) config: AuthConfig,
    /// Where clients and browsers reach it.
    pub(crate) public_url: Url,
    pub(crate) clients: Clients,
    pub(crate) keys: Arc<Keys>,
    pub(crate) state: Arc<dyn AuthState>,
    pub(crate) provider: Option<Provider>,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) waiting: Semaphore,
}

impl AuthService {
    pub(crate) fn new(
        config: AuthConfig,
        public_url: Url,
        clients: Clients,
        keys: Arc<Keys>,
        state: Arc<dyn AuthState>,
        provider: Option<Provider>,
        clock: Arc<dyn Clock>,
    ) -> Self {
        let waiting = Semaphore::new(MOST_WAITING);
        Self { config, public_url, clients, keys, state, provider, clock, waiting }
    }

    /// An address of ours, as others see it.
    pub(crate) fn address(&self, path: &str) -> String {
        format!("{}{path}", self.public_url.as_str().trim_end_matches('/'))
    }

    /// Revokes, for as long as a token made until now could be good.
    pub(crate) async fn revoke(&self, what: Revoked, now: Timestamp) -> Result<(), OAuthError> {
        let until = after(now, self.config.access_ttl_s.saturating_add(MARGIN_S));
        Ok(self.state.revoke(Revocation { what, until }, now).await?)
    }

    /// Ends a login: no refresh token of it is good any more, and no access token.
    pub(crate) async fn end_session(&self, session: &str, now: Timestamp) -> Result<(), OAuthError> {
        self.state.end_family(session, now).await?;
        self.revoke(Revoked::Session(session.to_owned()), now).await
    }
}

impl AuthService {
    /// Refuses a name that a provider gives and that is a client's, or a test user's.
    pub(crate) fn check_not_reserved(&self, user: &goldenpath_protocol::UserId) -> Result<(), OAuthError> {
        if self.clients.is_reserved(user) {
            tracing::warn!(%user, "the provider named a user in a way that is reserved");
            return Err(OAuthError::invalid_grant());
        }
        Ok(())
    }
}
