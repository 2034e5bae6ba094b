//! Which clients there are, and whether one is who it says it is.

use crate::answers::OAuthError;
use crate::config::{ClientConfig, ConfigError, GrantType, is_private_enough, scope_words};
use crate::form::Form;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use goldenpath_protocol::UserId;
use http::HeaderMap;
use http::header::AUTHORIZATION;
use sha2::{Digest as _, Sha256};
use std::collections::HashMap;
use std::fmt;
use subtle::ConstantTimeEq as _;
use url::Url;

/// The shortest secret of a client: nobody counts wrong guesses, so there must be too many to make.
const MIN_SECRET_BYTES: usize = 24;
/// What the `sub` of a client's own tokens begins with, and no user's may: else a client could be named like a user.
const OWN_SUBJECT: &str = "client.";

/// A client, with its secret as a hash.
pub(crate) struct Client {
    pub(crate) config: ClientConfig,
    secret: Option<[u8; 32]>,
}

impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Client").field("id", &self.config.id).finish_non_exhaustive()
    }
}

/// All clients, by their ids.
#[derive(Debug)]
pub(crate) struct Clients(HashMap<String, Client>);

impl Client {
    pub(crate) fn id(&self) -> &str {
        &self.config.id
    }

    pub(crate) fn may(&self, grant: GrantType) -> bool {
        self.config.grants.contains(&grant)
    }

    pub(crate) fn check_may(&self, grant: GrantType) -> Result<(), OAuthError> {
        match self.may(grant) {
            true => Ok(()),
            false => Err(OAuthError::unauthorized_client("this client may not use this grant")),
        }
    }

    /// What a token may allow of what is asked for; all that the client may, when nothing is.
    pub(crate) fn scope(&self, asked: Option<&str>) -> Result<String, OAuthError> {
        narrowed(&self.config.scope, asked)
    }

    /// Who the client is when it speaks for itself.
    pub(crate) fn own_subject(&self) -> Result<UserId, OAuthError> {
        UserId::new(format!("{OWN_SUBJECT}{}", self.config.id))
            .map_err(|_| OAuthError::server_error("the client's id cannot be a subject"))
    }
}

/// The part `asked` of `granted`, or all of it.
pub(crate) fn narrowed(granted: &str, asked: Option<&str>) -> Result<String, OAuthError> {
    let granted = scope_words(granted);
    let Some(asked) = asked else { return Ok(granted.join(" ")) };
    let asked = scope_words(asked);
    if asked.is_empty() || !asked.iter().all(|word| granted.contains(word)) {
        return Err(OAuthError::invalid_scope());
    }
    Ok(asked.join(" "))
}

impl Clients {
    /// The clients of a configuration, with their secrets as `lookup` gives them.
    pub(crate) fn new(
        configs: &[ClientConfig],
        lookup: &dyn Fn(&str) -> Option<String>,
    ) -> Result<Self, ConfigError> {
        let mut clients = HashMap::new();
        for config in configs {
            let client = Client { secret: secret(config, lookup)?, config: config.clone() };
            check(config).map_err(|why| ConfigError::Client { id: config.id.clone(), why })?;
            if clients.insert(config.id.clone(), client).is_some() {
                let why = "there are two of this id".to_owned();
                return Err(ConfigError::Client { id: config.id.clone(), why });
            }
        }
        Ok(Self(clients))
    }

    pub(crate) fn get(&self, id: &str) -> Option<&Client> {
        self.0.get(id)
    }

    /// The client that a request comes from, proven where it has a secret.
    pub(crate) fn authenticate(&self, headers: &HeaderMap, form: &Form) -> Result<&Client, OAuthError> {
        match self.authenticate_if_named(headers, form)? {
            Some(client) => Ok(client),
            None => Err(OAuthError::invalid_client()),
        }
    }

    /// The same, for requests that need not name one.
    pub(crate) fn authenticate_if_named(
        &self,
        headers: &HeaderMap,
        form: &Form,
    ) -> Result<Option<&Client>, OAuthError> {
        let (id, secret) = match (basic(headers)?, form.get("client_id"), form.get("client_secret")) {
            (Some((id, secret)), None, None) => (id, Some(secret)),
            // Some clients repeat their id in the form; two different ones, or two secrets, are two clients.
            (Some((id, secret)), Some(again), None) if id == again => (id, Some(secret)),
            (Some(_), _, _) => return Err(OAuthError::invalid_request("two client authentications")),
            (None, Some(id), secret) => (id.to_owned(), secret.map(str::to_owned)),
            (None, None, Some(_)) => return Err(OAuthError::invalid_request("`client_id` is missing")),
            (None, None, None) => return Ok(None),
        };
        let client = self.0.get(&id);
        // The same work for clients that do not exist.
        let kept = client.and_then(|client| client.secret).unwrap_or([0; 32]);
        let shown: [u8; 32] = Sha256::digest(secret.as_deref().unwrap_or_default()).into();
        let fits: bool = kept.ct_eq(&shown).into();
        match client {
            Some(client) if client.secret.is_some() && secret.is_some() && fits => Ok(Some(client)),
            Some(client) if client.secret.is_none() && secret.is_none() => Ok(Some(client)),
            _ => Err(OAuthError::invalid_client()),
        }
    }

