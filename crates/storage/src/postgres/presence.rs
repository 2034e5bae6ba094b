//! Since when the server has heard this node without a break.
//!
//! A server that was away for longer than a lease comes back to nodes that all look dead, and the first that speaks would take the
//! runs of the others. So a node takes nothing over until it has been heard for a whole lease: by then every other one that
//! lives has been heard, too.

use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

/// When the server heard this node.
#[derive(Debug, Default)]
pub(super) struct Presence(Mutex<Option<Heard>>);

#[derive(Debug, Clone, Copy)]
struct Heard {
    first: Instant,
    last: Instant,
}

impl Presence {
    /// It was heard just now. A break of half a lease begins it anew: others may have been silent for a little longer.
    pub(super) fn heard(&self, now: Instant, lease: Duration) {
        let mut heard = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let unbroken = heard.filter(|heard| now.duration_since(heard.last) <= lease / 2);
        *heard = Some(Heard { first: unbroken.map_or(now, |heard| heard.first), last: now });
    }

    /// Whether every node that lives has had the time to be heard.
    pub(super) fn is_settled(&self, now: Instant, lease: Duration) -> bool {
        let heard = *self.0.lock().unwrap_or_else(PoisonError::into_inner);
        heard.is_some_and(|heard| {
            now.duration_since(heard.last) <= lease / 2 && now.duration_since(heard.first) >= lease
        })
    }
}

#[cfg(test)]
mod tests {
    use super::Presence;
    use std::time::{Duration, Instant};

    const LEASE: Duration = Duration::from_secs(6);

    #[test]
    fn a_node_is_settled_when_it_was_heard_for_a_lease_without_a_break() {
        let (presence, start) = (Presence::default(), Instant::now());
        let at = |seconds| start + Duration::from_secs(seconds);
        assert!(!presence.is_settled(at(0), LEASE), "never heard");
        for seconds in [0, 2, 4] {
            presence.heard(at(seconds), LEASE);
            assert!(!presence.is_settled(at(seconds), LEASE), "{seconds} s");
        }
        presence.heard(at(6), LEASE);
        assert!(presence.is_settled(at(6), LEASE));
        assert!(!presence.is_settled(at(10), LEASE), "the server was silent since");
        presence.heard(at(10), LEASE);
        assert!(!presence.is_settled(at(10), LEASE), "after a break it begins anew");
        for seconds in [12, 14, 16] {
            presence.heard(at(seconds), LEASE);
        }
        assert!(presence.is_settled(at(16), LEASE));
    }
}
