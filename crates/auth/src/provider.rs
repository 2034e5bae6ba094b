//! The OpenID provider that logs users in: found by discovery, believed by its published keys.
//!
//! By hand, on the HTTP client and the JWT library that are here anyway: the ready-made clients bring a second cryptography
//! and cost more to build than what is needed of them, which are three requests and one set of rules.

mod documents;
mod id_token;
mod keys;

use crate::answers::OAuthError;
use crate::config::{ConfigError, ProviderConfig, address, is_private_enough};
use documents::Documents;
use goldenpath_protocol::{Tier, Timestamp, UserId};
use keys::ProviderKey;
use serde::Deserialize;
use std::fmt;
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;
use tokio::sync::Mutex;
use tokio::time::Instant;
use url::Url;

/// What was read is looked at again after so long.
const FRESH: Duration = Duration::from_secs(600);
/// Between two reads, whoever asks for them.
const LEAST_GAP: Duration = Duration::from_secs(2);

/// Who a provider says somebody is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Person {
    pub(crate) user: UserId,
    pub(crate) tier: Tier,
}

/// What a provider publishes of itself (OpenID Connect Discovery).
#[derive(Debug, Deserialize)]
struct Discovery {
    issuer: String,
    #[serde(deserialize_with = "address")]
    authorization_endpoint: Url,
    #[serde(deserialize_with = "address")]
    token_endpoint: Url,
    #[serde(deserialize_with = "address")]
    jwks_uri: Url,
    #[serde(default)]
    token_endpoint_auth_methods_supported: Option<Vec<String>>,
}

#[derive(Debug)]
struct Known {
    discovery: Discovery,
    keys: Vec<ProviderKey>,
    read_at: Instant,
}

impl Known {
    fn serves(&self, kid: Option<&str>) -> bool {
        self.read_at.elapsed() < FRESH && keys::find(&self.keys, kid).is_some()
    }
}

/// The configured provider.
pub(crate) struct Provider {
    config: ProviderConfig,
    secret: Option<String>,
    documents: Documents,
    known: RwLock<Option<Arc<Known>>>,
    /// When the last read began. Held while one is under way, so that there is one at a time.
    reading: Mutex<Option<Instant>>,
}

impl fmt::Debug for Provider {
    // By hand: the secret must never reach a log.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Provider").field("issuer", &self.config.issuer).finish_non_exhaustive()
    }
}

/// An answer of the token endpoint.
#[derive(Deserialize)]
struct Redeemed {
    id_token: String,
}

impl Provider {
    pub(crate) fn new(
        config: &ProviderConfig,
        lookup: &dyn Fn(&str) -> Option<String>,
    ) -> Result<Self, ConfigError> {
        let secret = match &config.client_secret_env {
            None => None,
            Some(variable) => {
                Some(lookup(variable).filter(|secret| !secret.is_empty()).ok_or_else(|| {
                    ConfigError::Secret {
                        variable: variable.clone(),
                        of: "the provider".to_owned(),
                        why: "is not set".to_owned(),
                    }
                })?)
            }
        };
        let documents = Documents::new(config.issuer.starts_with("https"))
            .map_err(|why| ConfigError::Other(format!("failed to set up HTTP: {why}")))?;
        Ok(Self {
            config: config.clone(),
            secret,
            documents,
            known: RwLock::new(None),
            reading: Mutex::new(None),
        })
    }

    /// Whether it was read at least once.
    pub(crate) fn is_known(&self) -> bool {
        self.snapshot().is_some()
    }

