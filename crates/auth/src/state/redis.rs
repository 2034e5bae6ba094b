//! State in Redis (7 or newer, or Valkey): any number of services share it, and it outlives each of them.
//!
//! Each call is one script. A call whose answer was lost is made again on a new connection, and must not be taken for a second
//! one: a refresh token that is shown twice ends its login. A server that lost everything tells its revocations under a new
//! epoch, as a new service does; gateways keep what they were told. So does one that lost only the last of them.

use super::{
    AuthState, CodeGrant, Family, PendingLogin, Revocation, RevocationPage, Rotation, StateError, TakenCode,
    TokenHash,
};
use crate::random;
use async_trait::async_trait;
use goldenpath_protocol::Timestamp;
use goldenpath_redis_link::{Link, OpenError, Script, Server, Trouble};
use redis::{Cmd, FromRedisValue};
use serde::Serialize;
use serde::de::DeserializeOwned;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::sync::watch;
use tokio::task::AbortHandle;
use tokio::time::MissedTickBehavior;

/// How long an answer may take, a new connection included.
const PATIENCE: Duration = Duration::from_secs(2);
/// Between two looks for revocations of other services. Gateways are to know them within 2 s.
const LOOK: Duration = Duration::from_millis(250);
/// The most logins under way: anybody may begin one. Whatever else is kept, somebody known has asked for.
const MOST_LOGINS: u64 = 100_000;
/// A code that was used is known for what it is for so long after its time.
const USED_CODE_MS: i64 = 600_000;
/// A family that ended before it began is remembered for so long: its beginning is under way at most as long.
const ENDED_MS: i64 = 600_000;
/// Revocations in one answer.
const PAGE: usize = 10_000;

/// State in Redis.
pub struct RedisState {
    server: String,
    kept: Arc<Kept>,
    changes: watch::Sender<u64>,
    looking: AbortHandle,
}

/// Where it is kept.
struct Kept {
    link: Link,
    prefix: String,
    scripts: Scripts,
    /// What was told of the numbering.
    told: Mutex<RevocationHead>,
}

struct Scripts {
    keep_login: Script,
    take_login: Script,
    keep_code: Script,
    take_code: Script,
    begin_family: Script,
    rotate: Script,
    end_family: Script,
    head: Script,
    revoke: Script,
    revocations: Script,
}

impl fmt::Debug for RedisState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RedisState").field("server", &self.server).finish_non_exhaustive()
    }
}

impl Drop for RedisState {
    fn drop(&mut self) {
        self.looking.abort();
    }
}

impl RedisState {
    /// Opens the state on the server that `redis://HOST:PORT/DATABASE` names (`rediss://` with TLS), under names that begin with
    /// `prefix`. Services that name both alike share it.
    ///
    /// # Errors
    /// [`OpenError`]: no URL of a server, nobody there who lets us in, or one older than 7.
    pub async fn open(url: &str, prefix: &str) -> Result<Self, OpenError> {
        let server = Server::named(url)?;
        let link = Link::new(server.client.clone(), PATIENCE);
        server.check(&link).await?;
        // One slot of a cluster: a script may touch all of it.
        let kept = Kept {
            link,
            prefix: format!("{prefix}:{{auth}}:"),
            scripts: Scripts::new(),
            told: Mutex::default(),
        };
        let (kept, changes) = (Arc::new(kept), watch::Sender::new(0));
        let known = kept.head().await.map_err(|trouble| OpenError::Server {
            server: server.address.clone(),
            why: trouble.to_string(),
        })?;
        let looking = tokio::spawn(look(Arc::clone(&kept), known, changes.clone())).abort_handle();
        Ok(Self { server: server.address, kept, changes, looking })
    }
}

/// The numbering, and the last number of it.
type RevocationHead = (String, u64);

/// Tells of what other services revoked after `known`.
async fn look(kept: Arc<Kept>, mut known: RevocationHead, changes: watch::Sender<u64>) {
    let mut clock = tokio::time::interval(LOOK);
    clock.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        clock.tick().await;
        // A server that is away has no news; who asks for them is told that it is away.
        let Ok(found) = kept.head().await else { continue };
        if found != known {
            known = found;
            changes.send_modify(|count| *count += 1);
        }
    }
}

impl Scripts {
    fn new() -> Self {
        Self {
            keep_login: Script::new(include_str!("redis/keep_login.lua")),
            take_login: Script::new(include_str!("redis/take_login.lua")),
            keep_code: Script::new(include_str!("redis/keep_code.lua")),
            take_code: Script::new(include_str!("redis/take_code.lua")),
            begin_family: Script::new(include_str!("redis/begin_family.lua")),
            rotate: Script::new(include_str!("redis/rotate.lua")),
            end_family: Script::new(include_str!("redis/end_family.lua")),
            head: numbering(include_str!("redis/head.lua")),
            revoke: numbering(include_str!("redis/revoke.lua")),
            revocations: numbering(include_str!("redis/revocations.lua")),
        }
    }
}

