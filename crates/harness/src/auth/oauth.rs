//! Tokens of an issuer elsewhere, asked for over OAuth 2.0 and renewed before they end.
//!
//! Several identities come in one of two ways: the issuer is asked for each by name (`user_field`, a field of the request, such
//! as `requested_subject`), or there is a subject token of each to exchange. Without either there is one identity: the client.

mod requests;

use super::{AuthError, Token};
use requests::Requests;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::Duration;
use tokio::task::JoinHandle;
use tokio::time::Instant;
use url::Url;

/// How long a token is taken to hold when its issuer does not say.
const UNSAID: Duration = Duration::from_secs(300);
/// Between two attempts to renew a token, the first of which failed.
const RETRY: Duration = Duration::from_secs(2);

/// In which way tokens are asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum OAuthGrant {
    /// The client asks for itself, or for users that it names.
    #[default]
    ClientCredentials,
    /// Subject tokens are exchanged (RFC 8693), one for each identity.
    TokenExchange,
}

impl OAuthGrant {
    /// Every grant, by its name in the configuration.
    pub const ALL: [(&'static str, Self); 2] =
        [("client_credentials", Self::ClientCredentials), ("token_exchange", Self::TokenExchange)];
}

/// Whom to ask, and how.
#[derive(Clone)]
pub struct OAuthSettings {
    /// The issuer's token endpoint.
    pub token_url: Url,
    /// Who asks.
    pub client_id: String,
    /// What proves it.
    pub client_secret: Option<String>,
    /// In which way.
    pub grant: OAuthGrant,
    /// What the tokens are to allow.
    pub scope: Option<String>,
    /// Whom they are for.
    pub audience: Option<String>,
    /// What is exchanged.
    pub subject_tokens: Vec<Token>,
    /// The field of the request that names a user.
    pub user_field: Option<String>,
    /// Certificates (PEM) to trust instead of the system's.
    pub ca_pem: Option<Vec<u8>>,
}

impl OAuthSettings {
    /// A client that asks for itself.
    #[must_use]
    pub fn new(token_url: Url, client_id: impl Into<String>) -> Self {
        Self {
            token_url,
            client_id: client_id.into(),
            client_secret: None,
            grant: OAuthGrant::default(),
            scope: None,
            audience: None,
            subject_tokens: Vec::new(),
            user_field: None,
            ca_pem: None,
        }
    }

    /// How many identities can be had: as many as subject tokens, any number by name, or one.
    #[must_use]
    pub fn identities(&self) -> Option<usize> {
        match (self.grant, &self.user_field) {
            (OAuthGrant::TokenExchange, _) => Some(self.subject_tokens.len()),
            (OAuthGrant::ClientCredentials, Some(_)) => None,
            (OAuthGrant::ClientCredentials, None) => Some(1),
        }
    }
}

impl fmt::Debug for OAuthSettings {
    // By hand: the secret and the subject tokens must never reach a log.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("OAuthSettings")
            .field("token_url", &self.token_url.as_str())
            .field("client_id", &self.client_id)
            .field("grant", &self.grant)
            .finish_non_exhaustive()
    }
}

/// A token and until when it is good.
#[derive(Debug, Clone)]
struct Held {
    token: Token,
    good_until: Instant,
    renew_at: Instant,
}

/// One identity of an issuer; its token is renewed for as long as somebody holds this.
pub struct IssuedIdentity {
    name: Arc<str>,
    asked: Asked,
    issuer: Arc<Issuer>,
    held: Mutex<Held>,
    failed: Mutex<Option<String>>,
}

/// What an identity is asked for with.
#[derive(Clone)]
enum Asked {
    Itself,
    Named(Arc<str>),
    Exchanged(Token),
}

struct Issuer {
    settings: OAuthSettings,
    requests: Requests,
}

impl fmt::Debug for IssuedIdentity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("IssuedIdentity").field("name", &self.name).finish_non_exhaustive()
    }
}

/// The identities that an issuer gave tokens for. Dropping it ends their renewal.
pub struct OAuth {
    issuer: Arc<Issuer>,
    identities: Mutex<Vec<Arc<IssuedIdentity>>>,
    renewals: Mutex<Vec<JoinHandle<()>>>,
}

impl fmt::Debug for OAuth {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("OAuth").field("settings", &self.issuer.settings).finish_non_exhaustive()
    }
}

impl OAuth {
    /// Asks nobody yet.
    ///
    /// # Errors
    /// When HTTP cannot be set up.
    pub fn new(settings: OAuthSettings) -> Result<Arc<Self>, AuthError> {
        let requests = Requests::new(&settings)?;
        Ok(Arc::new(Self {
            issuer: Arc::new(Issuer { settings, requests }),
            identities: Mutex::default(),
            renewals: Mutex::default(),
        }))
    }

