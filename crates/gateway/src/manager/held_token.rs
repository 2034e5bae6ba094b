//! What a connection has to remember of the token it was opened or renewed with.

use crate::auth::{Claims, Revocations};
use goldenpath_protocol::Timestamp;

/// A token that was verified: when it ends, and the names by which it may be revoked before.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HeldToken {
    /// When it expires.
    pub expires_at: Timestamp,
    jti: Box<str>,
    session: Option<Box<str>>,
}

impl HeldToken {
    /// A token with this id that ends then; `session` names the login it comes from, if the issuer says.
    #[must_use]
    pub fn new(expires_at: Timestamp, jti: &str, session: Option<&str>) -> Self {
        Self { expires_at, jti: jti.into(), session: session.map(Into::into) }
    }

    pub(crate) fn is_revoked_by(&self, list: &Revocations) -> bool {
        list.holds(&self.jti, self.session.as_deref())
    }
}

impl From<&Claims> for HeldToken {
    fn from(claims: &Claims) -> Self {
        Self::new(claims.expires_at, &claims.jti, claims.session.as_deref())
    }
}
