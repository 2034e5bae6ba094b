//! State in the memory of one process. A restart forgets logins and refresh tokens, which is safe, and revocations, which
//! gateways keep by themselves.

use super::{
    AuthState, CodeGrant, Family, PendingLogin, Revocation, RevocationPage, Revoked, Rotation, StateError,
    TakenCode, TokenHash,
};
use crate::clock::after as later;
use async_trait::async_trait;
use goldenpath_protocol::Timestamp;
use std::collections::{HashMap, HashSet, VecDeque};
use std::sync::{Mutex, MutexGuard, PoisonError};
use tokio::sync::watch;

/// The most logins, codes and refresh tokens: anybody may begin a login, and memory ends.
const MOST: usize = 100_000;
/// Revocations in one answer.
const PAGE: usize = 10_000;
/// A family that ended before it began is remembered for so long: its beginning is under way at most as long.
const ENDED_S: u64 = 600;

#[derive(Debug)]
struct KeptCode {
    grant: CodeGrant,
    used: bool,
}

#[derive(Debug)]
struct KeptFamily {
    family: Family,
    current: TokenHash,
    tokens: Vec<TokenHash>,
}

#[derive(Debug, Default)]
struct Kept {
    logins: HashMap<TokenHash, PendingLogin>,
    codes: HashMap<TokenHash, KeptCode>,
    families: HashMap<String, KeptFamily>,
    /// Every refresh token, current and used, and the family it belongs to.
    tokens: HashMap<TokenHash, String>,
    /// Families that ended, and until when that is remembered.
    ended: HashMap<String, Timestamp>,
    revocations: VecDeque<(u64, Revocation)>,
    revoked: HashSet<Revoked>,
    head: u64,
}

/// State in memory.
#[derive(Debug)]
pub struct MemoryState {
    epoch: String,
    kept: Mutex<Kept>,
    changes: watch::Sender<u64>,
}

impl Default for MemoryState {
    fn default() -> Self {
        Self {
            epoch: uuid::Uuid::new_v4().simple().to_string(),
            kept: Mutex::default(),
            changes: watch::Sender::new(0),
        }
    }
}

impl MemoryState {
    fn lock(&self) -> MutexGuard<'_, Kept> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn full(what: &str) -> StateError {
    StateError(format!("too many {what} are kept"))
}

impl Kept {
    fn remove_family(&mut self, session: &str) -> Option<Family> {
        let kept = self.families.remove(session)?;
        for token in &kept.tokens {
            self.tokens.remove(token);
        }
        Some(kept.family)
    }

    fn sweep_families(&mut self, now: Timestamp) {
        let over: Vec<String> = self
            .families
            .values()
            .filter(|kept| kept.family.expires_at <= now)
            .map(|kept| kept.family.session.clone())
            .collect();
        for session in over {
            self.remove_family(&session);
        }
    }
}

#[async_trait]
impl AuthState for MemoryState {
    async fn keep_login(
        &self,
        state: TokenHash,
        login: PendingLogin,
        now: Timestamp,
    ) -> Result<(), StateError> {
        let mut kept = self.lock();
        if kept.logins.len() >= MOST {
            kept.logins.retain(|_, login| login.expires_at > now);
        }
        if kept.logins.len() >= MOST {
            return Err(full("logins"));
        }
        kept.logins.insert(state, login);
        Ok(())
    }

    async fn take_login(&self, state: TokenHash, now: Timestamp) -> Result<Option<PendingLogin>, StateError> {
        Ok(self.lock().logins.remove(&state).filter(|login| login.expires_at > now))
    }

    async fn keep_code(&self, code: TokenHash, grant: CodeGrant, now: Timestamp) -> Result<(), StateError> {
        let mut kept = self.lock();
        if kept.codes.len() >= MOST {
            kept.codes.retain(|_, code| code.grant.expires_at > now);
        }
        if kept.codes.len() >= MOST {
            return Err(full("codes"));
        }
        kept.codes.insert(code, KeptCode { grant, used: false });
        Ok(())
    }

