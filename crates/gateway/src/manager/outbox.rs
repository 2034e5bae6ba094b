//! Control frames on their way to one socket. Run events never come here: the writer reads them from the log.

use crate::metrics::{GaugeGuard, Metrics};
use goldenpath_protocol::ServerFrame;
use std::collections::VecDeque;
use std::sync::{Mutex, MutexGuard, PoisonError};
use tokio::sync::Notify;

/// A bounded queue of control frames, as the text they are sent as.
#[derive(Debug)]
pub struct Outbox {
    queue: Mutex<Queue>,
    space: Notify,
    capacity: usize,
}

#[derive(Debug)]
struct Queue {
    frames: VecDeque<Box<str>>,
    bytes: usize,
    gauge: GaugeGuard,
}

impl Outbox {
    pub(crate) fn new(capacity: usize, metrics: &Metrics) -> Self {
        let queue = Queue { frames: VecDeque::new(), bytes: 0, gauge: metrics.outbox() };
        Self { queue: Mutex::new(queue), space: Notify::new(), capacity: capacity.max(1) }
    }

    /// Queues a frame that nobody asked for; `false` when there is no space.
    pub(crate) fn offer(&self, frame: &ServerFrame) -> bool {
        let mut queue = self.lock();
        if queue.frames.len() >= self.capacity {
            return false;
        }
        queue.push(frame);
        true
    }

    /// Queues the answer to a message. Always fits: who reads a message waits for [`space`](Self::space) first.
    pub(crate) fn reply(&self, frame: &ServerFrame) {
        self.lock().push(frame);
    }

    /// Takes the oldest frame.
    pub fn pop(&self) -> Option<Box<str>> {
        let mut queue = self.lock();
        let frame = queue.frames.pop_front()?;
        queue.bytes -= frame.len();
        let bytes = queue.bytes;
        queue.gauge.set(bytes);
        if queue.frames.is_empty() {
            queue.frames.shrink_to(4);
        }
        drop(queue);
        self.space.notify_one();
        Some(frame)
    }

    /// Frames that wait.
    #[must_use]
    pub fn len(&self) -> usize {
        self.lock().frames.len()
    }

    /// Whether none waits.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Waits until an answer fits. A client that asks and never reads is made to wait with its questions.
    pub(crate) async fn space(&self) {
        while self.len() >= self.capacity {
            self.space.notified().await;
        }
    }

    fn lock(&self) -> MutexGuard<'_, Queue> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Queue {
    fn push(&mut self, frame: &ServerFrame) {
        // Our own frames hold texts and numbers only; if one could not be written, silence would hide it.
        let text = serde_json::to_string(frame).unwrap_or_else(|error| {
            tracing::error!(%error, "failed to write a control frame");
            r#"{"type":"error","code":"internal","message":"failed to write an answer","retryable":true}"#
                .into()
        });
        self.bytes += text.len();
        self.frames.push_back(text.into_boxed_str());
        let bytes = self.bytes;
        self.gauge.set(bytes);
    }
}
