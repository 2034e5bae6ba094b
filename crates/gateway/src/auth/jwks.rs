//! Tokens of an issuer elsewhere: verified with the keys it publishes, which are read again and again.
//!
//! One task reads the keys, so that any number of requests cause one read. Keys that are known stay good while the issuer
//! cannot be reached. A token that names a key we do not have makes the task read at once, though no more often than
//! [`JwksSettings::least_gap`] allows, and waits for that read: after a rotation nobody is refused for being early.

use super::documents::{DocumentError, Documents, failed};
use super::revocations::{Revocations, RevocationsReader};
use super::{
    Authenticated, Authenticator, Claims, Credential, CredentialError, KeySet, Refused, TokenVerifier,
};
use async_trait::async_trait;
use goldenpath_protocol::{Timestamp, UserId};
use http::HeaderMap;
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;
use tokio::sync::{Notify, Semaphore, watch};
use tokio::task::JoinHandle;
use tokio::time::Instant;
use url::Url;

/// The longest key set that is read.
const MAX_BYTES: usize = 256 * 1024;
/// How long one read may take.
const READ_DEADLINE: Duration = Duration::from_secs(2);
/// Tokens with unknown keys that may wait for a read at once; more are told to come again.
const MOST_WAITING: usize = 256;

/// Whose keys, and how often they are read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct JwksSettings {
    /// Where the issuer publishes its keys.
    pub jwks_url: Url,
    /// Where it tells which tokens it revoked; `None`: nowhere, and a token holds until it expires.
    pub revocations_url: Option<Url>,
    /// Certificates (PEM) to trust instead of the system's, when both are read.
    pub ca_pem: Option<Vec<u8>>,
    /// What tokens must say in `iss`.
    pub issuer: String,
    /// What tokens must say in `aud`.
    pub audience: String,
    /// Between two reads of the keys.
    pub refresh: Duration,
    /// Between two reads when tokens name unknown keys, or when the last read failed.
    pub least_gap: Duration,
    /// How long a token with an unknown key waits for a read.
    pub patience: Duration,
}

impl JwksSettings {
    /// Settings for the issuer and audience of platform tokens, with the usual intervals.
    #[must_use]
    pub fn new(jwks_url: Url) -> Self {
        Self {
            jwks_url,
            revocations_url: None,
            ca_pem: None,
            issuer: "goldenpath".to_owned(),
            audience: "goldenpath".to_owned(),
            refresh: Duration::from_secs(60),
            least_gap: Duration::from_secs(1),
            patience: Duration::from_secs(4),
        }
    }
}

/// A read of the keys that ended.
#[derive(Debug, Clone, Copy)]
struct Round {
    begun: Instant,
    ended_well: bool,
}

#[derive(Debug)]
struct Shared {
    settings: JwksSettings,
    /// `None` until keys were read for the first time.
    verifier: RwLock<Option<Arc<TokenVerifier>>>,
    last: watch::Sender<Option<Round>>,
    asked: Notify,
    waiting: Semaphore,
}

/// Knows users by the tokens of an issuer elsewhere. Dropping it ends its reading.
#[derive(Debug)]
#[must_use = "keys are read until this is dropped"]
pub struct JwksAuthenticator {
    shared: Arc<Shared>,
    task: JoinHandle<()>,
    revocations: Option<RevocationsReader>,
}

impl JwksAuthenticator {
    /// Begins to read keys, in a task of this runtime. The issuer need not be there yet: until it is, no token can be judged.
    ///
    /// # Errors
    /// When an address is none that can be read.
    pub fn start(settings: JwksSettings) -> Result<Self, DocumentError> {
        let ca_pem = settings.ca_pem.as_deref();
        let documents = Documents::new(&settings.jwks_url, ca_pem, READ_DEADLINE, MAX_BYTES)?;
        if settings.jwks_url.scheme() == "http" && !is_here(&settings.jwks_url) {
            tracing::warn!(
                url = settings.jwks_url.as_str(),
                "keys are read without TLS: whoever is on the way can name keys of their own"
            );
        }
        let revocations = settings.revocations_url.as_ref();
        let revocations = revocations.map(|url| RevocationsReader::start(url, ca_pem)).transpose()?;
        let shared = Arc::new(Shared {
            settings,
            verifier: RwLock::new(None),
            last: watch::Sender::new(None),
            asked: Notify::new(),
            waiting: Semaphore::new(MOST_WAITING),
        });
        let task = tokio::spawn(read_for_ever(Arc::clone(&shared), documents));
        Ok(Self { shared, task, revocations })
    }

