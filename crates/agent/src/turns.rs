//! Turns at the processors: as many computations at once as there are processors, since more would only delay each
//! other, and everything else that the process does with them.

use std::sync::Arc;
use tokio::sync::Semaphore;
use tokio::task::JoinError;

/// Hands out turns; clones share them.
#[derive(Debug, Clone)]
pub struct Turns(Arc<Semaphore>);

impl Turns {
    /// So many at once, at least one.
    #[must_use]
    pub fn new(at_once: usize) -> Self {
        Self(Arc::new(Semaphore::new(at_once.clamp(1, Semaphore::MAX_PERMITS))))
    }

    /// Waits for a turn and computes, on a thread where that blocks nobody.
    ///
    /// # Errors
    /// [`JoinError`] when the computation panics.
    pub async fn compute<T: Send + 'static>(
        &self,
        computation: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, JoinError> {
        // Fails only when closed, which it never is.
        let turn = Arc::clone(&self.0).acquire_owned().await.ok();
        // The turn lasts as long as the computation, also when nobody waits for that any more.
        let compute = move || {
            let _turn = turn;
            computation()
        };
        tokio::task::spawn_blocking(compute).await
    }
}

impl Default for Turns {
    fn default() -> Self {
        Self::new(std::thread::available_parallelism().map_or(2, std::num::NonZero::get))
    }
}
