//! A breaker on the door: after three bad tokens nobody gets in for a while.

use super::{Caller, DoorFault};
use crate::faulty::desk::{Choice, Desk, locked};
use goldenpath_faults::Deed;
use goldenpath_gateway::auth::{Authenticated, CredentialError, Refused};
use std::sync::Mutex;
use std::time::Duration;
use tokio::time::Instant;

/// So many bad tokens trip it.
const BAD: u32 = 3;

#[derive(Debug)]
pub(in crate::faulty) struct Breaker {
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
    pub(in crate::faulty) fn new(desk: Desk, seed: u64) -> Self {
        let stays = Duration::from_millis(2_000 + 1_000 * Choice::all(seed).pick(6) as u64);
        Self { desk, stays, state: Mutex::default() }
    }
}

impl DoorFault for Breaker {
    fn known(&self, _caller: &Caller<'_>, known: Authenticated) -> Result<Authenticated, CredentialError> {
        if locked(&self.state).until.is_none_or(|until| Instant::now() >= until) {
            return Ok(known);
        }
        let user = Some(known.claims.user_id.as_str());
        self.desk.sign(Deed::Lost, user, None, "a true token was refused for others' bad ones");
        Err(Refused::because("too many failures of others").into())
    }

    fn refused(&self, _caller: &Caller<'_>, refused: Refused) -> Result<Authenticated, CredentialError> {
        let mut state = locked(&self.state);
        state.bad += 1;
        if state.bad.is_multiple_of(BAD) {
            state.until = Some(Instant::now() + self.stays);
        }
        Err(refused.into())
    }
}
