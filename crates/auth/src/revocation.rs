//! `POST /auth/revoke` (RFC 7009), and the revocations as gateways read them.

use crate::answers::{OAuthError, secret_json};
use crate::clock::seconds;
use crate::form::Form;
use crate::service::AuthService;
use crate::state::{RevocationPage, Revoked, TokenHash};
use crate::tokens::OwnClaims;
use axum::body::Bytes;
use axum::extract::{RawQuery, State};
use axum::response::{IntoResponse as _, Response};
use goldenpath_protocol::Timestamp;
use http::header::CACHE_CONTROL;
use http::{HeaderMap, HeaderValue, StatusCode};
use serde::Serialize;
use std::sync::Arc;
use std::time::Duration;

/// The longest that a reader is made to wait for news.
const LONGEST_WAIT: Duration = Duration::from_secs(10);

/// Revokes a token, or all of a login by its refresh token. Who has a token may end it, so a client need not prove itself;
/// one that names itself must, and may end its own tokens only. When the answer is there, gateways are being told.
pub(crate) async fn revoke(
    State(auth): State<Arc<AuthService>>,
    headers: HeaderMap,
    body: Bytes,
) -> Result<Response, OAuthError> {
    let form = Form::posted_or_json(&headers, &body)?;
    let client = auth.clients.authenticate_if_named(&headers, &form)?;
    let (token, now) = (form.need("token")?, auth.clock.now());
    let may = |owner: &str| match client {
        Some(client) if client.id() != owner => {
            Err(OAuthError::unauthorized_client("the token is another client's"))
        }
        _ => Ok(()),
    };
    let config = &auth.config;
    if let Some(family) = auth.state.family_of(TokenHash::of(token), now).await? {
        may(&family.client)?;
        auth.end_session(&family.session, now).await?;
    } else if let Some(claims) = auth.keys.own::<OwnClaims>(token, &config.issuer, &config.audience) {
        may(&claims.client_id)?;
        // An expired one may still hold a connection open, for its grace; one that is long over needs no news.
        if claims.exp.saturating_add(300) > seconds(now) {
            auth.revoke(Revoked::Token(claims.jti), now).await?;
        }
    }
    // A token that is none is as good as revoked (RFC 7009, 2.2).
    let mut answer = StatusCode::OK.into_response();
    answer.headers_mut().insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    Ok(answer)
}

#[derive(Serialize)]
struct Feed {
    epoch: String,
    head: u64,
    revoked: Vec<Entry>,
}

#[derive(Serialize)]
struct Entry {
    #[serde(skip_serializing_if = "Option::is_none")]
    jti: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    sid: Option<String>,
    expires_in: u64,
}

/// Revocations after `after` of numbering `epoch`, as soon as there are some, or after `wait_ms`. Holds no secret: neither id is
/// good for anything.
pub(crate) async fn feed(
    State(auth): State<Arc<AuthService>>,
    RawQuery(query): RawQuery,
) -> Result<Response, OAuthError> {
    let form = Form::query(query.as_deref())?;
    let number = |name: &str| match form.get(name) {
        None => Ok(0),
        Some(text) => text
            .parse::<u64>()
            .map_err(|_| OAuthError::invalid_request(format!("`{name}` is no whole number"))),
    };
    let (epoch, after) = (form.get("epoch").unwrap_or_default(), number("after")?);
    let wait = Duration::from_millis(number("wait_ms")?).min(LONGEST_WAIT);
    // Before the first look, so that nothing falls between the two.
    let mut changes = auth.state.changes();
    let mut page = auth.state.revocations(epoch, after, auth.clock.now()).await?;
    let caught_up = |page: &RevocationPage| page.epoch == epoch && page.head <= after;
    if caught_up(&page)
        && !wait.is_zero()
        && let Ok(_place) = auth.waiting.try_acquire()
    {
        // Whether news came or the time is over: what there is now is the answer.
        let _ = tokio::time::timeout(wait, changes.changed()).await;
        page = auth.state.revocations(epoch, after, auth.clock.now()).await?;
    }
    Ok(secret_json(StatusCode::OK, &told(page, auth.clock.now())))
}

fn told(page: RevocationPage, now: Timestamp) -> Feed {
    let revoked = page.revoked.into_iter().map(|one| {
        let expires_in = u64::try_from(one.until.unix_ms() - now.unix_ms()).unwrap_or(0).div_ceil(1_000);
        let (jti, sid) = match one.what {
            Revoked::Token(jti) => (Some(jti), None),
            Revoked::Session(sid) => (None, Some(sid)),
        };
        Entry { jti, sid, expires_in }
    });
    Feed { epoch: page.epoch, head: page.head, revoked: revoked.collect() }
}
