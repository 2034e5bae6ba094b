//! The routes, and what the service says of itself.

use crate::answers::{OAuthError, json};
use crate::config::{GrantType, scope_words};
use crate::service::AuthService;
use crate::{grants, login, revocation};
use axum::Router;
use axum::extract::{DefaultBodyLimit, State};
use axum::response::Response;
use axum::routing::{get, post};
use http::header::CACHE_CONTROL;
use http::{HeaderValue, StatusCode};
use serde_json::{Value, json as value};
use std::collections::BTreeSet;
use std::sync::Arc;

/// The longest request body.
const MAX_BODY: usize = 64 * 1024;
/// How long others may keep our keys without asking again, seconds: not longer than a rotation may go unnoticed.
const KEYS_MAX_AGE: &str = "public, max-age=60";

/// All routes.
pub(crate) fn router(auth: Arc<AuthService>) -> Router {
    Router::new()
        .route("/auth/token", post(grants::token))
        .route("/auth/revoke", post(revocation::revoke))
        .route("/auth/revocations", get(revocation::feed))
        .route("/auth/authorize", get(login::authorize))
        .route("/auth/callback", get(login::back_from_provider))
        .route("/.well-known/jwks.json", get(keys))
        .route("/.well-known/oauth-authorization-server", get(discovery))
        .route("/health", get(health))
        .route("/ready", get(ready))
        .fallback(async || OAuthError {
            status: StatusCode::NOT_FOUND,
            code: "not_found",
            description: "no such resource".to_owned(),
        })
        .method_not_allowed_fallback(async || OAuthError {
            status: StatusCode::METHOD_NOT_ALLOWED,
            code: "method_not_allowed",
            description: "this resource is not used so".to_owned(),
        })
        .layer(DefaultBodyLimit::max(MAX_BODY))
        .with_state(auth)
}

/// What nodes ask, and nothing else.
pub(crate) fn for_nodes(auth: Arc<AuthService>) -> Router {
    Router::new()
        .route("/auth/revocations", get(revocation::feed))
        .route("/.well-known/jwks.json", get(keys))
        .with_state(auth)
}

async fn keys(State(auth): State<Arc<AuthService>>) -> Response {
    let mut response = json(StatusCode::OK, &auth.keys.published(auth.clock.now()));
    response.headers_mut().insert(CACHE_CONTROL, HeaderValue::from_static(KEYS_MAX_AGE));
    response
}

async fn health() -> Response {
    json(StatusCode::OK, &value!({"status": "ok"}))
}

/// Whether it can make tokens. A provider that is away takes logins with it and nothing else, so it is told and no more.
async fn ready(State(auth): State<Arc<AuthService>>) -> Response {
    let state = auth.state.ready().await;
    if let Err(error) = &state {
        tracing::warn!(%error, "the state is not ready");
    }
    let provider = match &auth.provider {
        None => "not_configured",
        Some(provider) if provider.is_known() => "ok",
        Some(_) => "not_read",
    };
    let body = value!({
        "ready": state.is_ok(),
        "state": if state.is_ok() { "ok" } else { "unavailable" },
        "keys": "ok",
        "provider": provider,
    });
    json(if state.is_ok() { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE }, &body)
}

/// What there is and where (RFC 8414).
async fn discovery(State(auth): State<Arc<AuthService>>) -> Response {
    let grants: Vec<&str> = GrantType::ALL.iter().map(|(name, _)| *name).collect();
    let scopes: BTreeSet<&str> =
        auth.config.clients.iter().flat_map(|client| scope_words(&client.scope)).collect();
    let mut document = value!({
        "issuer": auth.config.issuer,
        "token_endpoint": auth.address("/auth/token"),
        "revocation_endpoint": auth.address("/auth/revoke"),
        "jwks_uri": auth.address("/.well-known/jwks.json"),
        "scopes_supported": scopes,
        "response_types_supported": ["code"],
        "grant_types_supported": grants,
        "token_endpoint_auth_methods_supported": ["client_secret_basic", "client_secret_post", "none"],
        "code_challenge_methods_supported": ["S256"],
        "authorization_response_iss_parameter_supported": true,
    });
    if auth.provider.is_some() {
        document["authorization_endpoint"] = Value::String(auth.address("/auth/authorize"));
    }
    json(StatusCode::OK, &document)
}
