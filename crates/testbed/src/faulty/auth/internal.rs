//! Bad tokens that look like the server's own failure, so that clients come back at once. This backend judges tokens before there is
//! a socket, so the failure is a status, where one behind a socket would close with 1011.

use super::cause;
use crate::faulty::desk::{Choice, Desk};
use goldenpath_faults::Deed;
use goldenpath_gateway::auth::{Authenticated, Authenticator, Claims, CredentialError, Refused};
use goldenpath_protocol::{Timestamp, UserId};
use http::HeaderMap;
use std::sync::Arc;

#[derive(Debug)]
pub(in crate::faulty) struct FailsInside {
    inner: Arc<dyn Authenticator>,
    desk: Desk,
    /// By cause: a library that throws for some and answers for others.
    causes: Choice,
}

impl FailsInside {
    pub(in crate::faulty) fn new(inner: Arc<dyn Authenticator>, desk: Desk, seed: u64) -> Self {
        Self { inner, desk, causes: Choice::some(seed) }
    }
}

impl Authenticator for FailsInside {
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
        match cause(&error).filter(|why| *why != "credential in the query" && self.causes.hits(why)) {
            None => Err(error),
            Some(why) => {
                let what = format!("a token that was refused for `{why}` became an internal error");
                self.desk.sign(Deed::Altered, None, None, what);
                Err(CredentialError::Unchecked(why.to_owned()))
            }
        }
    }

    fn renew(&self, user: &UserId, token: &str, now: Timestamp, leeway_s: u64) -> Result<Claims, Refused> {
        self.inner.renew(user, token, now, leeway_s)
    }
}
