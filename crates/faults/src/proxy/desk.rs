//! What every connection of a proxy shares: one clock, numbers, the seed, and where receipts go.

use crate::receipt::Receipt;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;
use tokio::time::Instant;

/// Where receipts go.
pub(super) type OnReceipt = Box<dyn FnMut(Receipt) + Send>;

/// The shared things of one proxy.
pub(super) struct Desk {
    began: Instant,
    seed: u64,
    conns: AtomicU32,
    on_receipt: Mutex<OnReceipt>,
}

impl Desk {
    pub(super) fn new(seed: u64, on_receipt: OnReceipt) -> Self {
        Self { began: Instant::now(), seed, conns: AtomicU32::new(0), on_receipt: Mutex::new(on_receipt) }
    }

    /// The time since the proxy began.
    pub(super) fn now(&self) -> Duration {
        self.began.elapsed()
    }

    /// The same in nanoseconds.
    pub(super) fn now_ns(&self) -> u64 {
        u64::try_from(self.now().as_nanos()).unwrap_or(u64::MAX)
    }

    /// Waits until so long after the proxy began.
    pub(super) async fn wait_until(&self, due: Duration) {
        if due > self.now() {
            tokio::time::sleep_until(self.began + due).await;
        }
    }

    /// A number for the next connection.
    pub(super) fn next_conn(&self) -> u32 {
        self.conns.fetch_add(1, Ordering::Relaxed)
    }

    /// A seed for what happens on one connection.
    pub(super) fn seed_of(&self, conn: u32) -> u64 {
        self.seed ^ (u64::from(conn) + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15)
    }

    /// Hands a receipt out.
    pub(super) fn sign(&self, receipt: Receipt) {
        let mut on_receipt = self.on_receipt.lock().unwrap_or_else(PoisonError::into_inner);
        (*on_receipt)(receipt);
    }
}
