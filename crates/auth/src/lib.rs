//! The auth service of the reference backend: who a user is, told to gateways as a signed token.
//!
//! It speaks OAuth 2.0: authorization code with PKCE, client credentials, refresh with rotation, and the exchange of an
//! ID token of a configured OpenID provider (RFC 8693). Gateways know nothing of it but what it publishes: its keys
//! (JWKS), its tokens (JWT, `at+jwt`) and its revocations.
//!
//! Start one with [`AuthServer::start`]. What it has to remember goes through [`AuthState`]; keys come from files.

mod clock;
mod config;
mod random;

mod clients;
mod keys;
mod tokens;

mod state;

mod provider;

mod answers;
mod form;
mod grants;
mod http;
mod login;
mod revocation;

mod server;
mod service;
mod serving;

pub use clock::{Clock, SystemClock};
pub use config::{AuthConfig, ClientConfig, ConfigError, GrantType, ProviderConfig, SigningAlgorithm};
pub use keys::{KeyError, Keys};
pub use server::{AuthHandle, AuthParts, AuthServer, SecretLookup, StartError};
pub use state::{
    AuthState, CodeGrant, Family, MemoryState, PendingLogin, RedisState, Revocation, RevocationPage, Revoked,
    Rotation, StateError, TakenCode, TokenHash,
};
