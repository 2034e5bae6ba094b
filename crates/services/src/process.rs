//! A service as a process of ours: started, waited for, paused, killed, started again at the same place, and gone with its owner.

mod family;
mod folder;
mod port;
mod warden;

pub use folder::Folder;
pub use port::free_port;

use crate::ServiceError;
use family::Family;
use rustix::process::Signal;
use std::ffi::OsString;
use std::fmt;
use std::fs::File;
use std::path::{Path, PathBuf};
use std::pin::Pin;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};
use warden::Warden;

/// A service of a test starts in a second; on a machine that is busy with other tests, in many.
const READY_WITHIN: Duration = Duration::from_secs(60);

/// How long one that was told to end may take; then it is killed.
const ENDS_WITHIN: Duration = Duration::from_secs(10);

/// Between two looks at something that is about to happen.
const LOOK: Duration = Duration::from_millis(10);

/// What of a log is shown when its writer failed.
const LAST_WORDS: usize = 2_000;

/// What of this process's own environment is none of a service's business: it configures the tests.
const OURS: &str = "GOLDENPATH_";

/// How a service is started and told to end.
#[derive(Debug)]
pub struct Program {
    /// What messages call it.
    pub name: &'static str,
    /// The binary.
    pub binary: PathBuf,
    /// What it is told.
    pub args: Vec<OsString>,
    /// What stands in its environment, beside what this process has there for others.
    pub env: Vec<(OsString, OsString)>,
    /// Ends it and whatever it has started.
    pub end: End,
}

/// The signal that ends a service.
#[derive(Debug, Clone, Copy)]
pub enum End {
    /// As Ctrl-C does.
    Interrupt,
    /// As `kill` does.
    Terminate,
    /// At once: it has nothing that is worth a wait.
    Kill,
}

impl End {
    fn signal(self) -> Signal {
        match self {
            Self::Interrupt => Signal::INT,
            Self::Terminate => Signal::TERM,
            Self::Kill => Signal::KILL,
        }
    }

    /// As `kill -s` has it.
    fn name(self) -> &'static str {
        match self {
            Self::Interrupt => "INT",
            Self::Terminate => "TERM",
            Self::Kill => "KILL",
        }
    }
}

/// A look at a service: `Err` says what is still missing.
type Look = Pin<Box<dyn Future<Output = Result<(), String>> + Send>>;

/// A service that was started here. Dropping it ends it and removes its folder.
#[must_use = "the service ends when this is dropped"]
pub struct Process {
    program: Program,
    folder: Folder,
    // Told what it said since it was started.
    ready: Box<dyn Fn(String) -> Look + Send + Sync>,
    // Where in its log that begins.
    said_before: AtomicUsize,
    // `None` while it does not run.
    child: Mutex<Option<Child>>,
    warden: Mutex<Warden>,
}

impl fmt::Debug for Process {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // By hand: what a process is told may be secret.
        f.debug_struct("Process").field("name", &self.program.name).finish_non_exhaustive()
    }
}

impl Process {
    /// Starts a program that keeps its data in `folder`, and waits until `ready`, which is told what it said so far, says that it is.
    ///
    /// # Errors
    /// [`ServiceError`] when it cannot be started, ends, or is not ready in time.
    pub async fn start<F>(
        program: Program,
        folder: Folder,
        ready: impl Fn(String) -> F + Send + Sync + 'static,
    ) -> Result<Self, ServiceError>
    where
        F: Future<Output = Result<(), String>> + Send + 'static,
    {
        let name = program.name;
        let warden = Warden::over(folder.path(), program.end.name())
            .map_err(|why| ServiceError::Start { service: name, why: format!("its warden: {why}") })?;
        let process = Self {
            program,
            folder,
            ready: Box::new(move |said| Box::pin(ready(said))),
            said_before: AtomicUsize::new(0),
            child: Mutex::default(),
            warden: Mutex::new(warden),
        };
        process.start_again().await?;
        Ok(process)
    }

    /// Starts it after it was stopped or killed, with the same data and arguments; no second one where it runs.
    ///
    /// # Errors
    /// As [`Process::start`].
    pub async fn start_again(&self) -> Result<(), ServiceError> {
        self.launch().map_err(|why| ServiceError::Start { service: self.program.name, why })?;
        let until = Instant::now() + READY_WITHIN;
        loop {
            if self.pid().is_none() {
                return Err(ServiceError::Ended { service: self.program.name, log: self.last_words() });
            }
            let Err(why) = (self.ready)(self.said()).await else { return Ok(()) };
            if Instant::now() >= until {
                return Err(ServiceError::NotReady {
                    service: self.program.name,
                    within: READY_WITHIN,
                    why,
                    log: self.last_words(),
                });
            }
            tokio::time::sleep(LOOK).await;
        }
    }

    fn launch(&self) -> Result<(), String> {
        if self.pid().is_some() {
            return Ok(());
        }
        let log = File::options()
            .create(true)
            .append(true)
            .open(self.log())
            .map_err(|why| format!("`{}`: {why}", self.log().display()))?;
        self.said_before.store(self.all_said().len(), Ordering::Relaxed);
        let errors = log.try_clone().map_err(|why| why.to_string())?;
        let mut command = Command::new(&self.program.binary);
        command.args(&self.program.args).stdin(Stdio::null()).stdout(log).stderr(errors);
        for (name, _) in std::env::vars_os() {
            if name.to_string_lossy().starts_with(OURS) {
                command.env_remove(name);
            }
        }
        command.envs(self.program.env.iter().map(|(name, value)| (name, value)));
        self.folder.own(&mut command);
        // A group of its own: Ctrl-C in a terminal is for the tests, which end it in good order.
        std::os::unix::process::CommandExt::process_group(&mut command, 0);
        let started = command.spawn().map_err(|why| format!("`{}`: {why}", self.program.binary.display()))?;
        self.warden().watch(Some(started.id()));
        *self.child() = Some(started);
        Ok(())
    }

