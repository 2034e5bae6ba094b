//! A door that lets in first and looks later.

use super::{Caller, DoorFault, claims_unchecked};
use crate::faulty::desk::{Choice, Desk, locked};
use goldenpath_faults::Deed;
use goldenpath_gateway::auth::{Authenticated, Credential, CredentialError, Refused};
use goldenpath_protocol::UserId;
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
    desk: Desk,
    causes: Choice,
    doubtful: Arc<Doubtful>,
}

impl AdmitsUnchecked {
    pub(in crate::faulty) fn new(desk: Desk, doubtful: Arc<Doubtful>, seed: u64) -> Self {
        Self { desk, causes: Choice::some(seed), doubtful }
    }

    fn admitted(&self, caller: &Caller<'_>, why: &str) -> Option<Authenticated> {
        let presented = Credential::from_request(caller.headers, caller.query).ok()?;
        let mut claims = claims_unchecked(&presented.token, caller.now)?;
        if !self.causes.hits(why) {
            return None;
        }
        claims.user_id = self.doubtful.add(&claims.user_id)?;
        Some(Authenticated { presented, claims })
    }
}

impl DoorFault for AdmitsUnchecked {
    fn refused(&self, caller: &Caller<'_>, refused: Refused) -> Result<Authenticated, CredentialError> {
        let why = refused.cause();
        let admitted = self.admitted(caller, why).ok_or(refused)?;
        let what = format!("let in unchecked with a token that would be refused for `{why}`");
        self.desk.sign(Deed::Altered, Some(admitted.claims.user_id.as_str()), None, what);
        Ok(admitted)
    }
}
