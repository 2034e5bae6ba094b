//! Doors with something wrong: each stands before the real one and changes what it says.

mod admits;
mod breaker;
mod internal;
mod short_lived;
mod stranger;
mod true_refused;
mod unchecked;

pub(super) use admits::{Admits, Flaw};
pub(super) use breaker::Breaker;
pub(super) use internal::FailsInside;
pub(super) use short_lived::{ShortLived, WatchesExpiry};
pub(super) use stranger::{ResumesAsOwner, TakesAnyRenewal};
pub(super) use true_refused::RefusesTrue;
pub(super) use unchecked::{AdmitsUnchecked, Doubtful};

use goldenpath_gateway::auth::{Claims, CredentialError};
use goldenpath_protocol::{Timestamp, UserId};
use serde_json::{Map, Value};

/// How long a token that does not hold counts once it was let in, milliseconds.
const STAY_MS: i64 = 15 * 60 * 1_000;

/// Why the real door refused; none for what is no matter of tokens.
fn cause(error: &CredentialError) -> Option<&'static str> {
    match error {
        CredentialError::Unauthorized(refused) => Some(refused.cause()),
        CredentialError::BadQuery(_) | CredentialError::Unchecked(_) => None,
    }
}

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
        scope: text("scope"),
    })
}