    /// Whether only a client for tests, or a client itself, may have this name.
    pub(crate) fn is_reserved(&self, user: &UserId) -> bool {
        user.as_str().starts_with(OWN_SUBJECT)
            || self.0.values().any(|client| {
                client
                    .config
                    .users_beginning_with
                    .as_ref()
                    .is_some_and(|begin| user.as_str().starts_with(begin))
            })
    }
}

/// The credentials of an `Authorization: Basic` header (RFC 6749, 2.3.1).
fn basic(headers: &HeaderMap) -> Result<Option<(String, String)>, OAuthError> {
    let mut values = headers.get_all(AUTHORIZATION).iter();
    let Some(value) = values.next() else { return Ok(None) };
    let read = || {
        let (scheme, encoded) = value.to_str().ok()?.trim().split_once(' ')?;
        if !scheme.eq_ignore_ascii_case("basic") {
            return None;
        }
        let decoded = String::from_utf8(STANDARD.decode(encoded.trim()).ok()?).ok()?;
        let (id, secret) = decoded.split_once(':')?;
        Some((form_decoded(id)?, form_decoded(secret)?))
    };
    match (read(), values.next()) {
        (Some(pair), None) => Ok(Some(pair)),
        _ => Err(OAuthError::invalid_client()),
    }
}

/// One value, form-encoded: the id and the secret are, before they are joined and base64-encoded.
fn form_decoded(text: &str) -> Option<String> {
    let pair = format!("x={text}");
    let mut pairs = url::form_urlencoded::parse(pair.as_bytes());
    let (key, value) = pairs.next()?;
    (key == "x" && pairs.next().is_none()).then(|| value.into_owned())
}

fn secret(
    config: &ClientConfig,
    lookup: &dyn Fn(&str) -> Option<String>,
) -> Result<Option<[u8; 32]>, ConfigError> {
    let Some(variable) = &config.secret_env else { return Ok(None) };
    let wrong = |why: String| ConfigError::Secret {
        variable: variable.clone(),
        of: format!("the client `{}`", config.id),
        why,
    };
    let secret = lookup(variable).unwrap_or_default();
    match secret.len() {
        0 => Err(wrong("is not set".to_owned())),
        length if length < MIN_SECRET_BYTES => {
            Err(wrong(format!("holds {length} bytes, at least {MIN_SECRET_BYTES} are needed")))
        }
        _ => Ok(Some(Sha256::digest(secret).into())),
    }
}

fn check(config: &ClientConfig) -> Result<(), String> {
    if config.id.is_empty() || config.id.len() > 100 || !config.id.bytes().all(|byte| byte.is_ascii_graphic())
    {
        return Err("its id is no word of ASCII".to_owned());
    }
    if config.grants.is_empty() {
        return Err("it has no `grants`".to_owned());
    }
    let may = |grant| config.grants.contains(&grant);
    if config.secret_env.is_none() && may(GrantType::ClientCredentials) {
        return Err("`client_credentials` is for clients with a secret (hint: `secret_env`)".to_owned());
    }
    if config.users_beginning_with.is_some() && !may(GrantType::ClientCredentials) {
        return Err("`users_beginning_with` goes with `client_credentials`".to_owned());
    }
    if config.users_beginning_with.as_ref().is_some_and(|begin| begin.trim().len() < 2) {
        return Err("`users_beginning_with` is shorter than two characters".to_owned());
    }
    if may(GrantType::AuthorizationCode) == config.redirect_uris.is_empty() {
        return Err("`authorization_code` and `redirect_uris` go together".to_owned());
    }
    if scope_words(&config.scope).is_empty() {
        return Err("its `scope` is empty".to_owned());
    }
    for uri in &config.redirect_uris {
        // Native apps have schemes of their own; without TLS a code may only stay on this machine.
        let wrong = match Url::parse(uri) {
            Err(why) => Some(why.to_string()),
            Ok(url) if url.fragment().is_some() => Some("it has a fragment".to_owned()),
            Ok(url) if url.scheme() == "http" && !is_private_enough(&url) => {
                Some("`http` is for this machine only".to_owned())
            }
            Ok(url) if matches!(url.scheme(), "javascript" | "data" | "file" | "blob") => {
                Some(format!("`{}` leads nowhere", url.scheme()))
            }
            Ok(_) => None,
        };
        if let Some(why) = wrong {
            return Err(format!("the redirect URI `{uri}`: {why}"));
        }
    }
    Ok(())
}
