//! A server for tests, given or of one's own: only the latter can be paused, restarted and killed.

use crate::ServiceError;
use crate::container::Container;
use crate::process::{Folder, Process, Program};

/// A server and, where it is one's own, what keeps it.
#[derive(Debug)]
#[must_use = "a server of one's own ends when this is dropped"]
pub struct Server {
    service: &'static str,
    keeper: Keeper,
}

#[derive(Debug)]
enum Keeper {
    /// Somebody else.
    Given,
    Process(Box<Process>),
    Container(Container),
}

impl Server {
    /// One that somebody else keeps.
    pub(crate) fn given(service: &'static str) -> Self {
        Self { service, keeper: Keeper::Given }
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
        Ok(Self { service, keeper: Keeper::Process(Box::new(process)) })
    }

    /// One of one's own, in a container.
    pub(crate) fn contained(service: &'static str, container: Container) -> Self {
        Self { service, keeper: Keeper::Container(container) }
    }

    /// Whether it is somebody else's.
    pub(crate) fn is_given(&self) -> bool {
        matches!(self.keeper, Keeper::Given)
    }

    /// Stops it where it stands: connections stay open, and nothing answers.
    ///
    /// # Errors
    /// [`ServiceError`] when it is not one's own, or does not run.
    pub fn pause(&self) -> Result<(), ServiceError> {
        match &self.keeper {
            Keeper::Given => Err(self.not_ours()),
            Keeper::Process(process) => process.pause(),
            Keeper::Container(container) => container.tell("pause", "pause"),
        }
    }

    /// Lets it go on after a pause.
    ///
    /// # Errors
    /// As [`Server::pause`].
    pub fn resume(&self) -> Result<(), ServiceError> {
        match &self.keeper {
            Keeper::Given => Err(self.not_ours()),
            Keeper::Process(process) => process.resume(),
            Keeper::Container(container) => container.tell("resume", "unpause"),
        }
    }

    /// Kills it without a word.
    ///
    /// # Errors
    /// As [`Server::pause`].
    pub fn kill(&self) -> Result<(), ServiceError> {
        match &self.keeper {
            Keeper::Given => Err(self.not_ours()),
            Keeper::Process(process) => process.kill(),
            Keeper::Container(container) => container.tell("kill", "kill"),
        }
    }

    /// Shuts it down: open connections are closed.
    ///
    /// # Errors
    /// As [`Server::pause`].
    pub async fn stop(&self) -> Result<(), ServiceError> {
        match &self.keeper {
            Keeper::Given => Err(self.not_ours()),
            Keeper::Process(process) => process.stop().await,
            Keeper::Container(container) => container.stop().await,
        }
    }

    /// Starts it again after it was stopped or killed, at the same address with the data that it keeps.
    ///
    /// # Errors
    /// [`ServiceError`] when it is not one's own, or does not start.
    pub async fn start_again(&self) -> Result<(), ServiceError> {
        match &self.keeper {
            Keeper::Given => Err(self.not_ours()),
            Keeper::Process(process) => process.start_again().await,
            Keeper::Container(container) => container.start_again().await,
        }
    }

    /// Shuts it down and starts it again.
    ///
    /// # Errors
    /// As [`Server::start_again`].
    pub async fn restart(&self) -> Result<(), ServiceError> {
        self.stop().await?;
        self.start_again().await
    }

    fn not_ours(&self) -> ServiceError {
        ServiceError::Given { service: self.service }
    }
}
