//! A service in a container, where there is an engine and no binary: started, waited for, paused, killed, started again at the same address, and
//! gone with its owner, also when that one is killed.
//!
//! By the engine's own command (`docker`, or what GOLDENPATH_ENGINE names): it knows where the engine is, and the shell that cleans up
//! after a killed owner can say no more than a command either.

use crate::ServiceError;
use crate::process::free_port;
use std::fmt;
use std::os::unix::process::CommandExt;
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

/// Names the engine's command.
const ENGINE: &str = "GOLDENPATH_ENGINE";

/// A service starts in seconds; on a machine that is busy with other tests, in many.
const READY_WITHIN: Duration = Duration::from_secs(120);

/// Between two looks at something that is about to happen.
const LOOK: Duration = Duration::from_millis(50);

/// What is run, and how.
#[derive(Debug)]
pub(crate) struct Recipe {
    /// What messages call it.
    pub(crate) name: &'static str,
    /// The image, where `variable` names no other one.
    pub(crate) image: &'static str,
    /// Names the image.
    pub(crate) variable: &'static str,
    /// Where it listens inside.
    pub(crate) port: u16,
    /// Its environment.
    pub(crate) env: Vec<(&'static str, String)>,
    /// What is run in it.
    pub(crate) command: Vec<&'static str>,
}

/// A container that was started here. Dropping it ends it and removes it with its data.
#[must_use = "the container is removed when this is dropped"]
pub(crate) struct Container {
    service: &'static str,
    name: String,
    ready: Ready,
    port: u16,
    warden: Mutex<Warden>,
}

impl fmt::Debug for Container {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Container")
            .field("name", &self.name)
            .field("port", &self.port)
            .finish_non_exhaustive()
    }
}

/// Asks whether the service answers, at a port.
type Ready = Arc<dyn Fn(u16) -> Asked + Send + Sync>;
/// The answer that is waited for.
type Asked = std::pin::Pin<Box<dyn Future<Output = Result<(), String>> + Send>>;

/// Whether an engine answers.
pub(crate) fn engine_answers() -> bool {
    engine(&["version".to_owned()], &[]).is_ok()
}

/// What the engine says to this.
fn engine(words: &[String], secrets: &[(&str, String)]) -> Result<String, String> {
    let program = std::env::var(ENGINE).unwrap_or_else(|_| "docker".to_owned());
    let mut command = Command::new(&program);
    command.args(words).stdin(Stdio::null()).envs(secrets.iter().map(|(name, value)| (*name, value)));
    let output = command.output().map_err(|why| format!("`{program}`: {why}"))?;
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).trim().to_owned();
    if output.status.success() { Ok(text(&output.stdout)) } else { Err(text(&output.stderr)) }
}

