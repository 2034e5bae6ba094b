//! Tokens that do not hold, and hold all the same.

use super::{Caller, DoorFault, STAY_MS, claims_unchecked, part_of};
use crate::faulty::desk::Desk;
use goldenpath_faults::Deed;
use goldenpath_gateway::auth::{Authenticated, Claims, Credential, CredentialError, Refused};
use goldenpath_protocol::{Tier, Timestamp, UserId};
use http::HeaderMap;
use http::header::{AUTHORIZATION, HeaderValue};

/// Who comes without a token is taken for this user.
const NOBODY: &str = "guest";

/// What is not looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::faulty) enum Flaw {
    /// Whether there is a token.
    Missing,
    /// When it ends.
    Expiry,
    /// Who signed it.
    Signature,
    /// Whether it is signed at all.
    Unsigned,
    /// Whom it is for.
    Audience,
    /// Whose it is.
    Issuer,
    /// Whom it is for and whose it is.
    AudienceAndIssuer,
    /// Where it stands.
    InQuery,
}

/// A door that does not look at one thing.
#[derive(Debug)]
pub(in crate::faulty) struct Admits {
    desk: Desk,
    flaw: Flaw,
}

impl Admits {
    pub(in crate::faulty) fn new(desk: Desk, flaw: Flaw) -> Self {
        Self { desk, flaw }
    }

    /// Whether what the real door found wrong is what this one does not look at.
    fn overlooks(&self, cause: &str, token: &str) -> bool {
        let unsigned = || {
            part_of(token, 0)
                .and_then(|header| header.get("alg")?.as_str().map(str::to_ascii_lowercase))
                .is_some_and(|alg| alg == "none")
        };
        match self.flaw {
            Flaw::Missing | Flaw::InQuery => false,
            Flaw::Expiry => cause == "expired",
            Flaw::Signature => cause == "bad signature" && !unsigned(),
            Flaw::Unsigned => unsigned(),
            Flaw::Audience => cause == "wrong audience",
            Flaw::Issuer => cause == "wrong issuer",
            Flaw::AudienceAndIssuer => matches!(cause, "wrong audience" | "wrong issuer"),
        }
    }

    fn admitted(&self, caller: &Caller<'_>, why: &str) -> Option<Authenticated> {
        match self.flaw {
            Flaw::Missing if why == "no token" => nobody(caller),
            Flaw::InQuery if why == "credential in the query" => out_of_query(caller),
            _ => {
                let presented = Credential::from_request(caller.headers, caller.query).ok()?;
                let claims = claims_unchecked(&presented.token, caller.now)?;
                self.overlooks(why, &presented.token).then_some(Authenticated { presented, claims })
            }
        }
    }
}

impl DoorFault for Admits {
    fn refused(&self, caller: &Caller<'_>, refused: Refused) -> Result<Authenticated, CredentialError> {
        let why = refused.cause();
        let admitted = self.admitted(caller, why).ok_or(refused)?;
        let what = format!("let in with a token that was refused for `{why}`");
        self.desk.sign(Deed::Altered, Some(admitted.claims.user_id.as_str()), None, what);
        Ok(admitted)
    }
}

/// The request of somebody without a token, as it would be with one.
fn nobody(caller: &Caller<'_>) -> Option<Authenticated> {
    let presented = Credential::from_request(&bearing(caller, "none")?, caller.query).ok()?;
    let claims = Claims {
        user_id: UserId::new(NOBODY).ok()?,
        expires_at: Timestamp::from_unix_ms(caller.now.unix_ms().saturating_add(STAY_MS)),
        tier: Tier::default(),
        jti: NOBODY.to_owned(),
        session: None,
        scope: "chat agents".to_owned(),
    };
    Some(Authenticated { presented, claims })
}

/// The request with the token of its query where tokens belong.
fn out_of_query(caller: &Caller<'_>) -> Option<Authenticated> {
    let (tokens, rest): (Vec<&str>, Vec<&str>) =
        caller.query?.split('&').partition(|pair| pair.to_ascii_lowercase().contains("token="));
    let (_, token) = tokens.first()?.split_once('=')?;
    caller.ask(&bearing(caller, token)?, Some(&rest.join("&"))).ok()
}

/// The headers of a request, with this token.
fn bearing(caller: &Caller<'_>, token: &str) -> Option<HeaderMap> {
    let mut headers = caller.headers.clone();
    headers.insert(AUTHORIZATION, HeaderValue::from_str(&format!("Bearer {token}")).ok()?);
    Some(headers)
}
