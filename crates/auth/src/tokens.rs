//! Access tokens: what they say, and the answer that carries one.

use crate::answers::OAuthError;
use crate::clock::seconds;
use crate::service::AuthService;
use goldenpath_protocol::{Tier, Timestamp, UserId};
use serde::{Deserialize, Serialize};

/// Whose token it is to be, and what it may do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Subject {
    pub(crate) user: UserId,
    pub(crate) client: String,
    pub(crate) scope: String,
    pub(crate) tier: Tier,
    /// The login that it comes from, by which all its tokens are revoked together.
    pub(crate) session: Option<String>,
}

/// The claims of an access token (RFC 9068).
#[derive(Debug, Serialize)]
struct Claims<'a> {
    iss: &'a str,
    sub: &'a str,
    aud: &'a str,
    exp: i64,
    iat: i64,
    jti: String,
    client_id: &'a str,
    scope: &'a str,
    tier: &'static str,
    env: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    sid: Option<&'a str>,
}

/// What is read of an own token that comes back.
#[derive(Debug, Deserialize)]
pub(crate) struct OwnClaims {
    pub(crate) jti: String,
    pub(crate) client_id: String,
    pub(crate) exp: i64,
}

/// The answer to a request for a token (RFC 6749, 5.1).
#[derive(Serialize)]
pub(crate) struct TokenAnswer {
    access_token: String,
    token_type: &'static str,
    expires_in: u64,
    scope: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) refresh_token: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) issued_token_type: Option<&'static str>,
}

impl AuthService {
    /// A signed access token in its answer.
    pub(crate) fn access_token(&self, subject: &Subject, now: Timestamp) -> Result<TokenAnswer, OAuthError> {
        let config = &self.config;
        let iat = seconds(now);
        let claims = Claims {
            iss: &config.issuer,
            sub: subject.user.as_str(),
            aud: &config.audience,
            exp: iat.saturating_add(i64::try_from(config.access_ttl_s).unwrap_or(i64::MAX)),
            iat,
            jti: uuid::Uuid::new_v4().to_string(),
            client_id: &subject.client,
            scope: &subject.scope,
            tier: subject.tier.as_str(),
            env: &config.env,
            sid: subject.session.as_deref(),
        };
        let access_token =
            self.keys.sign(&claims).map_err(|why| OAuthError::server_error(&why.to_string()))?;
        Ok(TokenAnswer {
            access_token,
            token_type: "Bearer",
            expires_in: config.access_ttl_s,
            scope: subject.scope.clone(),
            refresh_token: None,
            issued_token_type: None,
        })
    }
}