/// The same beside what else is to be done.
async fn engine_beside(words: Vec<String>, secrets: Vec<(&'static str, String)>) -> Result<String, String> {
    let said = tokio::task::spawn_blocking(move || engine(&words, &secrets));
    said.await.map_err(|why| why.to_string())?
}

fn words(said: &[&str]) -> Vec<String> {
    said.iter().map(|word| (*word).to_owned()).collect()
}

impl Container {
    /// Starts one, its image is fetched where it is not here, and waits until `ready` says so of its port on loopback.
    ///
    /// # Errors
    /// [`ServiceError`] when it cannot be started, ends, or is not ready in time.
    pub(crate) async fn start<F>(
        recipe: Recipe,
        ready: impl Fn(u16) -> F + Send + Sync + 'static,
    ) -> Result<Self, ServiceError>
    where
        F: Future<Output = Result<(), String>> + Send + 'static,
    {
        let service = recipe.name;
        let failed = |why: String| ServiceError::Start { service, why: format!("in a container: {why}") };
        let image = std::env::var(recipe.variable).unwrap_or_else(|_| recipe.image.to_owned());
        let name = format!("goldenpath-test-{}", uuid::Uuid::now_v7().simple());
        // Chosen here: one that the engine chooses is another one after each start.
        let port = free_port().map_err(failed)?;
        let published = format!("127.0.0.1:{port}:{}", recipe.port);
        let mut run = words(&["run", "--detach", "--name", &name, "--publish", &published]);
        recipe.env.iter().for_each(|(name, _)| run.extend(words(&["--env", name])));
        run.push(image);
        run.extend(words(&recipe.command));
        let warden = Warden::over(&name).map_err(|why| failed(format!("its warden: {why}")))?;
        let ready: Ready = Arc::new(move |port| Box::pin(ready(port)));
        let container = Self { service, name, ready, port, warden: Mutex::new(warden) };
        engine_beside(run, recipe.env).await.map_err(failed)?;
        container.wait().await?;
        Ok(container)
    }

    /// Where it answers on loopback.
    pub(crate) fn port(&self) -> u16 {
        self.port
    }

    async fn wait(&self) -> Result<(), ServiceError> {
        let until = Instant::now() + READY_WITHIN;
        loop {
            let Err(why) = (self.ready)(self.port).await else { return Ok(()) };
            let state = words(&["container", "inspect", "--format", "{{.State.Running}}", &self.name]);
            let running = engine_beside(state, Vec::new()).await;
            if running.as_deref() != Ok("true") {
                return Err(ServiceError::Ended { service: self.service, log: self.last_words().await });
            }
            if Instant::now() >= until {
                let log = self.last_words().await;
                return Err(ServiceError::NotReady { service: self.service, within: READY_WITHIN, why, log });
            }
            tokio::time::sleep(LOOK).await;
        }
    }

    async fn last_words(&self) -> String {
        let said = engine_beside(words(&["logs", "--tail", "20", &self.name]), Vec::new()).await;
        said.unwrap_or_else(|why| why)
    }

    /// Does one thing to it.
    pub(crate) fn tell(&self, what: &'static str, order: &str) -> Result<(), ServiceError> {
        engine(&words(&[order, &self.name]), &[]).map(drop).map_err(|why| self.refused(what, why))
    }

    fn refused(&self, what: &'static str, why: String) -> ServiceError {
        ServiceError::Signal { service: self.service, what, why }
    }

    /// Ends it in good order; it is killed when it takes too long.
    pub(crate) async fn stop(&self) -> Result<(), ServiceError> {
        let said = engine_beside(words(&["stop", "-t", "10", &self.name]), Vec::new()).await;
        said.map(drop).map_err(|why| self.refused("stop", why))
    }

    /// Starts it again, at the same address.
    pub(crate) async fn start_again(&self) -> Result<(), ServiceError> {
        let said = engine_beside(words(&["start", &self.name]), Vec::new()).await;
        said.map_err(|why| self.refused("start", why))?;
        self.wait().await
    }
}

impl Drop for Container {
    fn drop(&mut self) {
        if let Ok(mut warden) = self.warden.lock() {
            warden.end();
        }
    }
}

/// A shell that removes the container when nobody can write to it any more: what is static in a process is never dropped, and a killed
/// one drops nothing.
#[derive(Debug)]
struct Warden {
    shell: Child,
    // The kernel closes it for a process that dies. No child inherits it.
    alive: Option<ChildStdin>,
}

impl Warden {
    fn over(container: &str) -> std::io::Result<Self> {
        let script = r#"cat >/dev/null; exec "${GOLDENPATH_ENGINE:-docker}" rm --force --volumes "$1""#;
        let mut shell = Command::new("/bin/sh")
            .args(["-c", script, "warden", container])
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            // Ctrl-C in a terminal is not for it.
            .process_group(0)
            .spawn()?;
        let alive = shell.stdin.take();
        Ok(Self { shell, alive })
    }

    fn end(&mut self) {
        drop(self.alive.take());
        let _ = self.shell.wait();
    }
}
