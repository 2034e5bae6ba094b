//! Tokens that stopped counting before their end, as their issuer tells.
//!
//! The issuer numbers its revocations; a node asks for those after the last it knows, and the answer comes when there is
//! one, or after a second. So news is under way for milliseconds, and a node knows within seconds that it hears nothing.
//! What was revoked stays so, also when the issuer forgets it in a restart: entries leave only when their tokens have
//! expired anyway.

use super::documents::{DocumentError, Documents, failed};
use serde::Deserialize;
use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::sync::watch;
use tokio::task::JoinHandle;
use tokio::time::Instant;
use url::Url;

/// How long the issuer may hold an answer back while there is nothing to tell.
const HELD_MS: u64 = 1_000;
/// How long one question may take.
const DEADLINE: Duration = Duration::from_millis(1_800);
/// Between two questions, the first of which failed.
const RETRY: Duration = Duration::from_millis(200);
/// Who has heard nothing for so long does not know any more.
const STALE: Duration = Duration::from_secs(3);
/// The longest answer.
const MAX_BYTES: usize = 4 << 20;
/// Entries beyond their time are looked for this often.
const SWEEP: Duration = Duration::from_secs(30);

/// Whether a node knows of revocations.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Hearing {
    /// It heard a moment ago.
    Current,
    /// It heard nothing for seconds.
    Lost,
}

/// What the issuer answers.
#[derive(Debug, Deserialize)]
struct Answer {
    epoch: String,
    head: u64,
    revoked: Vec<Entry>,
}

/// A token by its `jti`, or all tokens of one login by their `sid`.
#[derive(Debug, Deserialize)]
struct Entry {
    #[serde(default)]
    jti: Option<String>,
    #[serde(default)]
    sid: Option<String>,
    /// From now on, until when such tokens could have been good, seconds.
    expires_in: u64,
}

#[derive(Debug, Default)]
struct State {
    epoch: String,
    head: u64,
    tokens: HashMap<Box<str>, Instant>,
    sessions: HashMap<Box<str>, Instant>,
    heard: Option<Instant>,
    swept: Option<Instant>,
}

/// The revocations that a node knows of.
#[derive(Debug, Default)]
pub struct Revocations {
    state: Mutex<State>,
    changes: watch::Sender<u64>,
}

impl Revocations {
    /// Whether a token was revoked, by its own id or with its login.
    #[must_use]
    pub fn holds(&self, jti: &str, session: Option<&str>) -> bool {
        let state = self.lock();
        state.tokens.contains_key(jti) || session.is_some_and(|sid| state.sessions.contains_key(sid))
    }

    /// Whether it is up to date.
    #[must_use]
    pub fn hearing(&self) -> Hearing {
        self.hearing_at(Instant::now())
    }

    fn hearing_at(&self, now: Instant) -> Hearing {
        match self.lock().heard {
            Some(heard) if now.duration_since(heard) < STALE => Hearing::Current,
            _ => Hearing::Lost,
        }
    }

    /// Tells of every growth.
    #[must_use]
    pub fn changes(&self) -> watch::Receiver<u64> {
        self.changes.subscribe()
    }