/// A script on the numbering of revocations, which begins by looking at it.
fn numbering(body: &str) -> Script {
    Script::new(&format!("{}\n{body}", include_str!("redis/numbering.lua")))
}

impl Kept {
    fn key(&self, kind: &str, name: &str) -> String {
        format!("{}{kind}:{name}", self.prefix)
    }

    /// A call of a script on the numbering, for its own arguments to follow.
    fn numbered(&self, script: &Script, keys: &[String]) -> Cmd {
        let told = self.told();
        let mut call = script.call();
        call.arg(keys.len() + 1).arg(self.key("revocations", "head")).arg(keys);
        call.arg(new_epoch()).arg(&told.0).arg(told.1);
        call
    }

    /// Keeps what is told from here on.
    fn tell(&self, epoch: &str, head: u64) {
        let mut told = self.told();
        if told.0 != epoch {
            *told = (epoch.to_owned(), head);
        }
        told.1 = told.1.max(head);
    }

    fn told(&self) -> MutexGuard<'_, RevocationHead> {
        // Nothing is done under the lock that could leave it half done.
        self.told.lock().unwrap_or_else(PoisonError::into_inner)
    }

    async fn head(&self) -> Result<RevocationHead, Trouble> {
        let script = &self.scripts.head;
        let (epoch, head): RevocationHead = script.run(&self.link, &self.numbered(script, &[])).await?;
        self.tell(&epoch, head);
        Ok((epoch, head))
    }

    async fn run<T: FromRedisValue>(
        &self,
        script: &Script,
        keys: &[&str],
        arguments: impl FnOnce(&mut Cmd),
    ) -> Result<T, StateError> {
        let mut call = script.call();
        call.arg(keys.len()).arg(keys);
        arguments(&mut call);
        Ok(script.run(&self.link, &call).await?)
    }
}

impl From<Trouble> for StateError {
    fn from(trouble: Trouble) -> Self {
        Self(trouble.to_string())
    }
}

fn written(value: &impl Serialize) -> Result<String, StateError> {
    serde_json::to_string(value).map_err(|why| StateError(why.to_string()))
}

fn read<T: DeserializeOwned>(text: &str) -> Result<T, StateError> {
    serde_json::from_str(text).map_err(|why| StateError(format!("something is not as we keep it: {why}")))
}

/// What tells a call from others when it is made again.
fn call_id() -> Result<String, StateError> {
    random::text().map_err(|why| StateError(why.to_string()))
}

/// An epoch, should there be none.
fn new_epoch() -> String {
    uuid::Uuid::new_v4().simple().to_string()
}

/// Milliseconds from `now` until `then`, one at least: what has ended already may be kept for a moment.
fn life_ms(now: Timestamp, then: Timestamp) -> i64 {
    then.unix_ms().saturating_sub(now.unix_ms()).max(1)
}

#[async_trait]
impl AuthState for RedisState {
    async fn keep_login(
        &self,
        state: TokenHash,
        login: PendingLogin,
        now: Timestamp,
    ) -> Result<(), StateError> {
        let kept = &self.kept;
        let (key, index) = (kept.key("login", &state.text()), kept.key("logins", "by-end"));
        let text = written(&login)?;
        let has_place: bool = kept
            .run(&kept.scripts.keep_login, &[&key, &index], |call| {
                call.arg(&text).arg(login.expires_at.unix_ms()).arg(now.unix_ms()).arg(MOST_LOGINS);
            })
            .await?;
        if has_place { Ok(()) } else { Err(StateError("too many logins are kept".to_owned())) }
    }

    async fn take_login(&self, state: TokenHash, now: Timestamp) -> Result<Option<PendingLogin>, StateError> {
        let kept = &self.kept;
        let (key, index) = (kept.key("login", &state.text()), kept.key("logins", "by-end"));
        let call_id = call_id()?;
        let found: Option<String> = kept
            .run(&kept.scripts.take_login, &[&key, &index], |call| {
                call.arg(&call_id);
            })
            .await?;
        let login: Option<PendingLogin> = found.as_deref().map(read).transpose()?;
        Ok(login.filter(|login| login.expires_at > now))
    }

    async fn keep_code(&self, code: TokenHash, grant: CodeGrant, now: Timestamp) -> Result<(), StateError> {
        let kept = &self.kept;
        let key = kept.key("code", &code.text());
        let (text, life) = (written(&grant)?, life_ms(now, grant.expires_at));
        kept.run(&kept.scripts.keep_code, &[&key], |call| {
            call.arg(&text).arg(life.saturating_add(USED_CODE_MS));
        })
        .await
    }

    async fn take_code(&self, code: TokenHash, now: Timestamp) -> Result<TakenCode, StateError> {
        let kept = &self.kept;
        let call_id = call_id()?;
        let key = kept.key("code", &code.text());
        let (found, grant): (u8, Option<String>) = kept
            .run(&kept.scripts.take_code, &[&key], |call| {
                call.arg(&call_id);
            })
            .await?;
        let Some(grant) = grant.as_deref().map(read::<CodeGrant>).transpose()? else {
            return Ok(TakenCode::Unknown);
        };
        Ok(match found {
            2 if grant.expires_at > now => TakenCode::Good(grant),
            1 => TakenCode::Used(grant.session),
            _ => TakenCode::Unknown,
        })
    }

