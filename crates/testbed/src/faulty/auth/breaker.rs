//! A breaker on the door: after three bad tokens nobody gets in for a while.

use super::cause;
use crate::faulty::desk::{Choice, Desk, locked};
use goldenpath_faults::Deed;
use goldenpath_gateway::auth::{Authenticated, Authenticator, Claims, CredentialError, Refused};
use goldenpath_protocol::{Timestamp, UserId};
use http::HeaderMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::time::Instant;

/// So many bad tokens trip it.
const BAD: u32 = 3;

#[derive(Debug)]
pub(in crate::faulty) struct Breaker {
    inner: Arc<dyn Authenticator>,
    desk: Desk,
    stays: Duration,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    bad: u32,
    until: Option<Instant>,
}

impl Breaker {
    pub(in crate::faulty) fn new(inner: Arc<dyn Authenticator>, desk: Desk, seed: u64) -> Self {
        let stays = Duration::from_millis(2_000 + 1_000 * Choice::all(seed).pick(6) as u64);
        Self { inner, desk, stays, state: Mutex::default() }
    }
}

impl Authenticator for Breaker {
    fn authenticate(
        &self,
        headers: &HeaderMap,
        query: Option<&str>,
        now: Timestamp,
        leeway_s: u64,
    ) -> Result<Authenticated, CredentialError> {
        let answer = self.inner.authenticate(headers, query, now, leeway_s);
        let mut state = locked(&self.state);
        match answer {
            Ok(known) if state.until.is_some_and(|until| Instant::now() < until) => {
                let user = Some(known.claims.user_id.as_str());
                self.desk.sign(Deed::Lost, user, None, "a true token was refused for others' bad ones");
                Err(Refused::because("too many failures of others").into())
            }
            Err(error) if cause(&error).is_some() => {
                state.bad += 1;
                if state.bad.is_multiple_of(BAD) {
                    state.until = Some(Instant::now() + self.stays);
                }
                Err(error)
            }
            answer => answer,
        }
    }

    fn renew(&self, user: &UserId, token: &str, now: Timestamp, leeway_s: u64) -> Result<Claims, Refused> {
        self.inner.renew(user, token, now, leeway_s)
    }
}
