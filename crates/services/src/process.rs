//! A service as a process of ours: started, waited for, paused, killed, started again at the same place, and gone with its owner.

mod family;
mod folder;
mod port;
mod warden;

pub(super) use folder::Folder;
pub(super) use port::free_port;

use crate::ServiceError;
use family::Family;
use rustix::process::Signal;
use std::ffi::OsString;
use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
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

/// How a service is started and told to end.
#[derive(Debug)]
pub(super) struct Program {
    /// What messages call it.
    pub(super) name: &'static str,
    /// The binary.
    pub(super) binary: PathBuf,
    /// What it is told.
    pub(super) args: Vec<OsString>,
    /// Ends it and whatever it has started, in good order.
    pub(super) end: End,
}

/// The signal that ends a service in good order.
#[derive(Debug, Clone, Copy)]
pub(super) enum End {
    /// As Ctrl-C does.
    Interrupt,
    /// As `kill` does.
    #[allow(dead_code, reason = "how most servers end, though not the first one here")]
    Terminate,
}

impl End {
    fn signal(self) -> Signal {
        match self {
            Self::Interrupt => Signal::INT,
            Self::Terminate => Signal::TERM,
        }
    }

    /// As `kill -s` has it.
    fn name(self) -> &'static str {
        match self {
            Self::Interrupt => "INT",
            Self::Terminate => "TERM",
        }
    }
}

/// A service that was started here. Dropping it ends it and removes its folder.
#[derive(Debug)]
#[must_use = "the service ends when this is dropped"]
pub(super) struct ServiceProcess {
    program: Program,
    folder: Folder,
    // `None` while it does not run.
    child: Mutex<Option<Child>>,
    warden: Mutex<Warden>,
}

impl ServiceProcess {
    /// Starts a program that keeps its data in `folder`, and waits until `ready` says that it is.
    ///
    /// # Errors
    /// [`ServiceError`] when it cannot be started, ends, or is not ready in time.
    pub(super) async fn start(
        program: Program,
        folder: Folder,
        ready: impl AsyncFn() -> Result<(), String>,
    ) -> Result<Self, ServiceError> {
        let name = program.name;
        let warden = Warden::over(folder.path(), program.end.name())
            .map_err(|why| ServiceError::Start { service: name, why: format!("its warden: {why}") })?;
        let process = Self { program, folder, child: Mutex::default(), warden: Mutex::new(warden) };
        process.start_again(ready).await?;
        Ok(process)
    }

    /// Starts it after it was stopped or killed, with the same data and arguments; no second one where it runs.
    ///
    /// # Errors
    /// As [`ServiceProcess::start`].
    pub(super) async fn start_again(
        &self,
        ready: impl AsyncFn() -> Result<(), String>,
    ) -> Result<(), ServiceError> {
        self.launch().map_err(|why| ServiceError::Start { service: self.program.name, why })?;
        let until = Instant::now() + READY_WITHIN;
        loop {
            if self.running().is_none() {
                return Err(ServiceError::Ended { service: self.program.name, log: self.last_words() });
            }
            let Err(why) = ready().await else { return Ok(()) };
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
        if self.running().is_some() {
            return Ok(());
        }
        let log = File::options()
            .create(true)
            .append(true)
            .open(self.log())
            .map_err(|why| format!("`{}`: {why}", self.log().display()))?;
        let errors = log.try_clone().map_err(|why| why.to_string())?;
        let mut command = Command::new(&self.program.binary);
        command.args(&self.program.args).stdin(Stdio::null()).stdout(log).stderr(errors);
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
    pub(super) fn pause(&self) -> Result<(), ServiceError> {
        self.family("pause")?.stop().map_err(|why| self.signal_error("pause", why))
    }

    /// Lets it go on after a pause.
    ///
    /// # Errors
    /// [`ServiceError::Signal`] when it does not run.
    pub(super) fn resume(&self) -> Result<(), ServiceError> {
        self.family("resume")?.go_on();
        Ok(())
    }

    /// Kills it and everything it has started, without a word.
    ///
    /// # Errors
    /// [`ServiceError::Signal`] when it does not run, or does not die.
    pub(super) fn kill(&self) -> Result<(), ServiceError> {
        let killed = self.family("kill")?.kill();
        self.running();
        killed.map_err(|why| self.signal_error("kill", why))
    }

    /// Ends it in good order, its data stay; kills it when it takes too long.
    ///
    /// # Errors
    /// [`ServiceError::Signal`] when it does not run, or does not even die.
    pub(super) async fn stop(&self) -> Result<(), ServiceError> {
        self.family("stop")?.end(self.program.end.signal());
        let until = Instant::now() + ENDS_WITHIN;
        while self.running().is_some() {
            if Instant::now() >= until {
                return self.kill();
            }
            tokio::time::sleep(LOOK).await;
        }
        Ok(())
    }

    /// The number of the process, if it runs. One that has ended is waited for and forgotten, since its number may soon be another's.
    fn running(&self) -> Option<u32> {
        let mut child = self.child();
        if child.as_mut().is_some_and(|child| matches!(child.try_wait(), Ok(Some(_)))) {
            *child = None;
            self.warden().watch(None);
        }
        child.as_ref().map(Child::id)
    }

    fn family(&self, what: &'static str) -> Result<Family, ServiceError> {
        let running = self.running().map(Family::of);
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

    fn last_words(&self) -> String {
        let log = std::fs::read(self.log()).unwrap_or_default();
        let last = log.len().saturating_sub(LAST_WORDS);
        String::from_utf8_lossy(&log[last..]).trim().to_owned()
    }
}

impl Drop for ServiceProcess {
    fn drop(&mut self) {
        let Ok(family) = self.family("end") else { return };
        family.end(self.program.end.signal());
        let until = Instant::now() + ENDS_WITHIN;
        while self.running().is_some() {
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
pub(super) fn find(name: &str, places: &[PathBuf]) -> Option<PathBuf> {
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
