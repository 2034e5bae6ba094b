//! A client that only records: what it sends, what comes, and how it ends. It judges nothing and hides nothing.

mod connect;
mod line;
mod read;
mod trial;

pub use connect::{Connect, ConnectError, Credential};

use crate::{Auth, Closed, Greeting, Prompt, Recorder, RunView, Target, TestUser, Token, View, WaitError};
use connect::{Opened, Ws};
use futures_util::SinkExt as _;
use futures_util::stream::{SplitSink, StreamExt as _};
use goldenpath_history::{
    CLOSE_NOT_ANSWERED, ClosedBy, Direction, REDACTED_JWT, RecordKind, redact_known, split_reference,
};
use serde_json::json;
use std::borrow::Cow;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};
use tokio::sync::Notify;
use tokio::task::JoinHandle;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::protocol::CloseFrame;
use tokio_tungstenite::tungstenite::protocol::frame::coding::CloseCode;

/// How long a frame may take to leave, and a Close to be answered.
const SEND_DEADLINE: Duration = Duration::from_secs(10);

/// A frame that did not leave.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SendError {
    /// The connection is over.
    #[error("failed to send: {0}")]
    Ended(String),
    /// The target takes no bytes.
    #[error("failed to send within {} s", SEND_DEADLINE.as_secs())]
    Stalled,
}

/// One connection of one user. Dropping it ends its tasks and its socket, without a Close.
#[derive(Debug)]
#[must_use = "dropping a client ends its connection"]
pub struct Client {
    shared: Arc<Shared>,
    reader: JoinHandle<()>,
}

#[derive(Debug)]
struct Shared {
    conn: u32,
    user: Arc<str>,
    recorder: Recorder,
    view: Mutex<View>,
    seen: Notify,
    sink: tokio::sync::Mutex<SplitSink<Ws, Message>>,
    /// A Close of ours is under way.
    closing: AtomicBool,
    /// What passes the transport.
    valve: line::Valve,
    /// The link is cut when so many frames have come.
    lost_after: Option<u64>,
}

impl Shared {
    fn view(&self) -> MutexGuard<'_, View> {
        self.view.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn record(&self, kind: RecordKind<'static>) -> u64 {
        self.recorder.record(Some(self.conn), Some(&self.user), kind)
    }

    /// Records the end, once.
    fn end(&self, code: Option<u16>, reason: &str, by: ClosedBy) {
        {
            let mut view = self.view();
            if view.closed.is_some() {
                return;
            }
            // Clean in the view, too: errors say it, and what they say is kept.
            let reason = redact_known(reason, &self.recorder.secrets().known()).into_owned();
            view.closed = Some(Closed { code, reason: reason.clone() });
            let reason = (!reason.is_empty()).then_some(Cow::Owned(reason));
            self.record(RecordKind::Close { code, reason, by });
        }
        self.seen.notify_waiters();
    }

    async fn send(&self, message: Message) -> Result<(), SendError> {
        let sent = async { self.sink.lock().await.send(message).await };
        match tokio::time::timeout(SEND_DEADLINE, sent).await {
            Ok(Ok(())) => Ok(()),
            Ok(Err(why)) => Err(SendError::Ended(why.to_string())),
            Err(_) => Err(SendError::Stalled),
        }
    }
}

impl Client {
    pub(crate) async fn connect(
        target: &Target,
        auth: &Auth,
        user: &TestUser,
        recorder: &Recorder,
        how: Connect,
    ) -> Result<Self, ConnectError> {
        let conn = recorder.next_conn();
        let lost_after = how.lost_after;
        let Opened { socket, valve, first } = connect::open(target, auth, user, recorder, conn, how).await?;
        let (sink, stream) = socket.split();
        let shared = Arc::new(Shared {
            conn,
            user: user.name().clone(),
            recorder: recorder.clone(),
            view: Mutex::default(),
            seen: Notify::new(),
            sink: tokio::sync::Mutex::new(sink),
            closing: AtomicBool::new(false),
            valve,
            lost_after,
        });
        let client = Self { reader: tokio::spawn(read::read(stream, shared.clone())), shared };
        if let Some(token) = first {
            let frame = |token: &str| json!({"type": "authenticate", "token": token}).to_string();
            // A socket that is closed already says so in its record; there is nothing to add here.
            let _ = client.send_as(frame(token.reveal()), frame(REDACTED_JWT)).await;
        }
        Ok(client)
    }

