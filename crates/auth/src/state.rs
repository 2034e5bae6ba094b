//! What the service has to remember: logins under way, codes, families of refresh tokens, revocations.
//!
//! Codes and refresh tokens are known here by their hashes alone: who reads the state can use none of them.

mod memory;
mod redis;

pub use self::memory::MemoryState;
pub use self::redis::RedisState;

use async_trait::async_trait;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use goldenpath_protocol::{Tier, Timestamp, UserId};
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};
use tokio::sync::watch;

/// The state cannot be read or written now.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the state of the auth service: {0}")]
pub struct StateError(pub String);

/// The hash by which a code or a refresh token is known.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct TokenHash([u8; 32]);

impl TokenHash {
    /// Of this text.
    #[must_use]
    pub fn of(text: &str) -> Self {
        Self(Sha256::digest(text).into())
    }

    /// As text, to name it by.
    fn text(self) -> String {
        URL_SAFE_NO_PAD.encode(self.0)
    }
}

/// A login that went to the provider and did not come back yet.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PendingLogin {
    /// The client that asked for it.
    pub client: String,
    /// Where it leads back to.
    pub redirect_uri: String,
    /// The client's own `state`, given back as it came.
    pub client_state: Option<String>,
    /// The client's PKCE challenge.
    pub code_challenge: String,
    /// What its tokens may allow.
    pub scope: String,
    /// What the ID token must repeat.
    pub nonce: String,
    /// Our PKCE verifier at the provider.
    pub verifier: String,
    /// The hash of the cookie of the browser that began it.
    pub browser: TokenHash,
    /// When it is too late.
    pub expires_at: Timestamp,
}

impl std::fmt::Debug for PendingLogin {
    // By hand: nonce and verifier are secrets.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("PendingLogin").field("client", &self.client).finish_non_exhaustive()
    }
}

/// What a code is good for, once.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CodeGrant {
    /// The client it was made for.
    pub client: String,
    /// Where it was sent to, which the client must repeat.
    pub redirect_uri: String,
    /// The client's PKCE challenge.
    pub code_challenge: String,
    /// Who logged in.
    pub user: UserId,
    /// What was paid for.
    pub tier: Tier,
    /// What its tokens may allow.
    pub scope: String,
    /// The login that its tokens will belong to.
    pub session: String,
    /// When it is too late.
    pub expires_at: Timestamp,
}

/// What became of a code.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TakenCode {
    /// It was good, and is used now.
    Good(CodeGrant),
    /// It was used before: somebody has it who should not. The login that it led to.
    Used(String),
    /// There is none, or it is too late.
    Unknown,
}

/// All tokens of one login.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Family {
    /// Its name: `sid` of its access tokens.
    pub session: String,
    /// Whose.
    pub user: UserId,
    /// The client it was made for.
    pub client: String,
    /// What its tokens may allow.
    pub scope: String,
    /// What was paid for.
    pub tier: Tier,
    /// When it can be renewed no more.
    pub expires_at: Timestamp,
}

/// What became of a refresh token.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Rotation {
    /// It was the family's current one; the next is current now.
    Rotated(Family),
    /// It was used before: two have it. The family is at an end.
    Reused(Family),
    /// There is none, its family is at an end, or it is another client's.
    Unknown,
}

/// What is revoked: a token, or all tokens of a login.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Revoked {
    /// By its `jti`.
    Token(String),
    /// By their `sid`.
    Session(String),
}

/// A revocation, for as long as such tokens could be good.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Revocation {
    /// What.
    pub what: Revoked,
    /// Until when.
    pub until: Timestamp,
}

/// Revocations after some point.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RevocationPage {
    /// Which numbering; another one begins anew.
    pub epoch: String,
    /// The number of the last one here.
    pub head: u64,
    /// Those after the point asked for.
    pub revoked: Vec<Revocation>,
}

/// Remembers. Each call is whole or not at all, also between processes that share it.
#[async_trait]
pub trait AuthState: Send + Sync + std::fmt::Debug {
    /// Keeps a login under the `state` that it went out with.
    ///
    /// # Errors
    /// [`StateError`], also when too many are kept.
    async fn keep_login(
        &self,
        state: TokenHash,
        login: PendingLogin,
        now: Timestamp,
    ) -> Result<(), StateError>;

    /// Takes a login out; none when there is none, or it is too late.
    ///
    /// # Errors
    /// [`StateError`].
    async fn take_login(&self, state: TokenHash, now: Timestamp) -> Result<Option<PendingLogin>, StateError>;

    /// Keeps a code.
    ///
    /// # Errors
    /// [`StateError`], also when too many are kept.
    async fn keep_code(&self, code: TokenHash, grant: CodeGrant, now: Timestamp) -> Result<(), StateError>;

    /// Uses a code up.
    ///
    /// # Errors
    /// [`StateError`].
    async fn take_code(&self, code: TokenHash, now: Timestamp) -> Result<TakenCode, StateError>;

    /// Begins a family with its first refresh token. One that ended already stays at its end.
    ///
    /// # Errors
    /// [`StateError`], also when too many are kept.
    async fn begin_family(&self, family: Family, first: TokenHash, now: Timestamp) -> Result<(), StateError>;

    /// Puts `next` in the place of `presented`, which `client` showed. Reuse ends the family.
    ///
    /// # Errors
    /// [`StateError`].
    async fn rotate(
        &self,
        presented: TokenHash,
        next: TokenHash,
        client: &str,
        now: Timestamp,
    ) -> Result<Rotation, StateError>;

    /// The family of a refresh token, current or used.
    ///
    /// # Errors
    /// [`StateError`].
    async fn family_of(&self, token: TokenHash, now: Timestamp) -> Result<Option<Family>, StateError>;

    /// Ends a family: none of its refresh tokens is good any more.
    ///
    /// # Errors
    /// [`StateError`].
    async fn end_family(&self, session: &str, now: Timestamp) -> Result<(), StateError>;

    /// Adds a revocation; when this returns, it is told to whoever asks.
    ///
    /// # Errors
    /// [`StateError`].
    async fn revoke(&self, revocation: Revocation, now: Timestamp) -> Result<(), StateError>;

    /// Revocations after number `after` of `epoch`, or all of them when that is not the numbering any more; no more than
    /// fit into one answer, the first first.
    ///
    /// # Errors
    /// [`StateError`].
    async fn revocations(
        &self,
        epoch: &str,
        after: u64,
        now: Timestamp,
    ) -> Result<RevocationPage, StateError>;

    /// Whether it can be read and written now.
    ///
    /// # Errors
    /// [`StateError`].
    async fn ready(&self) -> Result<(), StateError>;

    /// Tells of every revocation.
    fn changes(&self) -> watch::Receiver<u64>;
}
