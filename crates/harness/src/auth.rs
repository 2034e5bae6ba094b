//! Who the driver says it is: tokens, minted here or given, and where they are put.

mod forgery;
mod mint;
mod oauth;

pub use forgery::Forgery;
pub(crate) use forgery::derive;
pub use jsonwebtoken::Algorithm;
pub use mint::{MintSettings, Minter};
pub use oauth::{IssuedIdentity, OAuth, OAuthGrant, OAuthSettings};

use std::fmt;
use std::sync::Arc;

/// A bearer token. Its text never appears in `Debug`.
#[derive(Clone, PartialEq, Eq)]
pub struct Token(Arc<str>);

impl Token {
    /// Takes a text as a token.
    #[must_use]
    pub fn new(text: impl Into<Arc<str>>) -> Self {
        Self(text.into())
    }

    /// The text: for the wire, not for people.
    #[must_use]
    pub fn reveal(&self) -> &str {
        &self.0
    }

    /// The `sub` of its claims, if it is a JWT; nothing is verified.
    #[must_use]
    pub fn subject(&self) -> Option<String> {
        let claims = forgery::claims_of(&self.0)?;
        claims.get("sub")?.as_str().map(str::to_owned)
    }
}

impl fmt::Debug for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Token(…)")
    }
}

/// Where a token is put.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Placement {
    /// `Authorization: Bearer`.
    #[default]
    Header,
    /// `Sec-WebSocket-Protocol: goldenpath.v1, jwt.<base64url>`, as browsers must.
    Subprotocol,
    /// The first frame after the upgrade.
    FirstFrame,
    /// `?token=` in the address.
    Query,
}

impl Placement {
    /// Every placement, by its name in the configuration.
    pub const ALL: [(&'static str, Self); 4] = [
        ("header", Self::Header),
        ("subprotocol", Self::Subprotocol),
        ("first_frame", Self::FirstFrame),
        ("query", Self::Query),
    ];
}

/// A token that somebody gave us for one identity.
#[derive(Debug, Clone)]
pub struct GivenToken {
    /// The name to call the identity by, where the token does not say it.
    pub name: String,
    /// The token.
    pub token: Token,
}

/// How tokens are had.
#[derive(Debug, Clone)]
pub enum AuthMode {
    /// None are shown.
    None,
    /// These were given; there are as many users as tokens.
    Token(Vec<GivenToken>),
    /// They are signed here, one per user.
    Mint(Arc<Minter>),
    /// An issuer elsewhere gave them, and is asked again before they end.
    OAuth(Arc<OAuth>),
}

impl AuthMode {
    /// The mode as histories and the configuration write it.
    #[must_use]
    pub fn name(&self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Token(_) => "token",
            Self::Mint(_) => "mint",
            Self::OAuth(_) => "oauth",
        }
    }
}

/// How tokens are had and where they are put.
#[derive(Debug, Clone)]
pub struct Auth {
    /// How they are had.
    pub mode: AuthMode,
    /// Where they are put.
    pub placement: Placement,
}

impl Auth {
    /// No tokens.
    #[must_use]
    pub fn none() -> Self {
        Self { mode: AuthMode::None, placement: Placement::Header }
    }

    /// Tokens minted here, in the header.
    #[must_use]
    pub fn mint(minter: Minter) -> Self {
        Self { mode: AuthMode::Mint(Arc::new(minter)), placement: Placement::Header }
    }

    /// Tokens of an issuer elsewhere, in the header.
    #[must_use]
    pub fn oauth(issuer: Arc<OAuth>) -> Self {
        Self { mode: AuthMode::OAuth(issuer), placement: Placement::Header }
    }

    /// The same, put elsewhere.
    #[must_use]
    pub fn placed(mut self, placement: Placement) -> Self {
        self.placement = placement;
        self
    }
}

/// A token that cannot be made.
#[derive(Debug, thiserror::Error)]
pub enum AuthError {
    /// The key does not fit its algorithm.
    #[error("failed to read the signing key for {alg:?}: {why}")]
    Key {
        /// The algorithm.
        alg: Algorithm,
        /// What is wrong; never the key.
        why: String,
    },
    /// An algorithm that is not for platform tokens.
    #[error("`{0}` is no algorithm for tokens; valid are `HS256`, `EdDSA`, `RS256`, `ES256`")]
    Algorithm(String),
    /// Signing failed.
    #[error("failed to sign a token: {0}")]
    Sign(String),
    /// An issuer gave no token.
    #[error("failed to get a token from `{url}`: {why}")]
    Issuer {
        /// Its address.
        url: String,
        /// Why not; never a secret.
        why: String,
    },
    /// The user has no token of which this could be made.
    #[error("failed to make the token case `{case}`: {why}")]
    Case {
        /// The case.
        case: &'static str,
        /// Why not.
        why: &'static str,
    },
}
