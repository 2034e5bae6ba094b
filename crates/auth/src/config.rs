//! What the operator decides: the name in tokens, how long they hold, which clients there are, who logs users in.
//!
//! Secrets never stand here: only the environment variables that hold them.

use goldenpath_protocol::Tier;
use serde::de::Error as _;
use serde::{Deserialize, Deserializer};
use url::Url;

/// How tokens are signed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
pub enum SigningAlgorithm {
    /// Ed25519.
    #[default]
    EdDSA,
    /// RSA with SHA-256.
    RS256,
    /// P-256 with SHA-256.
    ES256,
}

impl SigningAlgorithm {
    /// The algorithm as JWTs write it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::EdDSA => "EdDSA",
            Self::RS256 => "RS256",
            Self::ES256 => "ES256",
        }
    }

    pub(crate) fn jwa(self) -> jsonwebtoken::Algorithm {
        match self {
            Self::EdDSA => jsonwebtoken::Algorithm::EdDSA,
            Self::RS256 => jsonwebtoken::Algorithm::RS256,
            Self::ES256 => jsonwebtoken::Algorithm::ES256,
        }
    }
}

/// In which way a client may get tokens.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum GrantType {
    /// After a login, with PKCE.
    AuthorizationCode,
    /// As itself.
    ClientCredentials,
    /// With a refresh token of before.
    RefreshToken,
    /// For an ID token of the configured provider (RFC 8693).
    TokenExchange,
}

impl GrantType {
    /// Every grant, by its name on the wire.
    pub const ALL: [(&'static str, Self); 4] = [
        ("authorization_code", Self::AuthorizationCode),
        ("client_credentials", Self::ClientCredentials),
        ("refresh_token", Self::RefreshToken),
        ("urn:ietf:params:oauth:grant-type:token-exchange", Self::TokenExchange),
    ];
}

/// A client that may ask for tokens.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ClientConfig {
    /// Its `client_id`.
    pub id: String,
    /// The environment variable that holds its secret; a client without one is public, and proves nothing but PKCE.
    #[serde(default)]
    pub secret_env: Option<String>,
    /// The ways in which it may get tokens.
    pub grants: Vec<GrantType>,
    /// Where a login may lead back to, each compared character by character.
    #[serde(default)]
    pub redirect_uris: Vec<String>,
    /// What its tokens may allow.
    #[serde(default = "scope")]
    pub scope: String,
    /// What the users of its own tokens have paid for.
    #[serde(default)]
    pub tier: Tier,
    /// A client for tests may get tokens for users whose names begin so (`requested_subject`); nobody else gets such names.
    #[serde(default)]
    pub users_beginning_with: Option<String>,
}

/// The OpenID provider that logs users in.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ProviderConfig {
    /// Its issuer identifier, to the character; its discovery document lies below it.
    pub issuer: String,
    /// Our `client_id` there, which its ID tokens must name as audience.
    pub client_id: String,
    /// The environment variable that holds our secret there.
    #[serde(default)]
    pub client_secret_env: Option<String>,
    /// The claim of an ID token that names the user.
    #[serde(default = "user_claim")]
    pub user_claim: String,
    /// The claim that says what the user has paid for; without it, or with something else in it, `free`.
    #[serde(default)]
    pub tier_claim: Option<String>,
    /// What is asked of it at a login.
    #[serde(default = "login_scope")]
    pub scope: String,
}

/// All that the operator decides. Every key is optional.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct AuthConfig {
    /// `iss` of tokens.
    pub issuer: String,
    /// `aud` of tokens.
    pub audience: String,
    /// `env` of tokens.
    pub env: String,
    /// Where clients and browsers reach this service; by default where it listens.
    #[serde(deserialize_with = "some_address")]
    pub public_url: Option<Url>,
    /// How tokens are signed.
    pub alg: SigningAlgorithm,
    /// How long an access token holds, seconds.
    pub access_ttl_s: u64,
    /// How long a login may be renewed, seconds; its refresh tokens end with it.
    pub refresh_ttl_s: u64,
    /// How long a code of a login may wait to be redeemed, seconds.
    pub code_ttl_s: u64,
    /// How long a user may take to log in, seconds.
    pub login_ttl_s: u64,
    /// How long a generated key signs, seconds.
    pub key_lifetime_s: u64,
    /// Clients.
    pub clients: Vec<ClientConfig>,
    /// Who logs users in.
    pub provider: Option<ProviderConfig>,
}

