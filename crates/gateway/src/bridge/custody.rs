//! The node among others that share its store: it says that it lives, does what others ask of its runs, and ends what a dead one left.

use super::Inner;
use std::sync::Arc;
use tokio::time::{Instant, Interval, MissedTickBehavior, interval_at};

impl Inner {
    /// Goes on until the node stops.
    pub(super) async fn keep_custody(self: Arc<Self>) {
        // Beside each other: to end what is left may take long, and who is silent for as long loses its own runs.
        tokio::join!(self.say_it_lives(), self.end_what_is_left());
    }

    async fn say_it_lives(&self) {
        let mut beats = self.beats();
        while self.stop.run_until_cancelled(beats.tick()).await.is_some() {
            match self.store.keep_alive().await {
                Ok(asked) => asked.iter().for_each(|run| self.slots.cancel(run)),
                Err(error) => tracing::warn!(%error, "failed to say that this node lives"),
            }
        }
    }

    async fn end_what_is_left(self: &Arc<Self>) {
        let mut beats = self.beats();
        while self.stop.run_until_cancelled(beats.tick()).await.is_some() {
            // What others left is for nodes that stay.
            if self.is_draining() {
                return;
            }
            match self.stop.run_until_cancelled(self.recover()).await {
                Some(Ok(0)) => {}
                Some(Ok(ended)) => tracing::warn!(ended, "runs that nobody drove any more have been ended"),
                Some(Err(error)) => tracing::warn!(%error, "failed to look for runs that nobody drives"),
                None => return,
            }
        }
    }

    fn beats(&self) -> Interval {
        let every = self.config.node_heartbeat;
        let mut beats = interval_at(Instant::now() + every, every);
        beats.set_missed_tick_behavior(MissedTickBehavior::Delay);
        beats
    }
}