    /// The number of this connection in the history.
    #[must_use]
    pub fn conn(&self) -> u32 {
        self.shared.conn
    }

    /// Whose connection it is.
    #[must_use]
    pub fn user(&self) -> &str {
        &self.shared.user
    }

    /// Looks at what was seen so far.
    pub fn view<T>(&self, look: impl FnOnce(&View) -> T) -> T {
        look(&self.shared.view())
    }

    /// Asks now, in `thread` or a new one.
    ///
    /// # Errors
    /// When the frame does not leave.
    pub async fn ask(&self, prompt: &Prompt, thread: Option<&str>) -> Result<(), SendError> {
        self.ask_at(prompt, thread, self.shared.recorder.now_ns()).await
    }

    /// Asks; limits count from `intended_t_ns`, when the plan wanted it asked.
    ///
    /// # Errors
    /// When the frame does not leave.
    pub async fn ask_at(
        &self,
        prompt: &Prompt,
        thread: Option<&str>,
        intended_t_ns: u64,
    ) -> Result<(), SendError> {
        let mut frame = json!({
            "type": "agent_request",
            "request_id": prompt.request_id,
            "message": prompt.message,
        });
        if let Some(thread) = thread {
            frame["thread_id"] = thread.into();
        }
        if let Some(agent) = &prompt.scenario.agent {
            frame["agent"] = agent.as_str().into();
        }
        self.shared.record(RecordKind::Request {
            request_id: Cow::Owned(prompt.request_id.clone()),
            intended_t_ns,
            scenario: Cow::Owned(prompt.scenario.name.clone()),
            reference: Some(Cow::Owned(prompt.reference.clone())),
            prompt: Some(Cow::Owned(split_reference(&prompt.message).0.to_owned())),
            expect: prompt.scenario.expect.clone(),
        });
        self.send_text(frame.to_string()).await
    }

    /// Asks for a run's end.
    ///
    /// # Errors
    /// When the frame does not leave.
    pub async fn cancel(&self, run_id: &str) -> Result<(), SendError> {
        self.send_text(json!({"type": "cancel", "run_id": run_id}).to_string()).await
    }

    /// Acknowledges all up to `offset`.
    ///
    /// # Errors
    /// When the frame does not leave.
    pub async fn ack(&self, offset: u64) -> Result<(), SendError> {
        self.send_text(json!({"type": "ack", "offset": offset}).to_string()).await
    }

    /// Asks for a `pong`, which tells the server's time.
    ///
    /// # Errors
    /// When the frame does not leave.
    pub async fn ping(&self, n: u64) -> Result<(), SendError> {
        self.send_text(json!({"type": "ping", "n": n}).to_string()).await
    }

    /// Shows a new token. The record holds none.
    ///
    /// # Errors
    /// When the frame does not leave.
    pub async fn refresh(&self, token: &Token) -> Result<(), SendError> {
        self.shared.recorder.hide(token);
        let frame = |token: &str| json!({"type": "refresh", "token": token}).to_string();
        self.send_as(frame(token.reveal()), frame(REDACTED_JWT)).await
    }

    /// Sends any text, well-formed or not.
    ///
    /// # Errors
    /// When the frame does not leave.
    pub async fn send_text(&self, text: String) -> Result<(), SendError> {
        self.send_as(text.clone(), text).await
    }

    /// Sends a binary frame.
    ///
    /// # Errors
    /// When the frame does not leave.
    pub async fn send_binary(&self, bytes: Vec<u8>) -> Result<(), SendError> {
        self.shared.record(RecordKind::Frame {
            dir: Direction::Out,
            raw: Cow::Owned(read::binary(&self.shared, &bytes)),
            opcode: Some("binary".into()),
        });
        self.shared.send(Message::binary(bytes)).await
    }