    async fn begin_family(&self, family: Family, first: TokenHash, now: Timestamp) -> Result<(), StateError> {
        let kept = &self.kept;
        let token = first.text();
        let keys = [
            kept.key("family", &family.session),
            kept.key("ended", &family.session),
            kept.key("token", &token),
        ];
        let text = written(&family)?;
        kept.run(&kept.scripts.begin_family, &[&keys[0], &keys[1], &keys[2]], |call| {
            call.arg(&text).arg(&family.client).arg(&token).arg(&family.session);
            call.arg(life_ms(now, family.expires_at)).arg(family.expires_at.unix_ms());
        })
        .await
    }

    async fn rotate(
        &self,
        presented: TokenHash,
        next: TokenHash,
        client: &str,
        now: Timestamp,
    ) -> Result<Rotation, StateError> {
        let kept = &self.kept;
        let (old, new) = (presented.text(), next.text());
        let (from, to) = (kept.key("token", &old), kept.key("token", &new));
        let (found, family): (u8, Option<String>) = kept
            .run(&kept.scripts.rotate, &[&from, &to], |call| {
                call.arg(&old).arg(&new).arg(client).arg(now.unix_ms()).arg(kept.key("family", ""));
            })
            .await?;
        Ok(match (found, family.as_deref().map(read::<Family>).transpose()?) {
            (2, Some(family)) => Rotation::Rotated(family),
            (1, Some(family)) => Rotation::Reused(family),
            _ => Rotation::Unknown,
        })
    }

    async fn family_of(&self, token: TokenHash, now: Timestamp) -> Result<Option<Family>, StateError> {
        let kept = &self.kept;
        let mut question = redis::cmd("GET");
        question.arg(kept.key("token", &token.text()));
        let Some(session) = kept.link.query::<Option<String>>(&question).await? else { return Ok(None) };
        let mut question = redis::cmd("HGET");
        question.arg(kept.key("family", &session)).arg("family");
        let found: Option<String> = kept.link.query(&question).await?;
        let family: Option<Family> = found.as_deref().map(read).transpose()?;
        Ok(family.filter(|family| family.expires_at > now))
    }

    async fn end_family(&self, session: &str, _: Timestamp) -> Result<(), StateError> {
        let kept = &self.kept;
        let (family, end) = (kept.key("family", session), kept.key("ended", session));
        kept.run(&kept.scripts.end_family, &[&family, &end], |call| {
            call.arg(ENDED_MS);
        })
        .await
    }

    async fn revoke(&self, revocation: Revocation, now: Timestamp) -> Result<(), StateError> {
        let kept = &self.kept;
        let text = written(&revocation)?;
        let keys = [
            kept.key("revocations", "by-number"),
            kept.key("revocations", "by-end"),
            kept.key("revoked", &TokenHash::of(&written(&revocation.what)?).text()),
        ];
        let script = &kept.scripts.revoke;
        let mut call = kept.numbered(script, &keys);
        call.arg(&text).arg(revocation.until.unix_ms()).arg(now.unix_ms());
        let (epoch, head): RevocationHead = script.run(&kept.link, &call).await?;
        kept.tell(&epoch, head);
        // Our own readers need not wait until we look.
        self.changes.send_modify(|count| *count += 1);
        Ok(())
    }

    async fn revocations(
        &self,
        epoch: &str,
        after: u64,
        now: Timestamp,
    ) -> Result<RevocationPage, StateError> {
        let kept = &self.kept;
        let script = &kept.scripts.revocations;
        let mut call = kept.numbered(script, &[kept.key("revocations", "by-number")]);
        call.arg(epoch).arg(after).arg(PAGE);
        let (epoch, head, told): (String, u64, Vec<(String, u64)>) = script.run(&kept.link, &call).await?;
        kept.tell(&epoch, head);
        // The number of the last one looked at, also when it has expired meanwhile and is not told.
        let head = if told.len() == PAGE { told.last().map_or(head, |(_, number)| *number) } else { head };
        let told = told.iter().map(|(text, _)| read(text)).collect::<Result<Vec<Revocation>, _>>()?;
        let revoked = told.into_iter().filter(|one| one.until > now).collect();
        Ok(RevocationPage { epoch, head, revoked })
    }

    async fn ready(&self) -> Result<(), StateError> {
        // Written, not only asked: a replica and a full server answer, and take nothing.
        let mut probe = redis::cmd("SET");
        probe.arg(self.kept.key("probe", "")).arg(1).arg("PX").arg(60_000);
        Ok(self.kept.link.query::<()>(&probe).await?)
    }

    fn changes(&self) -> watch::Receiver<u64> {
        self.changes.subscribe()
    }
}
