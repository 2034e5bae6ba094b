//! The orderly end of a node.

use super::Gateway;
use crate::manager::{Connection, Ending};
use goldenpath_protocol::{CloseCode, ConnectionId};
use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;
use tokio::time::Instant;

/// How often it looks who can go.
const LOOK: Duration = Duration::from_millis(20);
/// The most time between the closes of two idle sockets: clients that come back one by one load nobody.
const SPREAD: Duration = Duration::from_millis(250);
/// What the last goodbyes may take: a second for our words, a second for the answer, and some to notice.
const GOODBYE: Duration = Duration::from_millis(2_500);
/// When a client should come back.
const AFTER_MS: u64 = 500;

/// Drains a node; gives whether everything ended by itself in time.
pub(super) async fn drain(gateway: &Gateway) -> bool {
    gateway.start_draining();
    let config = &gateway.config;
    let end = Instant::now() + config.drain_total;
    let grace = config.drain_runs.min(config.drain_total);
    let mut schedule = Schedule::new(gateway, grace);
    let until = Instant::now() + grace;
    while Instant::now() < until && !is_empty(gateway) {
        schedule.close_due(gateway);
        tokio::time::sleep(LOOK).await;
    }
    // Half of what is left for the runs' last events, the other half for telling the sockets.
    let half = end.saturating_duration_since(Instant::now()) / 2;
    let ended = gateway.bridge.interrupt(half).await;
    for connection in gateway.manager.connections() {
        connection.end(leave());
    }
    gateway.tasks.close();
    let patience = end.saturating_duration_since(Instant::now()).saturating_sub(GOODBYE);
    if tokio::time::timeout(patience, gateway.tasks.wait()).await.is_ok() {
        return ended;
    }
    // Who has not read what came before is told all the same, while there is time for it.
    for connection in gateway.manager.connections() {
        connection.end(Ending::Close { code: CloseCode::Draining, after_ms: AFTER_MS, caught_up: false });
    }
    let left = end.saturating_duration_since(Instant::now());
    let closed = tokio::time::timeout(left, gateway.tasks.wait()).await.is_ok();
    ended && closed
}

fn is_empty(gateway: &Gateway) -> bool {
    gateway.bridge.open_runs() == 0 && gateway.manager.count() == 0
}

fn leave() -> Ending {
    Ending::Close { code: CloseCode::Draining, after_ms: AFTER_MS, caught_up: true }
}

/// When each socket is due.
struct Schedule {
    due: HashMap<ConnectionId, Instant>,
}

impl Schedule {
    /// Spreads the sockets without an open run; the others are due when their runs have ended.
    fn new(gateway: &Gateway, grace: Duration) -> Self {
        let idle: Vec<Arc<Connection>> = gateway
            .manager
            .connections()
            .into_iter()
            .filter(|one| gateway.bridge.open_runs_of(one.user()) == 0)
            .collect();
        let count = u32::try_from(idle.len()).unwrap_or(u32::MAX).max(1);
        let (start, gap) = (Instant::now(), (grace / count).min(SPREAD));
        let due =
            idle.iter().zip(0_u32..).map(|(one, place)| (one.id().clone(), start + gap * place)).collect();
        Self { due }
    }

    fn close_due(&mut self, gateway: &Gateway) {
        let now = Instant::now();
        for connection in gateway.manager.connections() {
            let due = self.due.get(connection.id()).is_none_or(|due| *due <= now);
            if due && gateway.bridge.open_runs_of(connection.user()) == 0 {
                connection.end(leave());
            }
        }
    }
}
