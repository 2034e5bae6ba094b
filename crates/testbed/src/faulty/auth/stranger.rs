//! Doors that look at the token and not at whose the thing is that it opens.

use super::{Caller, DoorFault, claims_unchecked};
use crate::faulty::desk::Desk;
use crate::faulty::ledger::Ledger;
use goldenpath_faults::Deed;
use goldenpath_gateway::auth::{Authenticated, Claims, CredentialError, Refused, TokenVerifier};
use goldenpath_protocol::{Timestamp, UserId};
use std::sync::Arc;

/// Who resumes a stream is taken for its owner.
#[derive(Debug)]
pub(in crate::faulty) struct ResumesAsOwner {
    pub(in crate::faulty) desk: Desk,
    pub(in crate::faulty) ledger: Arc<Ledger>,
}

impl DoorFault for ResumesAsOwner {
    fn known(
        &self,
        _caller: &Caller<'_>,
        mut known: Authenticated,
    ) -> Result<Authenticated, CredentialError> {
        let point = known.presented.resume.as_ref();
        let owner = point.and_then(|point| self.ledger.stream_owner(&point.epoch));
        if let Some(owner) = owner.filter(|owner| *owner != known.claims.user_id) {
            let what = format!("resumed the stream of user `{owner}`");
            self.desk.sign(Deed::Altered, Some(known.claims.user_id.as_str()), None, what);
            known.claims.user_id = owner;
        }
        Ok(known)
    }
}

/// A true token renews any connection.
#[derive(Debug)]
pub(in crate::faulty) struct TakesAnyRenewal {
    pub(in crate::faulty) desk: Desk,
}

impl DoorFault for TakesAnyRenewal {
    fn renew(
        &self,
        door: &TokenVerifier,
        user: &UserId,
        token: &str,
        now: Timestamp,
        leeway_s: u64,
    ) -> Result<Claims, Refused> {
        let refused = match door.follow_on(user, token, now, leeway_s) {
            Err(refused) => refused,
            renewed => return renewed,
        };
        // True, but another's: then it would renew that user's own connection.
        let owner = claims_unchecked(token, now).map(|claims| claims.user_id).ok_or(refused)?;
        let claims = door.follow_on(&owner, token, now, leeway_s)?;
        self.desk.sign(Deed::Altered, Some(user.as_str()), None, format!("took a token of user `{owner}`"));
        Ok(claims)
    }
}