    /// Takes an answer in; gives whether anything is new.
    fn take(&self, answer: Answer, now: Instant) {
        let mut state = self.lock();
        let mut news = false;
        for Entry { jti, sid, expires_in } in answer.revoked {
            let until = now + Duration::from_secs(expires_in.min(366 * 86_400));
            if let Some(jti) = jti {
                news |= state.tokens.insert(jti.into(), until).is_none();
            }
            if let Some(sid) = sid {
                news |= state.sessions.insert(sid.into(), until).is_none();
            }
        }
        (state.epoch, state.head, state.heard) = (answer.epoch, answer.head, Some(now));
        if state.swept.is_none_or(|swept| now.duration_since(swept) >= SWEEP) {
            state.swept = Some(now);
            state.tokens.retain(|_, until| *until > now);
            state.sessions.retain(|_, until| *until > now);
        }
        drop(state);
        if news {
            self.changes.send_modify(|count| *count += 1);
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Asks the issuer again and again, until it is dropped.
#[derive(Debug)]
pub(super) struct RevocationsReader {
    list: Arc<Revocations>,
    task: JoinHandle<()>,
}

impl RevocationsReader {
    pub(super) fn start(url: &Url, ca_pem: Option<&[u8]>) -> Result<Self, DocumentError> {
        let documents = Documents::new(url, ca_pem, DEADLINE, MAX_BYTES)?;
        let list = Arc::new(Revocations::default());
        let task = tokio::spawn(ask_for_ever(Arc::clone(&list), documents, url.clone()));
        Ok(Self { list, task })
    }

    pub(super) fn list(&self) -> &Arc<Revocations> {
        &self.list
    }
}

impl Drop for RevocationsReader {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn ask_for_ever(list: Arc<Revocations>, documents: Documents, url: Url) {
    let mut well = true;
    loop {
        let asked = ask(&list, &documents, &url).await;
        match &asked {
            Ok(()) if !well => tracing::info!("revocations are read again"),
            // Said once: an issuer that is away for an hour is one event.
            Err(why) if well => tracing::warn!(%why, "tokens revoked from now on go on until they expire"),
            _ => {}
        }
        well = asked.is_ok();
        // Also after an answer: an issuer that holds nothing back must not be asked without a pause.
        tokio::time::sleep(if well { RETRY / 10 } else { RETRY }).await;
    }
}

async fn ask(list: &Revocations, documents: &Documents, url: &Url) -> Result<(), DocumentError> {
    let mut question = url.clone();
    {
        let state = list.lock();
        question
            .query_pairs_mut()
            .append_pair("epoch", &state.epoch)
            .append_pair("after", &state.head.to_string())
            .append_pair("wait_ms", &HELD_MS.to_string());
    }
    let body = documents.read(&question).await?;
    let answer: Answer = serde_json::from_slice(&body).map_err(|why| failed(url, &why.to_string()))?;
    list.take(answer, Instant::now());
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::{Answer, Hearing, Revocations, SWEEP};
    use std::time::Duration;
    use tokio::time::Instant;

    fn answer(epoch: &str, revoked: serde_json::Value) -> Answer {
        serde_json::from_value(serde_json::json!({"epoch": epoch, "head": 1, "revoked": revoked})).unwrap()
    }

    #[test]
    fn a_token_is_revoked_by_its_own_id_or_with_its_login() {
        let (list, now) = (Revocations::default(), Instant::now());
        let changes = list.changes();
        assert_eq!((list.hearing(), list.holds("t", Some("s"))), (Hearing::Lost, false));
        let told = serde_json::json!([{"jti": "t", "expires_in": 60}, {"sid": "s", "expires_in": 60}]);
        list.take(answer("a", told), now);
        assert!(changes.has_changed().unwrap());
        assert!(list.holds("t", None) && list.holds("other", Some("s")));
        assert!(!list.holds("s", Some("t")), "a token's id is no login's");
        assert_eq!(list.hearing_at(now + Duration::from_secs(1)), Hearing::Current);
        assert_eq!(list.hearing_at(now + Duration::from_secs(4)), Hearing::Lost);
    }

    #[test]
    fn what_an_issuer_forgets_stays_revoked_until_it_has_expired() {
        let (list, now) = (Revocations::default(), Instant::now());
        list.take(answer("a", serde_json::json!([{"jti": "t", "expires_in": 60}])), now);
        let changes = list.changes();
        list.take(answer("b", serde_json::json!([])), now + Duration::from_secs(59));
        assert!(list.holds("t", None) && !changes.has_changed().unwrap());
        list.take(answer("b", serde_json::json!([])), now + Duration::from_secs(60) + SWEEP);
        assert!(!list.holds("t", None));
    }
}