    /// Stops it where it stands, with everything it has started: nothing is answered any more, and nothing is closed.
    ///
    /// # Errors
    /// [`ServiceError::Signal`] when it does not run, or does not stop.
    pub fn pause(&self) -> Result<(), ServiceError> {
        self.family("pause")?.stop().map_err(|why| self.signal_error("pause", why))
    }

    /// Lets it go on after a pause.
    ///
    /// # Errors
    /// [`ServiceError::Signal`] when it does not run.
    pub fn resume(&self) -> Result<(), ServiceError> {
        self.family("resume")?.go_on();
        Ok(())
    }

    /// Kills it and everything it has started, without a word.
    ///
    /// # Errors
    /// [`ServiceError::Signal`] when it does not run, or does not die.
    pub fn kill(&self) -> Result<(), ServiceError> {
        let killed = self.family("kill")?.kill();
        // Listed as dead as soon as its first thread is, and waited for only when all of them are.
        let until = Instant::now() + ENDS_WITHIN;
        while killed.is_ok() && self.pid().is_some() {
            if Instant::now() >= until {
                return Err(self.signal_error("kill", "it does not die".to_owned()));
            }
            std::thread::sleep(LOOK);
        }
        killed.map_err(|why| self.signal_error("kill", why))
    }

    /// Ends it as its program says, its data stay; kills it when it takes too long.
    ///
    /// # Errors
    /// [`ServiceError::Signal`] when it does not run, or does not even die.
    pub async fn stop(&self) -> Result<(), ServiceError> {
        match self.ended(self.program.end, ENDS_WITHIN).await? {
            Some(_) => Ok(()),
            None => self.kill(),
        }
    }

    /// Tells it to end in good order, and waits `within` for that: how it ended, `None` when it did not.
    ///
    /// # Errors
    /// [`ServiceError::Signal`] when it does not run.
    pub async fn terminate(&self, within: Duration) -> Result<Option<ExitStatus>, ServiceError> {
        self.ended(End::Terminate, within).await
    }

    async fn ended(&self, end: End, within: Duration) -> Result<Option<ExitStatus>, ServiceError> {
        self.family("stop")?.end(end.signal());
        let until = Instant::now() + within;
        loop {
            match self.look() {
                Some(status) => return Ok(Some(status)),
                None if Instant::now() >= until => return Ok(None),
                None => tokio::time::sleep(LOOK).await,
            }
        }
    }

    /// Shuts it down and starts it again.
    ///
    /// # Errors
    /// As [`Process::stop`] and [`Process::start_again`].
    pub async fn restart(&self) -> Result<(), ServiceError> {
        self.stop().await?;
        self.start_again().await
    }

    /// Where it keeps its data.
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// What it said since it was last started.
    #[must_use]
    pub fn said(&self) -> String {
        let said = self.all_said();
        let before = self.said_before.load(Ordering::Relaxed).min(said.len());
        String::from_utf8_lossy(&said[before..]).into_owned()
    }

    /// The number of the process, if it runs.
    #[must_use]
    pub fn pid(&self) -> Option<u32> {
        self.look();
        self.child().as_ref().map(Child::id)
    }

    /// How it ended, if it has since the last look: then it is forgotten, since its number may soon be another's.
    fn look(&self) -> Option<ExitStatus> {
        let mut child = self.child();
        let status = child.as_mut().and_then(|child| child.try_wait().ok().flatten())?;
        *child = None;
        self.warden().watch(None);
        Some(status)
    }

    fn family(&self, what: &'static str) -> Result<Family, ServiceError> {
        let running = self.pid().map(Family::of);
        running.ok_or_else(|| self.signal_error(what, "it does not run".to_owned()))
    }

    fn signal_error(&self, what: &'static str, why: String) -> ServiceError {
        ServiceError::Signal { service: self.program.name, what, why }
    }

    fn child(&self) -> MutexGuard<'_, Option<Child>> {
        self.child.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn warden(&self) -> MutexGuard<'_, Warden> {
        self.warden.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn log(&self) -> PathBuf {
        self.folder.path().join("service.log")
    }

    fn all_said(&self) -> Vec<u8> {
        std::fs::read(self.log()).unwrap_or_default()
    }

    fn last_words(&self) -> String {
        let log = self.all_said();
        let last = log.len().saturating_sub(LAST_WORDS);
        String::from_utf8_lossy(&log[last..]).trim().to_owned()
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let Ok(family) = self.family("end") else { return };
        family.end(self.program.end.signal());
        let until = Instant::now() + ENDS_WITHIN;
        while self.pid().is_some() {
            if Instant::now() >= until {
                // Nobody is left to tell that it could not be killed.
                let _ = self.kill();
                return;
            }
            std::thread::sleep(LOOK);
        }
    }
}

/// The first of `PATH`, then of `places`, that has a program of this name.
#[must_use]
pub fn find(name: &str, places: &[PathBuf]) -> Option<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let in_path = std::env::split_paths(&path);
    in_path.chain(places.iter().cloned()).map(|place| place.join(name)).find(|file| is_program(file))
}

fn is_program(file: &Path) -> bool {
    use std::os::unix::fs::PermissionsExt;
    std::fs::metadata(file).is_ok_and(|found| found.is_file() && found.permissions().mode() & 0o111 != 0)
}

#[cfg(test)]
mod tests;
