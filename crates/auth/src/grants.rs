//! `POST /auth/token`: the ways in which a client gets tokens.

mod client_credentials;
mod code;
mod exchange;
mod refresh;

use crate::answers::{OAuthError, secret_json};
use crate::clock::after;
use crate::config::GrantType;
use crate::form::Form;
use crate::random;
use crate::service::AuthService;
use crate::state::{Family, TokenHash};
use crate::tokens::{Subject, TokenAnswer};
use axum::body::Bytes;
use axum::extract::State;
use axum::response::Response;
use goldenpath_protocol::Timestamp;
use http::{HeaderMap, StatusCode};
use std::sync::Arc;

pub(crate) use code::{challenge_of, is_challenge};

/// What a refresh token begins with, so that people and scanners know one when they see it.
const REFRESH_TOKEN: &str = "gpr_";

pub(crate) async fn token(
    State(auth): State<Arc<AuthService>>,
    headers: HeaderMap,
    body: Bytes,
) -> Result<Response, OAuthError> {
    let form = Form::posted(&headers, &body)?;
    let client = auth.clients.authenticate(&headers, &form)?;
    let named = form.need("grant_type")?;
    let grant = GrantType::ALL.iter().find(|(name, _)| *name == named).map(|(_, grant)| *grant);
    let grant = grant.ok_or_else(OAuthError::unsupported_grant)?;
    client.check_may(grant)?;
    check_audience(&auth, &form)?;
    let now = auth.clock.now();
    let answer = match grant {
        GrantType::ClientCredentials => client_credentials::grant(&auth, client, &form, now)?,
        GrantType::AuthorizationCode => code::grant(&auth, client, &form, now).await?,
        GrantType::RefreshToken => refresh::grant(&auth, client, &form, now).await?,
        GrantType::TokenExchange => exchange::grant(&auth, client, &form, now).await?,
    };
    Ok(secret_json(StatusCode::OK, &answer))
}

/// All tokens are for one audience; who asks for another must not be given ours in its place.
fn check_audience(auth: &AuthService, form: &Form) -> Result<(), OAuthError> {
    for name in ["audience", "resource"] {
        if form.get(name).is_some_and(|asked| asked != auth.config.audience) {
            return Err(OAuthError::invalid_target());
        }
    }
    Ok(())
}

/// An access token of a login, with the first refresh token of its family where the client may use one.
async fn begin_session(
    auth: &AuthService,
    subject: &Subject,
    renewable: bool,
    now: Timestamp,
) -> Result<TokenAnswer, OAuthError> {
    let mut answer = auth.access_token(subject, now)?;
    if let Some(session) = subject.session.clone().filter(|_| renewable) {
        let token = format!("{REFRESH_TOKEN}{}", random::text()?);
        let family = Family {
            session,
            user: subject.user.clone(),
            client: subject.client.clone(),
            scope: subject.scope.clone(),
            tier: subject.tier,
            expires_at: after(now, auth.config.refresh_ttl_s),
        };
        auth.state.begin_family(family, TokenHash::of(&token), now).await?;
        answer.refresh_token = Some(token);
    }
    Ok(answer)
}