    async fn send_as(&self, text: String, recorded: String) -> Result<(), SendError> {
        self.shared.record(RecordKind::Frame {
            dir: Direction::Out,
            raw: Cow::Owned(recorded),
            opcode: None,
        });
        self.shared.send(Message::text(text)).await
    }

    /// Waits until `look` finds what it looks for in all that was seen so far.
    ///
    /// # Errors
    /// At the deadline, or when the connection ended without it: says what was waited for and what came.
    pub async fn wait_for<T>(
        &self,
        what: &str,
        deadline: Duration,
        mut look: impl FnMut(&View) -> Option<T>,
    ) -> Result<T, WaitError> {
        let begun = Instant::now();
        let found = async {
            loop {
                // Enabled before the look, so that nothing seen in between is missed.
                let mut seen = std::pin::pin!(self.shared.seen.notified());
                seen.as_mut().enable();
                {
                    let view = self.shared.view();
                    if let Some(found) = look(&view) {
                        return Ok(found);
                    }
                    if view.closed.is_some() {
                        return Err(WaitError::new(what, begun.elapsed(), &view));
                    }
                }
                seen.await;
            }
        };
        // One timer for the whole wait: a waiter is woken for every frame.
        match tokio::time::timeout(deadline, found).await {
            Ok(found) => found,
            Err(_) => Err(WaitError::new(what, deadline, &self.shared.view())),
        }
    }

    /// Waits for the server's first frame.
    ///
    /// # Errors
    /// When it does not come in time.
    pub async fn wait_for_greeting(&self, deadline: Duration) -> Result<Greeting, WaitError> {
        self.wait_for("`connection_established`", deadline, |view| view.greeting.clone()).await
    }

    /// Waits until the run of a request shows itself; gives its id.
    ///
    /// # Errors
    /// When it does not in time.
    pub async fn wait_for_run(&self, request_id: &str, deadline: Duration) -> Result<String, WaitError> {
        let what = format!("the first event of request `{request_id}`");
        self.wait_for(&what, deadline, |view| view.run_of(request_id).map(|(id, _)| id.to_owned())).await
    }

    /// Waits until a request's run ended or the request was refused; `None` means refused.
    ///
    /// # Errors
    /// When neither comes in time.
    pub async fn wait_for_end(
        &self,
        request_id: &str,
        deadline: Duration,
    ) -> Result<Option<(String, RunView)>, WaitError> {
        self.wait_for(&format!("the end of request `{request_id}`"), deadline, |view| {
            match view.run_of(request_id) {
                Some((id, run)) if run.ended.is_some() => Some(Some((id.to_owned(), run.clone()))),
                _ => view.refusal(request_id).map(|_| None),
            }
        })
        .await
    }

    /// Waits until the connection ended.
    ///
    /// # Errors
    /// When it is still open at the deadline.
    pub async fn wait_for_close(&self, deadline: Duration) -> Result<Closed, WaitError> {
        self.wait_for("the connection's end", deadline, |view| view.closed.clone()).await
    }

    /// Closes with 1000 and waits for the answer.
    pub async fn close(&self) {
        self.close_with(1000, "").await;
    }

    /// Closes with a code and waits for the answer; a target that gives none is recorded as such.
    pub async fn close_with(&self, code: u16, reason: &str) {
        self.shared.closing.store(true, Ordering::Release);
        let frame = CloseFrame { code: CloseCode::from(code), reason: reason.to_owned().into() };
        // A connection that is over already has its record.
        let _ = self.shared.send(Message::Close(Some(frame))).await;
        if self.wait_for_close(SEND_DEADLINE).await.is_err() {
            self.shared.end(None, CLOSE_NOT_ANSWERED, ClosedBy::Client);
        }
    }
}

impl Drop for Client {
    fn drop(&mut self) {
        self.reader.abort();
        self.shared.end(None, "", ClosedBy::Client);
    }
}
