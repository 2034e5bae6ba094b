//! A server for tests, given or of one's own: only the latter can be paused, restarted and killed.

use crate::ServiceError;
use crate::process::{Folder, Process, Program};

/// A server and, where it is one's own, its process.
#[derive(Debug)]
#[must_use = "a server of one's own ends when this is dropped"]
pub struct Server {
    service: &'static str,
    // `None`: it was given.
    process: Option<Process>,
}

impl Server {
    /// One that somebody else keeps.
    pub(crate) fn given(service: &'static str) -> Self {
        Self { service, process: None }
    }

    /// One of one's own, that is ready when `answers` says so.
    pub(crate) async fn own<F>(
        program: Program,
        folder: Folder,
        answers: impl Fn() -> F + Send + Sync + 'static,
    ) -> Result<Self, ServiceError>
    where
        F: Future<Output = Result<(), String>> + Send + 'static,
    {
        let service = program.name;
        let process = Process::start(program, folder, move |_| answers()).await?;
        Ok(Self { service, process: Some(process) })
    }

    /// Whether it is somebody else's.
    pub(crate) fn is_given(&self) -> bool {
        self.process.is_none()
    }

    /// Stops it where it stands: connections stay open, and nothing answers.
    ///
    /// # Errors
    /// [`ServiceError`] when it is not one's own, or does not run.
    pub fn pause(&self) -> Result<(), ServiceError> {
        self.process()?.pause()
    }

    /// Lets it go on after a pause.
    ///
    /// # Errors
    /// As [`Server::pause`].
    pub fn resume(&self) -> Result<(), ServiceError> {
        self.process()?.resume()
    }

    /// Kills it without a word.
    ///
    /// # Errors
    /// As [`Server::pause`].
    pub fn kill(&self) -> Result<(), ServiceError> {
        self.process()?.kill()
    }

    /// Shuts it down: open connections are closed.
    ///
    /// # Errors
    /// As [`Server::pause`].
    pub async fn stop(&self) -> Result<(), ServiceError> {
        self.process()?.stop().await
    }

    /// Starts it again after it was stopped or killed, at the same address with the data that it keeps.
    ///
    /// # Errors
    /// [`ServiceError`] when it is not one's own, or does not start.
    pub async fn start_again(&self) -> Result<(), ServiceError> {
        self.process()?.start_again().await
    }

    /// Shuts it down and starts it again.
    ///
    /// # Errors
    /// As [`Server::start_again`].
    pub async fn restart(&self) -> Result<(), ServiceError> {
        self.process()?.restart().await
    }

    fn process(&self) -> Result<&Process, ServiceError> {
        self.process.as_ref().ok_or(ServiceError::Given { service: self.service })
    }
}
