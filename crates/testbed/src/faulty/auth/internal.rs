//! Bad tokens that look like the server's own failure, so that clients come back at once. This backend judges tokens before there is
//! a socket, so the failure is a status, where one behind a socket would close with 1011.

use super::{Caller, DoorFault};
use crate::faulty::desk::{Choice, Desk};
use goldenpath_faults::Deed;
use goldenpath_gateway::auth::{Authenticated, CredentialError, Refused};

#[derive(Debug)]
pub(in crate::faulty) struct FailsInside {
    desk: Desk,
    /// By cause: a library that throws for some and answers for others.
    causes: Choice,
}

impl FailsInside {
    pub(in crate::faulty) fn new(desk: Desk, seed: u64) -> Self {
        Self { desk, causes: Choice::some(seed) }
    }
}

impl DoorFault for FailsInside {
    fn refused(&self, _caller: &Caller<'_>, refused: Refused) -> Result<Authenticated, CredentialError> {
        let why = refused.cause();
        if why == "credential in the query" || !self.causes.hits(why) {
            return Err(refused.into());
        }
        let what = format!("a token that was refused for `{why}` became an internal error");
        self.desk.sign(Deed::Altered, None, None, what);
        Err(CredentialError::Unchecked(why.to_owned()))
    }
}
