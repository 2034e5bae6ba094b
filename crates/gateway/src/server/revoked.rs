//! Ends the connections whose tokens were revoked, as soon as a revocation is known.

use super::Gateway;
use crate::auth::Revocations;
use std::sync::Arc;

/// Looks at every connection whenever the list grows, until the node stops. A connection that comes while it looks asks
/// for itself.
pub(super) async fn end_all(gateway: Arc<Gateway>, list: Arc<Revocations>) {
    let mut changes = list.changes();
    // What is on the list already is told by no change.
    changes.mark_changed();
    while let Some(Ok(())) = gateway.stop.run_until_cancelled(changes.changed()).await {
        let ended = gateway.manager.connections().iter().filter(|one| gateway.end_if_revoked(one)).count();
        if ended > 0 {
            tracing::info!(ended, "connections end: their tokens were revoked");
        }
    }
}
