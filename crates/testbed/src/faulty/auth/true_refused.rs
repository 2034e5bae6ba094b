//! A door that refuses true tokens now and then.

use crate::faulty::desk::{Choice, Desk};
use goldenpath_faults::Deed;
use goldenpath_gateway::auth::{Authenticated, Authenticator, Claims, CredentialError, Refused};
use goldenpath_protocol::{Timestamp, UserId};
use http::HeaderMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

#[derive(Debug)]
pub(in crate::faulty) struct RefusesTrue {
    inner: Arc<dyn Authenticator>,
    desk: Desk,
    choice: Choice,
    attempts: AtomicU64,
}

impl RefusesTrue {
    pub(in crate::faulty) fn new(inner: Arc<dyn Authenticator>, desk: Desk, seed: u64) -> Self {
        Self { inner, desk, choice: Choice::some(seed), attempts: AtomicU64::new(0) }
    }
}

impl Authenticator for RefusesTrue {
    fn authenticate(
        &self,
        headers: &HeaderMap,
        query: Option<&str>,
        now: Timestamp,
        leeway_s: u64,
    ) -> Result<Authenticated, CredentialError> {
        let known = self.inner.authenticate(headers, query, now, leeway_s)?;
        if !headers.contains_key(http::header::UPGRADE) {
            return Ok(known);
        }
        let attempt = self.attempts.fetch_add(1, Ordering::AcqRel).to_string();
        if !self.choice.hits(&attempt) {
            return Ok(known);
        }
        self.desk.sign(Deed::Lost, Some(known.claims.user_id.as_str()), None, "a true token was refused");
        Err(Refused::because("nothing at all").into())
    }

    fn renew(&self, user: &UserId, token: &str, now: Timestamp, leeway_s: u64) -> Result<Claims, Refused> {
        self.inner.renew(user, token, now, leeway_s)
    }
}
