//! A login: `/auth/authorize` sends a browser to the provider, `/auth/callback` brings it back with who it is.
//!
//! Two flows of the same kind, one inside the other: the client's with us, and ours with the provider. Each has its own
//! state, its own PKCE pair and its own code.

use crate::answers::OAuthError;
use crate::clients::Client;
use crate::clock::after;
use crate::config::GrantType;
use crate::form::Form;
use crate::grants::{challenge_of, is_challenge};
use crate::provider::Provider;
use crate::random;
use crate::service::AuthService;
use crate::state::{CodeGrant, PendingLogin, TokenHash};
use axum::extract::{RawQuery, State};
use axum::response::{IntoResponse as _, Response};
use http::header::{CACHE_CONTROL, COOKIE, LOCATION, REFERRER_POLICY, SET_COOKIE};
use http::{HeaderMap, HeaderValue, StatusCode};
use std::sync::Arc;
use subtle::ConstantTimeEq as _;
use url::Url;

/// The longest `state` of a client that is given back.
const MAX_STATE: usize = 1_024;
/// The part of our own state that names the cookie, so that two tabs may log in at once.
const COOKIE_KEY: usize = 16;

/// Begins a login. Who the client is, and where it leads back to, must be known first: nobody is redirected elsewhere.
pub(crate) async fn authorize(
    State(auth): State<Arc<AuthService>>,
    RawQuery(query): RawQuery,
) -> Result<Response, OAuthError> {
    let form = Form::query(query.as_deref())?;
    let client = auth
        .clients
        .get(form.need("client_id")?)
        .ok_or_else(|| OAuthError::invalid_request("there is no such client"))?;
    let redirect_uri = form.need("redirect_uri")?;
    if !client.config.redirect_uris.iter().any(|known| known == redirect_uri) {
        return Err(OAuthError::invalid_request("the redirect URI is none of this client's"));
    }
    match begin(&auth, client, redirect_uri, &form).await {
        Ok(response) => Ok(response),
        Err(error) => back(&auth, redirect_uri, form.get("state"), &refusal(&error)),
    }
}

async fn begin(
    auth: &AuthService,
    client: &Client,
    redirect_uri: &str,
    form: &Form,
) -> Result<Response, OAuthError> {
    client.check_may(GrantType::AuthorizationCode)?;
    if form.need("response_type")? != "code" {
        return Err(OAuthError::invalid_request("`response_type` is not `code`"));
    }
    if form.need("code_challenge_method")? != "S256" || !is_challenge(form.need("code_challenge")?) {
        return Err(OAuthError::invalid_request("PKCE with `S256` is needed"));
    }
    if form.get("state").is_some_and(|state| state.len() > MAX_STATE) {
        return Err(OAuthError::invalid_request("`state` is too long"));
    }
    let provider = provider(auth)?;
    let (state, nonce, verifier, browser) =
        (random::text()?, random::text()?, random::text()?, random::text()?);
    let now = auth.clock.now();
    let url = provider.login_url(&callback(auth), &state, &nonce, &challenge_of(&verifier)).await?;
    let login = PendingLogin {
        client: client.id().to_owned(),
        redirect_uri: redirect_uri.to_owned(),
        client_state: form.get("state").map(str::to_owned),
        code_challenge: form.need("code_challenge")?.to_owned(),
        scope: client.scope(form.get("scope"))?,
        nonce,
        verifier,
        browser: TokenHash::of(&browser),
        expires_at: after(now, auth.config.login_ttl_s),
    };
    auth.state.keep_login(TokenHash::of(&state), login, now).await?;
    let mut response = redirect(&url)?;
    set_cookie(auth, &mut response, &state, &browser, auth.config.login_ttl_s)?;
    Ok(response)
}

/// Ends a login: the browser that began it comes back from the provider, and goes on to its client with a code of ours.
pub(crate) async fn back_from_provider(
    State(auth): State<Arc<AuthService>>,
    headers: HeaderMap,
    RawQuery(query): RawQuery,
) -> Result<Response, OAuthError> {
    let form = Form::query(query.as_deref())?;
    let (state, now) = (form.need("state")?, auth.clock.now());
    let unknown = || OAuthError::invalid_request("there is no such login (hint: begin again)");
    let browser = cookie(&headers, state).ok_or_else(unknown)?;
    let login = auth.state.take_login(TokenHash::of(state), now).await?.ok_or_else(unknown)?;
    if login.browser != TokenHash::of(&browser) {
        // Somebody else's login, brought here by a link.
        return Err(unknown());
    }
    let parameters = match finish(&auth, &login, &form).await {
        Ok(code) => vec![("code", code)],
        Err(error) => refusal(&error),
    };
    let mut response = back(&auth, &login.redirect_uri, login.client_state.as_deref(), &parameters)?;
    set_cookie(&auth, &mut response, state, "", 0)?;
    Ok(response)
}

