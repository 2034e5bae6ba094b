//! Whose tokens end soon, as the door sees them: what outlives a token has to know which connection shows it.

use super::{Caller, DoorFault};
use crate::faulty::desk::locked;
use goldenpath_gateway::auth::{Authenticated, CredentialError};
use goldenpath_protocol::UserId;
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

/// A door that notes them.
#[derive(Debug)]
pub(in crate::faulty) struct WatchesExpiry {
    pub(in crate::faulty) short_lived: Arc<ShortLived>,
}

impl DoorFault for WatchesExpiry {
    fn known(&self, caller: &Caller<'_>, known: Authenticated) -> Result<Authenticated, CredentialError> {
        let left = known.claims.expires_at.unix_ms().saturating_sub(caller.now.unix_ms());
        // Reads of own data show a token, too, and join no stream.
        if left < SOON_MS && caller.upgrades() {
            self.short_lived.came(&known.claims.user_id);
        }
        Ok(known)
    }
}