    /// Whose ID token this is, if it holds. At a login it must repeat the `nonce` of that login.
    pub(crate) async fn verify(
        &self,
        token: &str,
        nonce: Option<&str>,
        now: Timestamp,
    ) -> Result<Person, OAuthError> {
        let refuse = |why: &'static str| {
            tracing::info!(why, "refused an ID token");
            OAuthError::invalid_grant()
        };
        let header = id_token::header(token).map_err(refuse)?;
        let known = self.known(header.kid.as_deref()).await?;
        let key = keys::find(&known.keys, header.kid.as_deref()).ok_or_else(|| refuse("unknown key"))?;
        let rules = id_token::Rules {
            issuer: &self.config.issuer,
            client_id: &self.config.client_id,
            user_claim: &self.config.user_claim,
            tier_claim: self.config.tier_claim.as_deref(),
            nonce,
            now,
        };
        rules.person(token, key).map_err(refuse)
    }

    /// Where a browser is sent to log in.
    pub(crate) async fn login_url(
        &self,
        redirect_uri: &str,
        state: &str,
        nonce: &str,
        challenge: &str,
    ) -> Result<String, OAuthError> {
        let known = self.known_at_all().await?;
        let mut url = known.discovery.authorization_endpoint.clone();
        url.query_pairs_mut()
            .append_pair("response_type", "code")
            .append_pair("client_id", &self.config.client_id)
            .append_pair("redirect_uri", redirect_uri)
            .append_pair("scope", &self.config.scope)
            .append_pair("state", state)
            .append_pair("nonce", nonce)
            .append_pair("code_challenge", challenge)
            .append_pair("code_challenge_method", "S256");
        Ok(url.into())
    }

    /// The provider's name of itself, which its callbacks may repeat (RFC 9207).
    pub(crate) fn issuer(&self) -> &str {
        &self.config.issuer
    }

    /// The ID token for a code of the provider.
    pub(crate) async fn redeem(
        &self,
        code: &str,
        verifier: &str,
        redirect_uri: &str,
    ) -> Result<String, OAuthError> {
        let known = self.known_at_all().await?;
        let mut fields = vec![
            ("grant_type", "authorization_code"),
            ("code", code),
            ("redirect_uri", redirect_uri),
            ("code_verifier", verifier),
        ];
        let methods = known.discovery.token_endpoint_auth_methods_supported.as_deref();
        let basic = methods.is_none_or(|all| all.iter().any(|one| one == "client_secret_basic"));
        let credentials = match &self.secret {
            Some(secret) if basic => Some((self.config.client_id.as_str(), secret.as_str())),
            other => {
                fields.push(("client_id", &self.config.client_id));
                fields.extend(other.as_ref().map(|secret| ("client_secret", secret.as_str())));
                None
            }
        };
        let form = url::form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish();
        let body = self.documents.post_form(&known.discovery.token_endpoint, form, credentials).await;
        let redeemed = body.and_then(|body| {
            serde_json::from_slice::<Redeemed>(&body).map_err(|_| "the answer holds no `id_token`".to_owned())
        });
        redeemed.map(|redeemed| redeemed.id_token).map_err(|why| {
            tracing::warn!(%why, "the provider redeemed no code");
            OAuthError::invalid_grant()
        })
    }

    fn snapshot(&self) -> Option<Arc<Known>> {
        self.known.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    async fn known_at_all(&self) -> Result<Arc<Known>, OAuthError> {
        match self.snapshot() {
            Some(known) => Ok(known),
            None => self.known(None).await,
        }
    }

    /// What the provider publishes; read again when it is old, or lacks the key `kid`. What is known stays good while the
    /// provider cannot be reached.
    async fn known(&self, kid: Option<&str>) -> Result<Arc<Known>, OAuthError> {
        if let Some(known) = self.snapshot().filter(|known| known.serves(kid)) {
            return Ok(known);
        }
        let mut last = self.reading.lock().await;
        // Somebody else may have read while we waited, or a moment ago.
        let known = self.snapshot();
        if let Some(known) = known.as_ref().filter(|known| known.serves(kid)) {
            return Ok(Arc::clone(known));
        }
        if last.is_none_or(|last| last.elapsed() >= LEAST_GAP) {
            *last = Some(Instant::now());
            match self.read().await {
                Ok(read) => {
                    let read = Arc::new(read);
                    *self.known.write().unwrap_or_else(PoisonError::into_inner) = Some(Arc::clone(&read));
                    return Ok(read);
                }
                Err(why) => tracing::warn!(%why, "failed to read the provider"),
            }
        }
        known.ok_or_else(|| OAuthError::unavailable("the provider cannot be read"))
    }

    async fn read(&self) -> Result<Known, String> {
        let issuer = &self.config.issuer;
        let text = format!("{}/.well-known/openid-configuration", issuer.trim_end_matches('/'));
        let url = Url::parse(&text).map_err(|why| format!("`{text}`: {why}"))?;
        let body = self.documents.get(&url).await?;
        let discovery: Discovery = serde_json::from_slice(&body)
            .map_err(|why| format!("`{url}` is no discovery document: {why}"))?;
        if discovery.issuer != *issuer {
            return Err(format!("`{url}` speaks for another issuer"));
        }
        for endpoint in [&discovery.authorization_endpoint, &discovery.token_endpoint, &discovery.jwks_uri] {
            if !is_private_enough(endpoint) {
                return Err(format!("`{url}` names an endpoint without TLS"));
            }
        }
        let body = self.documents.get(&discovery.jwks_uri).await?;
        let keys = keys::read(&body).map_err(|why| format!("`{}`: {why}", discovery.jwks_uri))?;
        Ok(Known { discovery, keys, read_at: Instant::now() })
    }
}