/// A code of ours for who the provider says it is.
async fn finish(auth: &AuthService, login: &PendingLogin, form: &Form) -> Result<String, OAuthError> {
    let provider = provider(auth)?;
    if form.get("iss").is_some_and(|said| !bool::from(said.as_bytes().ct_eq(provider.issuer().as_bytes()))) {
        return Err(OAuthError::invalid_grant());
    }
    if form.get("error").is_some() {
        return Err(OAuthError::invalid_grant());
    }
    let token = provider.redeem(form.need("code")?, &login.verifier, &callback(auth)).await?;
    let now = auth.clock.now();
    let person = provider.verify(&token, Some(&login.nonce), now).await?;
    auth.check_not_reserved(&person.user)?;
    let code = random::text()?;
    let grant = CodeGrant {
        client: login.client.clone(),
        redirect_uri: login.redirect_uri.clone(),
        code_challenge: login.code_challenge.clone(),
        user: person.user,
        tier: person.tier,
        scope: login.scope.clone(),
        session: uuid::Uuid::new_v4().to_string(),
        expires_at: after(now, auth.config.code_ttl_s),
    };
    auth.state.keep_code(TokenHash::of(&code), grant, now).await?;
    Ok(code)
}

fn provider(auth: &AuthService) -> Result<&Provider, OAuthError> {
    auth.provider.as_ref().ok_or_else(|| OAuthError::unauthorized_client("no provider is configured"))
}

fn callback(auth: &AuthService) -> String {
    auth.address("/auth/callback")
}

/// An error as a client reads it from its redirect: what the provider refused is a login that was not allowed.
fn refusal(error: &OAuthError) -> Vec<(&'static str, String)> {
    let code = if error.code == "invalid_grant" { "access_denied" } else { error.code };
    vec![("error", code.to_owned()), ("error_description", error.description.clone())]
}

/// Back to the client, with what it gave us, and who says so (RFC 9207).
fn back(
    auth: &AuthService,
    redirect_uri: &str,
    state: Option<&str>,
    parameters: &[(&'static str, String)],
) -> Result<Response, OAuthError> {
    let mut url =
        Url::parse(redirect_uri).map_err(|_| OAuthError::server_error("a redirect URI is no address"))?;
    {
        let mut pairs = url.query_pairs_mut();
        for (name, value) in parameters {
            pairs.append_pair(name, value);
        }
        if let Some(state) = state {
            pairs.append_pair("state", state);
        }
        pairs.append_pair("iss", &auth.config.issuer);
    }
    redirect(url.as_str())
}

fn redirect(url: &str) -> Result<Response, OAuthError> {
    let location =
        HeaderValue::from_str(url).map_err(|_| OAuthError::server_error("an address is no header"))?;
    let mut response = StatusCode::SEE_OTHER.into_response();
    let headers = response.headers_mut();
    headers.insert(LOCATION, location);
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert(REFERRER_POLICY, HeaderValue::from_static("no-referrer"));
    Ok(response)
}

/// The cookie of one login: its name holds a part of the state, its value nobody but this browser knows.
fn set_cookie(
    auth: &AuthService,
    response: &mut Response,
    state: &str,
    value: &str,
    seconds: u64,
) -> Result<(), OAuthError> {
    let secure = if auth.public_url.scheme() == "https" { "; Secure" } else { "" };
    let path = format!("{}/auth/callback", auth.public_url.path().trim_end_matches('/'));
    let text = format!(
        "{}={value}; Path={path}; Max-Age={seconds}; HttpOnly; SameSite=Lax{secure}",
        cookie_name(state)
    );
    let text = HeaderValue::from_str(&text).map_err(|_| OAuthError::server_error("a cookie is no header"))?;
    response.headers_mut().append(SET_COOKIE, text);
    Ok(())
}

fn cookie_name(state: &str) -> String {
    let key: String = state
        .chars()
        .filter(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_'))
        .take(COOKIE_KEY)
        .collect();
    format!("gp_login_{key}")
}

fn cookie(headers: &HeaderMap, state: &str) -> Option<String> {
    let name = cookie_name(state);
    headers
        .get_all(COOKIE)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|text| text.split(';'))
        .find_map(|pair| {
            let (key, value) = pair.trim().split_once('=')?;
            (key == name).then(|| value.to_owned())
        })
}
