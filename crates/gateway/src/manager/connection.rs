//! One connection as the rest of the gateway sees it: who it belongs to, what to tell its writer, why it ends.

use super::held_token::HeldToken;
use super::outbox::Outbox;
use crate::auth::Revocations;
use crate::config::GatewayConfig;
use crate::delivery::{DeliveryTracker, TrackedConnection};
use crate::metrics::{GaugeGuard, Metrics};
use goldenpath_protocol::{ClientId, CloseCode, ConnectionId, ServerFrame, Timestamp, UserId};
use std::sync::atomic::{AtomicBool, AtomicI64, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use tokio::sync::Notify;

/// Why a connection ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ending {
    /// We close it, announced by `closing`.
    Close {
        /// The code.
        code: CloseCode,
        /// When the client should come back.
        after_ms: u64,
        /// Whether what the log already holds is written first.
        caught_up: bool,
    },
    /// The client broke WebSocket: 1002, 1007 or 1009.
    Violation(u16),
    /// The client closed, with this code (1005 for none).
    Client(u16),
    /// The peer is gone without a Close.
    Gone,
    /// The server was stopped hard.
    Stopped,
}

impl Ending {
    /// An announced close, at once.
    #[must_use]
    pub fn close(code: CloseCode) -> Self {
        let after_ms = match code {
            CloseCode::RateLimited => 10_000,
            CloseCode::SlowConsumer | CloseCode::ServerError => 1_000,
            _ => 0,
        };
        Self::Close { code, after_ms, caught_up: false }
    }

    /// The code that metrics count.
    #[must_use]
    pub fn code(self) -> u16 {
        match self {
            Self::Close { code, .. } => code.code(),
            Self::Violation(code) | Self::Client(code) => code,
            Self::Gone | Self::Stopped => 1006,
        }
    }

    fn waits(self) -> bool {
        matches!(self, Self::Close { caught_up: true, .. })
    }
}

/// A connection in the manager's registry.
#[derive(Debug)]
pub struct Connection {
    id: ConnectionId,
    user: UserId,
    client_id: Option<ClientId>,
    outbox: Outbox,
    delivery: TrackedConnection,
    wake: Notify,
    ending: Mutex<Option<Ending>>,
    /// Beside the token, since it is asked for with every event.
    expires_at_ms: AtomicI64,
    token: Mutex<HeldToken>,
    pongs: AtomicU64,
    deaf: AtomicBool,
    _gauge: GaugeGuard,
}

impl Connection {
    pub(super) fn new(
        user: UserId,
        client_id: Option<ClientId>,
        token: HeldToken,
        config: &GatewayConfig,
        tracker: &Arc<DeliveryTracker>,
        metrics: &Metrics,
    ) -> Self {
        let id = ConnectionId::from(uuid::Uuid::new_v4());
        Self {
            delivery: tracker.track(&user, &id),
            id,
            user,
            client_id,
            outbox: Outbox::new(config.outbox_frames, metrics),
            wake: Notify::new(),
            ending: Mutex::new(None),
            expires_at_ms: AtomicI64::new(token.expires_at.unix_ms()),
            token: Mutex::new(token),
            pongs: AtomicU64::new(0),
            deaf: AtomicBool::new(false),
            _gauge: metrics.connection(),
        }
    }

    /// Its id.
    #[must_use]
    pub fn id(&self) -> &ConnectionId {
        &self.id
    }

    /// Whose it is.
    #[must_use]
    pub fn user(&self) -> &UserId {
        &self.user
    }

    /// The client's lasting name for itself.
    #[must_use]
    pub fn client_id(&self) -> Option<&ClientId> {
        self.client_id.as_ref()
    }

    /// The control frames on their way.
    #[must_use]
    pub fn outbox(&self) -> &Outbox {
        &self.outbox
    }

    /// How far it is.
    pub fn delivery(&self) -> &TrackedConnection {
        &self.delivery
    }

    /// When its token expires.
    #[must_use]
    pub fn expires_at(&self) -> Timestamp {
        Timestamp::from_unix_ms(self.expires_at_ms.load(Ordering::Acquire))
    }

    /// Why it ends; `None` while it lives.
    #[must_use]
    pub fn ending(&self) -> Option<Ending> {
        *self.ending.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Ends it; the first reason stands, but for one that still waits to catch up. Gives whether this one stands.
    pub fn end(&self, why: Ending) -> bool {
        let mut ending = self.ending.lock().unwrap_or_else(PoisonError::into_inner);
        if ending.is_some_and(|first| !first.waits() || why.waits()) {
            return false;
        }
        *ending = Some(why);
        drop(ending);
        if !why.waits() {
            self.delivery.closing();
        }
        self.wake.notify_one();
        true
    }

    /// Whether messages are still served: yes until it ends, and while it catches up before a close.
    pub(crate) fn is_serving(&self) -> bool {
        self.ending().is_none_or(Ending::waits)
    }

    /// Answers a message.
    pub(crate) fn reply(&self, frame: &ServerFrame) {
        self.outbox.reply(frame);
        self.wake.notify_one();
    }

    /// Tells the writer to look at the log and the outbox.
    pub(crate) fn wake(&self) {
        self.wake.notify_one();
    }

    pub(crate) async fn woken(&self) {
        self.wake.notified().await;
    }

    /// Whether the token it holds is among these.
    pub(crate) fn is_revoked_by(&self, list: &Revocations) -> bool {
        self.token.lock().unwrap_or_else(PoisonError::into_inner).is_revoked_by(list)
    }

    pub(crate) fn refresh(&self, token: HeldToken) {
        self.expires_at_ms.store(token.expires_at.unix_ms(), Ordering::Release);
        *self.token.lock().unwrap_or_else(PoisonError::into_inner) = token;
        self.wake.notify_one();
    }

    /// Says whether a message is being served, and no other, no pong above all, is read meanwhile.
    pub(crate) fn set_deaf(&self, deaf: bool) {
        self.deaf.store(deaf, Ordering::Release);
    }

    pub(crate) fn is_deaf(&self) -> bool {
        self.deaf.load(Ordering::Acquire)
    }

    pub(crate) fn pong(&self) {
        self.pongs.fetch_add(1, Ordering::AcqRel);
    }

    pub(crate) fn pongs(&self) -> u64 {
        self.pongs.load(Ordering::Acquire)
    }
}
