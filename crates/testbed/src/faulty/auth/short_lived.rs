//! Whose tokens end soon, as the door sees them: what outlives a token has to know which connection shows it.

use crate::faulty::desk::locked;
use goldenpath_gateway::auth::{Authenticated, Authenticator, Claims, CredentialError, Refused};
use goldenpath_protocol::{Timestamp, UserId};
use http::HeaderMap;
use std::collections::HashMap;
use std::sync::{Arc, Mutex};

/// A token with less than this left ends soon, milliseconds.
const SOON_MS: i64 = 60_000;

/// Users who were let in with a token that ends soon and whose stream was not joined yet.
#[derive(Debug, Default)]
pub(in crate::faulty) struct ShortLived(Mutex<HashMap<UserId, u32>>);

impl ShortLived {
    fn came(&self, user: &UserId) {
        *locked(&self.0).entry(user.clone()).or_default() += 1;
    }

    /// Whether the connection that joins this user's stream now shows such a token.
    pub(in crate::faulty) fn joins(&self, user: &UserId) -> bool {
        let mut waiting = locked(&self.0);
        match waiting.get_mut(user) {
            Some(count) if *count > 0 => {
                *count -= 1;
                true
            }
            _ => false,
        }
    }
}

/// The real door, noting them.
#[derive(Debug)]
pub(in crate::faulty) struct WatchesExpiry {
    pub(in crate::faulty) inner: Arc<dyn Authenticator>,
    pub(in crate::faulty) short_lived: Arc<ShortLived>,
}

impl Authenticator for WatchesExpiry {
    fn authenticate(
        &self,
        headers: &HeaderMap,
        query: Option<&str>,
        now: Timestamp,
        leeway_s: u64,
    ) -> Result<Authenticated, CredentialError> {
        let known = self.inner.authenticate(headers, query, now, leeway_s)?;
        let left = known.claims.expires_at.unix_ms().saturating_sub(now.unix_ms());
        // Reads of own data show a token, too, and join no stream.
        if left < SOON_MS && headers.contains_key(http::header::UPGRADE) {
            self.short_lived.came(&known.claims.user_id);
        }
        Ok(known)
    }

    fn renew(&self, user: &UserId, token: &str, now: Timestamp, leeway_s: u64) -> Result<Claims, Refused> {
        self.inner.renew(user, token, now, leeway_s)
    }
}