    async fn take_code(&self, code: TokenHash, now: Timestamp) -> Result<TakenCode, StateError> {
        let mut kept = self.lock();
        let Some(found) = kept.codes.get_mut(&code) else { return Ok(TakenCode::Unknown) };
        if found.used {
            return Ok(TakenCode::Used(found.grant.session.clone()));
        }
        // Kept as used until there is no space: until then its reuse is known for what it is.
        found.used = true;
        Ok(match found.grant.expires_at > now {
            true => TakenCode::Good(found.grant.clone()),
            false => TakenCode::Unknown,
        })
    }

    async fn begin_family(&self, family: Family, first: TokenHash, now: Timestamp) -> Result<(), StateError> {
        let mut kept = self.lock();
        if kept.ended.contains_key(&family.session) {
            return Ok(());
        }
        if kept.tokens.len() >= MOST {
            kept.sweep_families(now);
        }
        if kept.tokens.len() >= MOST {
            return Err(full("refresh tokens"));
        }
        let session = family.session.clone();
        kept.tokens.insert(first, session.clone());
        kept.families.insert(session, KeptFamily { family, current: first, tokens: vec![first] });
        Ok(())
    }

    async fn rotate(
        &self,
        presented: TokenHash,
        next: TokenHash,
        client: &str,
        now: Timestamp,
    ) -> Result<Rotation, StateError> {
        let mut kept = self.lock();
        let Some(session) = kept.tokens.get(&presented).cloned() else { return Ok(Rotation::Unknown) };
        let Some(found) = kept.families.get_mut(&session) else { return Ok(Rotation::Unknown) };
        if found.family.client != client {
            return Ok(Rotation::Unknown);
        }
        if found.current != presented {
            let family = kept.remove_family(&session);
            return Ok(family.map_or(Rotation::Unknown, Rotation::Reused));
        }
        if found.family.expires_at <= now {
            kept.remove_family(&session);
            return Ok(Rotation::Unknown);
        }
        found.current = next;
        found.tokens.push(next);
        let family = found.family.clone();
        kept.tokens.insert(next, session);
        Ok(Rotation::Rotated(family))
    }

    async fn family_of(&self, token: TokenHash, now: Timestamp) -> Result<Option<Family>, StateError> {
        let kept = self.lock();
        let family = kept.tokens.get(&token).and_then(|session| kept.families.get(session));
        Ok(family.map(|kept| kept.family.clone()).filter(|family| family.expires_at > now))
    }

    async fn end_family(&self, session: &str, now: Timestamp) -> Result<(), StateError> {
        let mut kept = self.lock();
        kept.remove_family(session);
        kept.ended.retain(|_, until| *until > now);
        kept.ended.insert(session.to_owned(), later(now, ENDED_S));
        Ok(())
    }

    async fn revoke(&self, revocation: Revocation, now: Timestamp) -> Result<(), StateError> {
        let mut kept = self.lock();
        // In the order in which they came, not in which they end: enough to keep the front short.
        while let Some((_, first)) = kept.revocations.front().filter(|(_, first)| first.until <= now) {
            let what = first.what.clone();
            kept.revoked.remove(&what);
            kept.revocations.pop_front();
        }
        if !kept.revoked.insert(revocation.what.clone()) {
            return Ok(());
        }
        kept.head += 1;
        let number = kept.head;
        kept.revocations.push_back((number, revocation));
        drop(kept);
        self.changes.send_modify(|count| *count += 1);
        Ok(())
    }

    async fn revocations(
        &self,
        epoch: &str,
        after: u64,
        now: Timestamp,
    ) -> Result<RevocationPage, StateError> {
        let kept = self.lock();
        let after = if epoch == self.epoch { after } else { 0 };
        let first = kept.revocations.partition_point(|(number, _)| *number <= after);
        let page: Vec<&(u64, Revocation)> = kept.revocations.range(first..).take(PAGE).collect();
        // The number of the last one looked at, also when it has expired meanwhile and is not told.
        let head = if page.len() == PAGE { page.last().map_or(kept.head, |one| one.0) } else { kept.head };
        let revoked = page.into_iter().map(|(_, one)| one).filter(|one| one.until > now).cloned().collect();
        Ok(RevocationPage { epoch: self.epoch.clone(), head, revoked })
    }

    async fn ready(&self) -> Result<(), StateError> {
        Ok(())
    }

    fn changes(&self) -> watch::Receiver<u64> {
        self.changes.subscribe()
    }
}
