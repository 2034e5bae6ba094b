//! Doors of an issuer elsewhere that hear of revocations, and do not heed them.

use super::claims_unchecked;
use crate::faulty::desk::{Desk, locked};
use async_trait::async_trait;
use goldenpath_faults::Deed;
use goldenpath_gateway::auth::{
    Authenticated, Authenticator, Claims, Credential, CredentialError, JwksAuthenticator, Refused,
    Revocations,
};
use goldenpath_protocol::{Timestamp, UserId};
use http::HeaderMap;
use std::sync::{Arc, Mutex};
use tokio::task::JoinHandle;

/// What a door that knows of a revocation does not do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::faulty) enum Heedless {
    /// It does all of it.
    Nothing,
    /// End what the token had opened.
    OfStreams,
    /// Look at the token of who resumes.
    OfResumes,
}

/// The tokens by which users came in.
type Came = Arc<Mutex<Vec<Claims>>>;

/// The real door of an issuer's tokens, with that left out.
#[derive(Debug)]
pub(in crate::faulty) struct IssuedDoor {
    inner: JwksAuthenticator,
    heedless: Heedless,
    desk: Desk,
    came: Came,
    /// Signs for each stream that goes on.
    watch: Option<JoinHandle<()>>,
}

impl IssuedDoor {
    pub(in crate::faulty) fn new(inner: JwksAuthenticator, heedless: Heedless, desk: Desk) -> Self {
        let came = Came::default();
        let list = inner.revocations().filter(|_| heedless == Heedless::OfStreams).cloned();
        let watch = list.map(|list| tokio::spawn(sign(list, Arc::clone(&came), desk.clone())));
        Self { inner, heedless, desk, came, watch }
    }

    /// The request of somebody who resumes, as if its token had been looked at.
    fn unlooked(&self, headers: &HeaderMap, query: Option<&str>, now: Timestamp) -> Option<Authenticated> {
        let presented = Credential::from_request(headers, query).ok()?;
        presented.resume.as_ref()?;
        let mut claims = claims_unchecked(&presented.token, now)?;
        self.desk.sign(
            Deed::Altered,
            Some(claims.user_id.as_str()),
            None,
            "let in by a resume with a revoked token",
        );
        // Nobody looks at it later either.
        claims.jti = format!("unlooked-{}", claims.jti);
        Some(Authenticated { presented, claims })
    }
}

/// Tells of every token that is revoked after somebody came in with it.
async fn sign(list: Arc<Revocations>, came: Came, desk: Desk) {
    let mut changes = list.changes();
    while changes.changed().await.is_ok() {
        let mut came = locked(&came);
        let (revoked, rest): (Vec<Claims>, Vec<Claims>) =
            came.drain(..).partition(|claims| list.holds(&claims.jti, claims.session.as_deref()));
        *came = rest;
        for claims in revoked {
            let user = Some(claims.user_id.as_str());
            desk.sign(Deed::Altered, user, None, "the stream of a revoked token goes on");
        }
    }
}

impl Drop for IssuedDoor {
    fn drop(&mut self) {
        if let Some(watch) = &self.watch {
            watch.abort();
        }
    }
}

#[async_trait]
impl Authenticator for IssuedDoor {
    async fn authenticate(
        &self,
        headers: &HeaderMap,
        query: Option<&str>,
        now: Timestamp,
        leeway_s: u64,
    ) -> Result<Authenticated, CredentialError> {
        let known = self.inner.authenticate(headers, query, now, leeway_s).await;
        match &known {
            Ok(known) if self.watch.is_some() && headers.contains_key(http::header::UPGRADE) => {
                locked(&self.came).push(known.claims.clone());
            }
            Err(CredentialError::Unauthorized(why))
                if self.heedless == Heedless::OfResumes && why.cause() == "revoked" =>
            {
                return self.unlooked(headers, query, now).ok_or_else(|| why.clone().into());
            }
            _ => {}
        }
        known
    }

    async fn renew(
        &self,
        user: &UserId,
        token: &str,
        now: Timestamp,
        leeway_s: u64,
    ) -> Result<Claims, Refused> {
        self.inner.renew(user, token, now, leeway_s).await
    }

    fn can_judge(&self) -> bool {
        self.inner.can_judge()
    }

    fn revocations(&self) -> Option<&Arc<Revocations>> {
        self.inner.revocations().filter(|_| self.heedless != Heedless::OfStreams)
    }
}
