//! A door that lets in first and looks later.

use super::{cause, claims_unchecked};
use crate::faulty::desk::{Choice, Desk, locked};
use goldenpath_faults::Deed;
use goldenpath_gateway::auth::{Authenticated, Authenticator, Claims, Credential, CredentialError, Refused};
use goldenpath_protocol::{Timestamp, UserId};
use http::HeaderMap;
use std::collections::HashSet;
use std::sync::{Arc, Mutex};

/// Users who were let in though their tokens do not hold.
#[derive(Debug, Default)]
pub(in crate::faulty) struct Doubtful(Mutex<HashSet<UserId>>);

impl Doubtful {
    pub(in crate::faulty) fn holds(&self, user: &UserId) -> bool {
        locked(&self.0).contains(user)
    }

    /// A name that no true token has: the owner of a bad one may be there with a good one, too.
    fn add(&self, said: &UserId) -> Option<UserId> {
        let mut known = locked(&self.0);
        let name = UserId::new(format!("unverified-{}-{said}", known.len())).ok()?;
        known.insert(name.clone());
        Some(name)
    }
}

/// Lets in whoever shows something that reads like a token.
#[derive(Debug)]
pub(in crate::faulty) struct AdmitsUnchecked {
    inner: Arc<dyn Authenticator>,
    desk: Desk,
    causes: Choice,
    doubtful: Arc<Doubtful>,
}

impl AdmitsUnchecked {
    pub(in crate::faulty) fn new(
        inner: Arc<dyn Authenticator>,
        desk: Desk,
        doubtful: Arc<Doubtful>,
        seed: u64,
    ) -> Self {
        Self { inner, desk, causes: Choice::some(seed), doubtful }
    }

    fn admitted(
        &self,
        why: &str,
        headers: &HeaderMap,
        query: Option<&str>,
        now: Timestamp,
    ) -> Option<Authenticated> {
        let presented = Credential::from_request(headers, query).ok()?;
        let mut claims = claims_unchecked(&presented.token, now)?;
        if !self.causes.hits(why) {
            return None;
        }
        claims.user_id = self.doubtful.add(&claims.user_id)?;
        Some(Authenticated { presented, claims })
    }
}

impl Authenticator for AdmitsUnchecked {
    fn authenticate(
        &self,
        headers: &HeaderMap,
        query: Option<&str>,
        now: Timestamp,
        leeway_s: u64,
    ) -> Result<Authenticated, CredentialError> {
        let error = match self.inner.authenticate(headers, query, now, leeway_s) {
            Err(error) => error,
            known => return known,
        };
        let Some(why) = cause(&error) else { return Err(error) };
        let Some(admitted) = self.admitted(why, headers, query, now) else { return Err(error) };
        let what = format!("let in unchecked with a token that would be refused for `{why}`");
        self.desk.sign(Deed::Altered, Some(admitted.claims.user_id.as_str()), None, what);
        Ok(admitted)
    }

    fn renew(&self, user: &UserId, token: &str, now: Timestamp, leeway_s: u64) -> Result<Claims, Refused> {
        self.inner.renew(user, token, now, leeway_s)
    }
}
