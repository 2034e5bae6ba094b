//! A door that refuses true tokens now and then.

use super::{Caller, DoorFault};
use crate::faulty::desk::{Choice, Desk};
use goldenpath_faults::Deed;
use goldenpath_gateway::auth::{Authenticated, CredentialError, Refused};
use std::sync::atomic::{AtomicU64, Ordering};

#[derive(Debug)]
pub(in crate::faulty) struct RefusesTrue {
    desk: Desk,
    choice: Choice,
    attempts: AtomicU64,
}

impl RefusesTrue {
    pub(in crate::faulty) fn new(desk: Desk, seed: u64) -> Self {
        Self { desk, choice: Choice::some(seed), attempts: AtomicU64::new(0) }
    }
}

impl DoorFault for RefusesTrue {
    fn known(&self, caller: &Caller<'_>, known: Authenticated) -> Result<Authenticated, CredentialError> {
        if !caller.upgrades() {
            return Ok(known);
        }
        let attempt = self.attempts.fetch_add(1, Ordering::AcqRel).to_string();
        if !self.choice.hits(&attempt) {
            return Ok(known);
        }
        self.desk.sign(Deed::Lost, Some(known.claims.user_id.as_str()), None, "a true token was refused");
        Err(Refused::because("nothing at all").into())
    }
}
