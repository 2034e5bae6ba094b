//! Ctrl-C and SIGTERM: the first asks the work to end with what it has, the second ends the process.

use crate::exit::{CommandError, Exit};
use crate::output::Output;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

/// What a run says at the first signal.
pub(crate) const ENDING: &str =
    "interrupted: ending with what there is (once more: at once, without a report)";

/// Listens for signals until it is dropped.
#[derive(Debug)]
#[must_use = "nobody listens once it is dropped"]
pub(crate) struct Interrupt {
    cancel: CancellationToken,
    listener: JoinHandle<()>,
}

impl Interrupt {
    /// Listens from now on: a signal that comes before there is anything to stop is kept for it.
    ///
    /// `says` is told at the first one.
    pub(crate) fn listen(output: Output, says: &'static str) -> Result<Self, CommandError> {
        let mut signals = Signals::new()
            .map_err(|why| CommandError::Outside(format!("failed to listen for signals: {why}")))?;
        let cancel = CancellationToken::new();
        let asked = cancel.clone();
        let listener = tokio::spawn(async move {
            signals.next().await;
            output.note(says);
            asked.cancel();
            signals.next().await;
            std::process::exit(Exit::Interrupted.code().into());
        });
        Ok(Self { cancel, listener })
    }

    /// Is cancelled by the first signal.
    pub(crate) fn token(&self) -> CancellationToken {
        self.cancel.clone()
    }
}

impl Drop for Interrupt {
    fn drop(&mut self) {
        self.listener.abort();
    }
}

#[cfg(unix)]
struct Signals {
    interrupt: tokio::signal::unix::Signal,
    terminate: tokio::signal::unix::Signal,
}

#[cfg(unix)]
impl Signals {
    fn new() -> std::io::Result<Self> {
        use tokio::signal::unix::{SignalKind, signal};
        Ok(Self { interrupt: signal(SignalKind::interrupt())?, terminate: signal(SignalKind::terminate())? })
    }

    async fn next(&mut self) {
        tokio::select! {
            _ = self.interrupt.recv() => {}
            _ = self.terminate.recv() => {}
        }
    }
}

#[cfg(not(unix))]
struct Signals;

#[cfg(not(unix))]
impl Signals {
    fn new() -> std::io::Result<Self> {
        Ok(Self)
    }

    async fn next(&mut self) {
        if tokio::signal::ctrl_c().await.is_err() {
            // Nobody can tell any more: wait for the end of the work instead.
            std::future::pending::<()>().await;
        }
    }
}