    /// Gets a token for each of `names`, or for as many identities as can be had. An identity is called as its token says, or
    /// else by its name here.
    ///
    /// # Errors
    /// When the issuer gives none: says what it answered.
    pub async fn issue(self: &Arc<Self>, names: &[String]) -> Result<Vec<Arc<IssuedIdentity>>, AuthError> {
        let settings = &self.issuer.settings;
        let wanted = names.len().min(settings.identities().unwrap_or(usize::MAX));
        let mut issued: Vec<Arc<IssuedIdentity>> = Vec::new();
        for (n, name) in names.iter().take(wanted).enumerate() {
            let asked = match (settings.grant, settings.subject_tokens.get(n), &settings.user_field) {
                (OAuthGrant::TokenExchange, Some(token), _) => Asked::Exchanged(token.clone()),
                (OAuthGrant::ClientCredentials, _, Some(_)) => Asked::Named(name.as_str().into()),
                _ => Asked::Itself,
            };
            let identity = self.begin(name, asked).await?;
            // Two subject tokens of one user are one identity.
            if !issued.iter().any(|known| known.name == identity.name) {
                issued.push(identity);
            }
        }
        self.identities().clone_from(&issued);
        self.issuer.requests.revocation_url(settings).await;
        Ok(issued)
    }

    /// Gets a token for whom a subject token names.
    ///
    /// # Errors
    /// When the issuer gives none: says what it answered.
    pub async fn exchange(self: &Arc<Self>, subject: Token) -> Result<Arc<IssuedIdentity>, AuthError> {
        let name = subject.subject().unwrap_or_else(|| "exchanged".to_owned());
        self.begin(&name, Asked::Exchanged(subject)).await
    }

    /// The identities of the last [`issue`](Self::issue).
    #[must_use]
    pub fn issued(&self) -> Vec<Arc<IssuedIdentity>> {
        self.identities().clone()
    }

    /// Revokes a token; gives the status of the answer.
    ///
    /// # Errors
    /// When the issuer names no place for that, or gives no answer.
    pub async fn revoke(&self, token: &Token) -> Result<u16, AuthError> {
        self.issuer.requests.revoke(&self.issuer.settings, token).await
    }

    /// Whether the issuer says where tokens are revoked; known since it was first asked for tokens.
    #[must_use]
    pub fn takes_revocations(&self) -> bool {
        self.issuer.requests.known_revocation_url().is_some()
    }

    async fn begin(&self, name: &str, asked: Asked) -> Result<Arc<IssuedIdentity>, AuthError> {
        let held = self.issuer.ask(&asked).await?;
        let name = held.token.subject().unwrap_or_else(|| name.to_owned());
        let identity = Arc::new(IssuedIdentity {
            name: name.into(),
            asked,
            issuer: Arc::clone(&self.issuer),
            held: Mutex::new(held),
            failed: Mutex::default(),
        });
        let renewal = tokio::spawn(renew(Arc::downgrade(&identity)));
        self.renewals.lock().unwrap_or_else(PoisonError::into_inner).push(renewal);
        Ok(identity)
    }

    fn identities(&self) -> MutexGuard<'_, Vec<Arc<IssuedIdentity>>> {
        self.identities.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for OAuth {
    fn drop(&mut self) {
        for renewal in self.renewals.lock().unwrap_or_else(PoisonError::into_inner).drain(..) {
            renewal.abort();
        }
    }
}

impl Issuer {
    async fn ask(&self, asked: &Asked) -> Result<Held, AuthError> {
        let asked_at = Instant::now();
        let (token, lifetime) = self.requests.token(&self.settings, asked).await?;
        let lifetime = lifetime.unwrap_or(UNSAID);
        // Early enough for a second attempt.
        let renew_at = asked_at + lifetime * 2 / 3;
        Ok(Held { token, good_until: asked_at + lifetime, renew_at })
    }
}

impl IssuedIdentity {
    /// Whose tokens these are.
    #[must_use]
    pub fn name(&self) -> &Arc<str> {
        &self.name
    }

    /// A token that is good now.
    ///
    /// # Errors
    /// When the last one has ended and no other could be had.
    pub fn token(&self) -> Result<Token, AuthError> {
        let held = self.held();
        if Instant::now() < held.good_until {
            return Ok(held.token.clone());
        }
        let failed = self.failed.lock().unwrap_or_else(PoisonError::into_inner).clone();
        Err(AuthError::Issuer {
            url: self.issuer.settings.token_url.to_string(),
            why: failed.unwrap_or_else(|| "the token has ended and was not renewed".to_owned()),
        })
    }

    /// Another token, asked for now.
    ///
    /// # Errors
    /// When the issuer gives none: says what it answered.
    pub async fn fresh_token(&self) -> Result<Token, AuthError> {
        let held = self.issuer.ask(&self.asked).await?;
        let token = held.token.clone();
        *self.held() = held;
        Ok(token)
    }

    fn held(&self) -> MutexGuard<'_, Held> {
        self.held.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

async fn renew(identity: Weak<IssuedIdentity>) {
    let mut wait_until = None;
    loop {
        let Some(due) = identity.upgrade().map(|one| one.held().renew_at) else { return };
        tokio::time::sleep_until(wait_until.take().unwrap_or(due)).await;
        let Some(identity) = identity.upgrade() else { return };
        if identity.held().renew_at > Instant::now() {
            continue;
        }
        let failed = identity.fresh_token().await.err().map(|why| why.to_string());
        if failed.is_some() {
            wait_until = Some(Instant::now() + RETRY);
        }
        *identity.failed.lock().unwrap_or_else(PoisonError::into_inner) = failed;
    }
}
