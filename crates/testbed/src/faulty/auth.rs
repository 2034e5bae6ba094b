//! A door with something wrong: what a fault does not change is what the real one says.

mod admits;
mod breaker;
mod internal;
mod revoked;
mod short_lived;
mod stranger;
mod true_refused;
mod unchecked;

pub(super) use admits::{Admits, Flaw};
pub(super) use breaker::Breaker;
pub(super) use internal::FailsInside;
pub(super) use revoked::{Heedless, IssuedDoor};
pub(super) use short_lived::{ShortLived, WatchesExpiry};
pub(super) use stranger::{ResumesAsOwner, TakesAnyRenewal};
pub(super) use true_refused::RefusesTrue;
pub(super) use unchecked::{AdmitsUnchecked, Doubtful};

use async_trait::async_trait;
use goldenpath_gateway::auth::{
    Authenticated, Authenticator, Claims, CredentialError, Refused, TokenVerifier,
};
use goldenpath_protocol::{Timestamp, UserId};
use http::HeaderMap;
use serde_json::{Map, Value};
use std::sync::Arc;

/// A request at the door, and the real door that has judged it.
#[derive(Debug)]
pub(super) struct Caller<'a> {
    door: &'a TokenVerifier,
    headers: &'a HeaderMap,
    query: Option<&'a str>,
    now: Timestamp,
    leeway_s: u64,
}

impl Caller<'_> {
    /// Whether a stream is asked for, and not a read of own data.
    fn upgrades(&self) -> bool {
        self.headers.contains_key(http::header::UPGRADE)
    }

    /// What the real door says of the request with these instead.
    fn ask(&self, headers: &HeaderMap, query: Option<&str>) -> Result<Authenticated, CredentialError> {
        self.door.identify(headers, query, self.now, self.leeway_s)
    }
}

/// A way in which a door can be wrong; it is given what the real one says, and the real one for what it is asked besides.
pub(super) trait DoorFault: Send + Sync + std::fmt::Debug {
    /// What becomes of a request that the real door knows.
    fn known(&self, _caller: &Caller<'_>, known: Authenticated) -> Result<Authenticated, CredentialError> {
        Ok(known)
    }

    /// What becomes of a request whose token the real door refuses.
    fn refused(&self, _caller: &Caller<'_>, refused: Refused) -> Result<Authenticated, CredentialError> {
        Err(refused.into())
    }

    /// What a token says that is to follow on one of `user`.
    fn renew(
        &self,
        door: &TokenVerifier,
        user: &UserId,
        token: &str,
        now: Timestamp,
        leeway_s: u64,
    ) -> Result<Claims, Refused> {
        door.follow_on(user, token, now, leeway_s)
    }
}

/// Nothing wrong.
#[derive(Debug)]
pub(super) struct Sound;

impl DoorFault for Sound {}

/// The real door behind a fault.
#[derive(Debug)]
pub(super) struct FaultyDoor {
    pub(super) inner: TokenVerifier,
    pub(super) fault: Arc<dyn DoorFault>,
}

#[async_trait]
impl Authenticator for FaultyDoor {
    async fn authenticate(
        &self,
        headers: &HeaderMap,
        query: Option<&str>,
        now: Timestamp,
        leeway_s: u64,
    ) -> Result<Authenticated, CredentialError> {
        let caller = Caller { door: &self.inner, headers, query, now, leeway_s };
        match caller.ask(headers, query) {
            Ok(known) => self.fault.known(&caller, known),
            Err(CredentialError::Unauthorized(refused)) => self.fault.refused(&caller, refused),
            // No matter of tokens.
            Err(other) => Err(other),
        }
    }

    async fn renew(
        &self,
        user: &UserId,
        token: &str,
        now: Timestamp,
        leeway_s: u64,
    ) -> Result<Claims, Refused> {
        self.fault.renew(&self.inner, user, token, now, leeway_s)
    }
}

/// How long a token that does not hold counts once it was let in, milliseconds.
const STAY_MS: i64 = 15 * 60 * 1_000;

/// A part of a token, not verified.
fn part_of(token: &str, number: usize) -> Option<Map<String, Value>> {
    use base64::Engine as _;
    use base64::engine::general_purpose::URL_SAFE_NO_PAD;
    serde_json::from_slice(&URL_SAFE_NO_PAD.decode(token.split('.').nth(number)?).ok()?).ok()
}

/// What a token says, whether it holds or not.
fn claims_unchecked(token: &str, now: Timestamp) -> Option<Claims> {
    let said = part_of(token, 1)?;
    let text = |key: &str| said.get(key).and_then(Value::as_str).unwrap_or_default().to_owned();
    let tier = said.get("tier").and_then(|tier| serde_json::from_value(tier.clone()).ok());
    Some(Claims {
        user_id: UserId::new(text("sub")).ok()?,
        expires_at: Timestamp::from_unix_ms(now.unix_ms().saturating_add(STAY_MS)),
        tier: tier.unwrap_or_default(),
        jti: text("jti"),
        session: None,
        scope: text("scope"),
    })
}