    /// What `token` says, if it holds; reads the keys again if it names one that is not known.
    async fn verify(&self, token: &str, now: Timestamp, leeway_s: u64) -> Result<Claims, CredentialError> {
        let verifier = match self.shared.verifier() {
            Some(verifier) if !verifier.lacks_key_of(token)? => verifier,
            _ => self.shared.verifier_after_a_read().await?,
        };
        let claims = verifier.verify(token, now, leeway_s)?;
        match &self.revocations {
            Some(reader) if reader.list().holds(&claims.jti, claims.session.as_deref()) => {
                Err(Refused::because("revoked").into())
            }
            _ => Ok(claims),
        }
    }
}

impl Drop for JwksAuthenticator {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Shared {
    fn verifier(&self) -> Option<Arc<TokenVerifier>> {
        self.verifier.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// The verifier as a read leaves it that begins from now on.
    async fn verifier_after_a_read(&self) -> Result<Arc<TokenVerifier>, CredentialError> {
        let unavailable = |why: &str| CredentialError::Unavailable(why.to_owned());
        let Ok(_place) = self.waiting.try_acquire() else {
            return Err(unavailable("too many tokens wait for a read of the issuer's keys"));
        };
        let (came, mut last) = (Instant::now(), self.last.subscribe());
        self.asked.notify_one();
        let read = last.wait_for(|round| round.is_some_and(|round| round.begun >= came));
        let round = match tokio::time::timeout(self.settings.patience, read).await {
            Ok(Ok(round)) => *round,
            Ok(Err(_)) | Err(_) => None,
        };
        match (round, self.verifier()) {
            (Some(Round { ended_well: true, .. }), Some(verifier)) => Ok(verifier),
            _ => Err(unavailable("the issuer's keys cannot be read")),
        }
    }

    /// Reads the keys once; those known stay when it fails.
    async fn read(&self, documents: &Documents) -> Result<(), DocumentError> {
        let url = &self.settings.jwks_url;
        let body = documents.read(url).await?;
        let keys = KeySet::from_json(&body).map_err(|why| failed(url, &why.to_string()))?;
        let verifier = TokenVerifier::with_keys(keys, &self.settings.issuer, &self.settings.audience);
        *self.verifier.write().unwrap_or_else(PoisonError::into_inner) = Some(Arc::new(verifier));
        Ok(())
    }
}

/// Whether an address is on this machine.
fn is_here(url: &Url) -> bool {
    match url.host() {
        Some(url::Host::Ipv4(address)) => address.is_loopback(),
        Some(url::Host::Ipv6(address)) => address.is_loopback(),
        Some(url::Host::Domain(name)) => name == "localhost",
        None => false,
    }
}

async fn read_for_ever(shared: Arc<Shared>, documents: Documents) {
    let mut well = true;
    loop {
        let begun = Instant::now();
        let read = shared.read(&documents).await;
        match &read {
            Ok(()) if !well => tracing::info!("the issuer's keys are read again"),
            // Said once: an issuer that is away for an hour is one event.
            Err(why) if well => tracing::warn!(%why, "the keys known so far stay in use"),
            _ => {}
        }
        well = read.is_ok();
        shared.last.send_replace(Some(Round { begun, ended_well: well }));
        tokio::time::sleep_until(begun + shared.settings.least_gap).await;
        if well {
            let rest = shared.settings.refresh.saturating_sub(begun.elapsed());
            // Whether it was asked or the time is over, the next read is due.
            let _ = tokio::time::timeout(rest, shared.asked.notified()).await;
        }
    }
}

#[async_trait]
impl Authenticator for JwksAuthenticator {
    async fn authenticate(
        &self,
        headers: &HeaderMap,
        query: Option<&str>,
        now: Timestamp,
        leeway_s: u64,
    ) -> Result<Authenticated, CredentialError> {
        let presented = Credential::from_request(headers, query)?;
        let claims = self.verify(&presented.token, now, leeway_s).await?;
        Ok(Authenticated { presented, claims })
    }

    async fn renew(
        &self,
        user: &UserId,
        token: &str,
        now: Timestamp,
        leeway_s: u64,
    ) -> Result<Claims, Refused> {
        let claims = match self.verify(token, now, leeway_s).await {
            Ok(claims) => claims,
            Err(CredentialError::Unauthorized(refused)) => return Err(refused),
            Err(_) => return Err(Refused::because("the issuer's keys cannot be read")),
        };
        if claims.user_id == *user { Ok(claims) } else { Err(Refused::because("another user's")) }
    }

    fn can_judge(&self) -> bool {
        self.shared.verifier().is_some()
    }

    fn revocations(&self) -> Option<&Arc<Revocations>> {
        self.revocations.as_ref().map(RevocationsReader::list)
    }
}

#[cfg(test)]
mod tests;
