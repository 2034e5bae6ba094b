//! The seam between a node and whoever knows its users: a request in, whose it is out.
//!
//! A node asks at the upgrade, at every read of own data, and when a token is renewed in mid-stream. One with a secret of its
//! own asks a [`TokenVerifier`]; one whose issuer is elsewhere asks a [`super::JwksAuthenticator`], which may have to read keys first.

use super::{Claims, Credential, CredentialError, Presented, Refused, Revocations, TokenVerifier};
use async_trait::async_trait;
use goldenpath_protocol::{Timestamp, UserId};
use http::HeaderMap;
use std::fmt;
use std::sync::Arc;

/// A request whose user is known.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Authenticated {
    /// What it presents beside its token.
    pub presented: Presented,
    /// What its token says.
    pub claims: Claims,
}

/// Knows whose requests are.
#[async_trait]
pub trait Authenticator: Send + Sync + fmt::Debug {
    /// Who makes a request, by its headers and its query (the part after `?`, still encoded), at `now`, give or take
    /// `leeway_s` seconds of clock difference.
    ///
    /// # Errors
    /// [`CredentialError`] says how to answer.
    async fn authenticate(
        &self,
        headers: &HeaderMap,
        query: Option<&str>,
        now: Timestamp,
        leeway_s: u64,
    ) -> Result<Authenticated, CredentialError>;

    /// What a token says that is to follow on one of `user`.
    ///
    /// # Errors
    /// [`Refused`] when it does not hold, or is another user's.
    async fn renew(
        &self,
        user: &UserId,
        token: &str,
        now: Timestamp,
        leeway_s: u64,
    ) -> Result<Claims, Refused>;

    /// Whether it has what it needs to judge a token.
    fn can_judge(&self) -> bool {
        true
    }

    /// Tokens that stopped counting before their end; `None` where nobody tells, and a token holds until it expires.
    fn revocations(&self) -> Option<&Arc<Revocations>> {
        None
    }
}

impl TokenVerifier {
    /// [`Authenticator::authenticate`], which has nothing to wait for here.
    ///
    /// # Errors
    /// [`CredentialError`] says how to answer.
    pub fn identify(
        &self,
        headers: &HeaderMap,
        query: Option<&str>,
        now: Timestamp,
        leeway_s: u64,
    ) -> Result<Authenticated, CredentialError> {
        let presented = Credential::from_request(headers, query)?;
        let claims = self.verify(&presented.token, now, leeway_s)?;
        Ok(Authenticated { presented, claims })
    }

    /// [`Authenticator::renew`], which has nothing to wait for here.
    ///
    /// # Errors
    /// [`Refused`] when it does not hold, or is another user's.
    pub fn follow_on(
        &self,
        user: &UserId,
        token: &str,
        now: Timestamp,
        leeway_s: u64,
    ) -> Result<Claims, Refused> {
        let claims = self.verify(token, now, leeway_s)?;
        if claims.user_id == *user { Ok(claims) } else { Err(Refused::because("another user's")) }
    }
}

#[async_trait]
impl Authenticator for TokenVerifier {
    async fn authenticate(
        &self,
        headers: &HeaderMap,
        query: Option<&str>,
        now: Timestamp,
        leeway_s: u64,
    ) -> Result<Authenticated, CredentialError> {
        self.identify(headers, query, now, leeway_s)
    }

    async fn renew(
        &self,
        user: &UserId,
        token: &str,
        now: Timestamp,
        leeway_s: u64,
    ) -> Result<Claims, Refused> {
        self.follow_on(user, token, now, leeway_s)
    }
}

#[cfg(test)]
mod tests {
    use super::TokenVerifier;
    use crate::auth::{CredentialError, Refused};
    use goldenpath_protocol::{Timestamp, UserId};
    use http::header::{AUTHORIZATION, HeaderValue};
    use http::{HeaderMap, StatusCode};
    use jsonwebtoken::{EncodingKey, Header};
    use serde_json::json;

    const SECRET: &[u8] = b"a secret of thirty-two bytes or more";

    fn now() -> Timestamp {
        Timestamp::from_unix_ms(1_800_000_000_000)
    }

    fn verifier() -> TokenVerifier {
        TokenVerifier::hs256(SECRET, "goldenpath", "goldenpath")
    }

    fn token_of(user: &str) -> String {
        let claims = json!({"iss": "goldenpath", "aud": "goldenpath", "sub": user, "exp": 1_800_000_060,
            "jti": "t-1", "scope": "chat agents"});
        jsonwebtoken::encode(&Header::default(), &claims, &EncodingKey::from_secret(SECRET)).unwrap()
    }

    #[test]
    fn a_request_is_its_tokens_users() {
        let mut headers = HeaderMap::new();
        let asked = |headers: &HeaderMap| verifier().identify(headers, Some("resume=abc123:7"), now(), 5);
        assert_eq!(asked(&headers).unwrap_err().status(), StatusCode::UNAUTHORIZED);
        let bearer = format!("Bearer {}", token_of("alice"));
        headers.insert(AUTHORIZATION, HeaderValue::from_str(&bearer).unwrap());
        let known = asked(&headers).unwrap();
        assert_eq!(known.claims.user_id.as_str(), "alice");
        assert_eq!(known.presented.resume.unwrap().offset, 7);
    }

    #[test]
    fn a_token_renews_its_own_users_connections_alone() {
        let renewed = |user: &str, owner: &str| {
            verifier().follow_on(&UserId::new(user).unwrap(), &token_of(owner), now(), 5)
        };
        assert_eq!(renewed("alice", "alice").unwrap().user_id.as_str(), "alice");
        let refused = renewed("alice", "bob").unwrap_err();
        assert_eq!((refused.cause(), &*refused.to_string()), ("another user's", Refused::PUBLIC_TEXT));
    }

    #[test]
    fn what_could_not_be_checked_is_no_fault_of_its_sender_and_tells_nothing() {
        let unchecked = CredentialError::Unchecked("no key `k-7` at `https://issuer.example`".to_owned());
        assert_eq!((unchecked.status(), unchecked.code()), (StatusCode::INTERNAL_SERVER_ERROR, "internal"));
        assert_eq!(unchecked.to_string(), "the credential could not be checked");
        let unavailable = CredentialError::Unavailable("`https://issuer.example` is away".to_owned());
        assert_eq!(
            (unavailable.status(), unavailable.code()),
            (StatusCode::SERVICE_UNAVAILABLE, "unavailable")
        );
        assert_eq!(unavailable.to_string(), "the credential cannot be checked now");
    }
}
