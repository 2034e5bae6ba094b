//! Tokens that do not hold, and hold all the same.

use super::{STAY_MS, cause, claims_unchecked, part_of};
use crate::faulty::desk::Desk;
use goldenpath_faults::Deed;
use goldenpath_gateway::auth::{Authenticated, Authenticator, Claims, Credential, CredentialError, Refused};
use goldenpath_protocol::{Tier, Timestamp, UserId};
use http::HeaderMap;
use http::header::{AUTHORIZATION, HeaderValue};
use std::sync::Arc;

/// Who comes without a token is taken for this user.
const NOBODY: &str = "guest";

/// What is not looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::faulty) enum Flaw {
    /// Whether there is a token.
    Missing,
    /// When it ends.
    Expiry,
    /// Who signed it.
    Signature,
    /// Whether it is signed at all.
    Unsigned,
    /// Whom it is for.
    Audience,
    /// Whose it is.
    Issuer,
    /// Whom it is for and whose it is.
    AudienceAndIssuer,
    /// Where it stands.
    InQuery,
}

/// A door that does not look at one thing.
#[derive(Debug)]
pub(in crate::faulty) struct Admits {
    inner: Arc<dyn Authenticator>,
    desk: Desk,
    flaw: Flaw,
}

impl Admits {
    pub(in crate::faulty) fn new(inner: Arc<dyn Authenticator>, desk: Desk, flaw: Flaw) -> Self {
        Self { inner, desk, flaw }
    }

    /// Whether what the real door found wrong is what this one does not look at.
    fn overlooks(&self, cause: &str, token: &str) -> bool {
        let unsigned = || {
            part_of(token, 0)
                .and_then(|header| header.get("alg")?.as_str().map(str::to_ascii_lowercase))
                .is_some_and(|alg| alg == "none")
        };
        match self.flaw {
            Flaw::Missing | Flaw::InQuery => false,
            Flaw::Expiry => cause == "expired",
            Flaw::Signature => cause == "bad signature" && !unsigned(),
            Flaw::Unsigned => unsigned(),
            Flaw::Audience => cause == "wrong audience",
            Flaw::Issuer => cause == "wrong issuer",
            Flaw::AudienceAndIssuer => matches!(cause, "wrong audience" | "wrong issuer"),
        }
    }

    /// The request of somebody without a token, as it would be with one.
    fn nobody(headers: &HeaderMap, query: Option<&str>, now: Timestamp) -> Option<Authenticated> {
        let mut with = headers.clone();
        with.insert(AUTHORIZATION, HeaderValue::from_static("Bearer none"));
        let presented = Credential::from_request(&with, query).ok()?;
        let claims = Claims {
            user_id: UserId::new(NOBODY).ok()?,
            expires_at: Timestamp::from_unix_ms(now.unix_ms().saturating_add(STAY_MS)),
            tier: Tier::default(),
            jti: NOBODY.to_owned(),
            scope: "chat agents".to_owned(),
        };
        Some(Authenticated { presented, claims })
    }

    /// The request with the token of its query where tokens belong.
    fn out_of_query(
        &self,
        headers: &HeaderMap,
        query: &str,
        now: Timestamp,
        leeway_s: u64,
    ) -> Option<Authenticated> {
        let (tokens, rest): (Vec<&str>, Vec<&str>) =
            query.split('&').partition(|pair| pair.to_ascii_lowercase().contains("token="));
        let (_, token) = tokens.first()?.split_once('=')?;
        let mut with = headers.clone();
        with.insert(AUTHORIZATION, HeaderValue::from_str(&format!("Bearer {token}")).ok()?);
        self.inner.authenticate(&with, Some(&rest.join("&")), now, leeway_s).ok()
    }

    fn admitted(
        &self,
        why: &str,
        headers: &HeaderMap,
        query: Option<&str>,
        now: Timestamp,
        leeway_s: u64,
    ) -> Option<Authenticated> {
        match self.flaw {
            Flaw::Missing if why == "no token" => Self::nobody(headers, query, now),
            Flaw::InQuery if why == "credential in the query" => {
                self.out_of_query(headers, query?, now, leeway_s)
            }
            _ => {
                let presented = Credential::from_request(headers, query).ok()?;
                let claims = claims_unchecked(&presented.token, now)?;
                self.overlooks(why, &presented.token).then_some(Authenticated { presented, claims })
            }
        }
    }
}

impl Authenticator for Admits {
    fn authenticate(
        &self,
        headers: &HeaderMap,
        query: Option<&str>,
        now: Timestamp,
        leeway_s: u64,
    ) -> Result<Authenticated, CredentialError> {
        let refused = match self.inner.authenticate(headers, query, now, leeway_s) {
            Err(refused) => refused,
            known => return known,
        };
        let Some(why) = cause(&refused) else { return Err(refused) };
        let Some(admitted) = self.admitted(why, headers, query, now, leeway_s) else { return Err(refused) };
        let what = format!("let in with a token that was refused for `{why}`");
        self.desk.sign(Deed::Altered, Some(admitted.claims.user_id.as_str()), None, what);
        Ok(admitted)
    }

    fn renew(&self, user: &UserId, token: &str, now: Timestamp, leeway_s: u64) -> Result<Claims, Refused> {
        self.inner.renew(user, token, now, leeway_s)
    }
}