impl Default for AuthConfig {
    fn default() -> Self {
        Self {
            issuer: "goldenpath".to_owned(),
            audience: "goldenpath".to_owned(),
            env: "embedded".to_owned(),
            public_url: None,
            alg: SigningAlgorithm::default(),
            access_ttl_s: 900,
            refresh_ttl_s: 14 * 86_400,
            code_ttl_s: 60,
            login_ttl_s: 600,
            key_lifetime_s: 30 * 86_400,
            clients: Vec::new(),
            provider: None,
        }
    }
}

/// A configuration that cannot be meant.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ConfigError {
    /// A variable that should hold a secret is not set, or holds too little to be one.
    #[error("the variable `{variable}` of {of} {why} (hint: `openssl rand -hex 32`)")]
    Secret {
        /// The variable.
        variable: String,
        /// Whose secret it is.
        of: String,
        /// What is wrong.
        why: String,
    },
    /// A client that could not work, or would be open to everybody.
    #[error("the client `{id}`: {why}")]
    Client {
        /// The client.
        id: String,
        /// What is wrong.
        why: String,
    },
    /// Something else.
    #[error("{0}")]
    Other(String),
}

/// An address, by hand: the serde feature of `url` would be compiled into everything that uses it.
pub(crate) fn address<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Url, D::Error> {
    let text = String::deserialize(deserializer)?;
    Url::parse(&text).map_err(|why| D::Error::custom(format!("`{text}` is no address: {why}")))
}

fn some_address<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Url>, D::Error> {
    address(deserializer).map(Some)
}

fn scope() -> String {
    "chat agents".to_owned()
}

fn user_claim() -> String {
    "sub".to_owned()
}

fn login_scope() -> String {
    "openid".to_owned()
}

/// Words of a scope, in order, each once.
pub(crate) fn scope_words(text: &str) -> Vec<&str> {
    let mut words: Vec<&str> = Vec::new();
    for word in text.split_ascii_whitespace() {
        if !words.contains(&word) {
            words.push(word);
        }
    }
    words
}

impl AuthConfig {
    /// Refuses numbers and addresses that cannot be meant; clients are looked at when their secrets are.
    pub(crate) fn check(&self) -> Result<(), ConfigError> {
        for (name, value, least, most) in [
            ("access_ttl_s", self.access_ttl_s, 1, 86_400),
            ("refresh_ttl_s", self.refresh_ttl_s, 1, 366 * 86_400),
            ("code_ttl_s", self.code_ttl_s, 1, 600),
            ("login_ttl_s", self.login_ttl_s, 10, 3_600),
            ("key_lifetime_s", self.key_lifetime_s, 60, 10 * 366 * 86_400),
        ] {
            if !(least..=most).contains(&value) {
                return Err(ConfigError::Other(format!("`{name}` is {value} (valid: {least} to {most})")));
            }
        }
        for (name, value) in [("issuer", &self.issuer), ("audience", &self.audience)] {
            if value.trim().is_empty() {
                return Err(ConfigError::Other(format!("`{name}` is empty")));
            }
        }
        if let Some(url) = &self.public_url
            && !(matches!(url.scheme(), "http" | "https") && url.has_host())
        {
            return Err(ConfigError::Other(format!("`public_url` `{url}` is no `http` or `https` address")));
        }
        match &self.provider {
            Some(provider) if !Url::parse(&provider.issuer).is_ok_and(|url| is_private_enough(&url)) => {
                Err(ConfigError::Other(format!(
                    "`provider.issuer` `{}` is no `https` address (`http` is for this machine only)",
                    provider.issuer
                )))
            }
            _ => Ok(()),
        }
    }
}

/// Whether secrets and ID tokens may be sent there: over TLS, or without leaving this machine.
pub(crate) fn is_private_enough(url: &Url) -> bool {
    let here = match url.host() {
        Some(url::Host::Ipv4(address)) => address.is_loopback(),
        Some(url::Host::Ipv6(address)) => address.is_loopback(),
        Some(url::Host::Domain(name)) => name == "localhost",
        None => false,
    };
    (url.scheme() == "https" && url.has_host()) || (url.scheme() == "http" && here)
}
