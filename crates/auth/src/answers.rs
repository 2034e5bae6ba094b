//! Answers: JSON that nobody keeps, and errors as OAuth writes them (RFC 6749, 5.2).

use axum::response::{IntoResponse, Response};
use http::header::{CACHE_CONTROL, CONTENT_TYPE, PRAGMA, RETRY_AFTER, WWW_AUTHENTICATE};
use http::{HeaderValue, StatusCode};
use serde::Serialize;

/// A refusal. Holds nothing that its receiver must not read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{code}: {description}")]
pub(crate) struct OAuthError {
    pub(crate) status: StatusCode,
    pub(crate) code: &'static str,
    pub(crate) description: String,
}

impl OAuthError {
    fn new(status: StatusCode, code: &'static str, description: impl Into<String>) -> Self {
        Self { status, code, description: description.into() }
    }

    pub(crate) fn invalid_request(why: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, "invalid_request", why)
    }

    /// One text for clients that do not exist and secrets that do not fit.
    pub(crate) fn invalid_client() -> Self {
        Self::new(StatusCode::UNAUTHORIZED, "invalid_client", "the client is unknown or did not prove itself")
    }

    /// One text for codes and tokens that are unknown, used, expired or another's.
    pub(crate) fn invalid_grant() -> Self {
        Self::new(StatusCode::BAD_REQUEST, "invalid_grant", "the code or token is not valid")
    }

    pub(crate) fn unauthorized_client(why: &str) -> Self {
        Self::new(StatusCode::BAD_REQUEST, "unauthorized_client", why)
    }

    pub(crate) fn unsupported_grant() -> Self {
        let grants: Vec<&str> = crate::config::GrantType::ALL.iter().map(|(name, _)| *name).collect();
        let why = format!("no such grant (valid: {})", grants.join(", "));
        Self::new(StatusCode::BAD_REQUEST, "unsupported_grant_type", why)
    }

    pub(crate) fn invalid_scope() -> Self {
        Self::new(StatusCode::BAD_REQUEST, "invalid_scope", "the scope is more than may be granted")
    }

    pub(crate) fn invalid_target() -> Self {
        Self::new(StatusCode::BAD_REQUEST, "invalid_target", "no tokens are made for this audience")
    }

    /// Something on our side; the log says what.
    pub(crate) fn server_error(why: &str) -> Self {
        tracing::error!(why, "failed to answer");
        Self::new(StatusCode::INTERNAL_SERVER_ERROR, "server_error", "the request failed on our side")
    }

    /// Something on our side that will pass.
    pub(crate) fn unavailable(why: &str) -> Self {
        tracing::warn!(why, "cannot answer now");
        let description = "the request cannot be served now";
        Self::new(StatusCode::SERVICE_UNAVAILABLE, "temporarily_unavailable", description)
    }
}

impl From<crate::state::StateError> for OAuthError {
    fn from(error: crate::state::StateError) -> Self {
        Self::unavailable(&error.to_string())
    }
}

impl From<crate::random::NoRandomness> for OAuthError {
    fn from(error: crate::random::NoRandomness) -> Self {
        Self::server_error(&error.to_string())
    }
}

#[derive(Serialize)]
struct ErrorBody<'a> {
    error: &'a str,
    error_description: &'a str,
}

impl IntoResponse for OAuthError {
    fn into_response(self) -> Response {
        let body = ErrorBody { error: self.code, error_description: &self.description };
        let mut response = secret_json(self.status, &body);
        let headers = response.headers_mut();
        if self.status == StatusCode::UNAUTHORIZED {
            // RFC 9110, 15.5.2: a 401 names the scheme that it asks for.
            headers.insert(WWW_AUTHENTICATE, HeaderValue::from_static("Basic realm=\"goldenpath\""));
        }
        if self.status == StatusCode::SERVICE_UNAVAILABLE {
            headers.insert(RETRY_AFTER, HeaderValue::from_static("1"));
        }
        response
    }
}

/// JSON that nobody on the way may keep.
pub(crate) fn secret_json(status: StatusCode, body: &impl Serialize) -> Response {
    let mut response = json(status, body);
    response.headers_mut().insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response.headers_mut().insert(PRAGMA, HeaderValue::from_static("no-cache"));
    response
}

/// JSON.
pub(crate) fn json(status: StatusCode, body: &impl Serialize) -> Response {
    match serde_json::to_vec(body) {
        Ok(bytes) => (status, [(CONTENT_TYPE, "application/json")], bytes).into_response(),
        Err(error) => {
            tracing::error!(%error, "failed to write an answer");
            StatusCode::INTERNAL_SERVER_ERROR.into_response()
        }
    }
}
