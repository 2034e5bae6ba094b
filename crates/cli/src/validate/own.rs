//! A target that is ours to stop and to start again.

use std::fmt;
use std::future::Future;
use std::pin::Pin;

/// Something that goes on while its target is stopped or started.
pub type Doing<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// A target that is ours: nobody else is served by it.
pub trait OwnTarget: fmt::Debug + Send + Sync {
    /// Tells it to stop, as SIGTERM does, and waits until it is gone. Gives whether everything ended by itself in time.
    fn stop(&self) -> Doing<'_, bool>;

    /// Starts it again at the same address, with the same store, and waits until it is ready; an error says why it is not.
    fn start(&self) -> Doing<'_, Result<(), String>>;
}
