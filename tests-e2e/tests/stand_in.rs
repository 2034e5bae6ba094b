//! The reference backend as a process of its own, `goldenpath serve`, for as long as one test needs it.

use goldenpath_harness::{Auth, MintSettings, Minter, Probe, Target};
use serde_json::Value;
use std::fs::{self, File};
use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdout, Command, Stdio};
use std::time::Duration;
use tempfile::TempDir;
use tokio::time::Instant;

/// How long it may take until it answers.
const START_UP: Duration = Duration::from_secs(20);

/// The process and its data. Dropping it kills the one and removes the other.
#[must_use = "the process ends when this is dropped"]
pub(crate) struct StandIn {
    process: Process,
    address: String,
    data: TempDir,
}

/// A child that is killed, by its own id, when nobody needs it any more.
struct Process {
    child: Child,
    /// Kept, so that whatever it prints later meets an open pipe.
    _stdout: Option<BufReader<ChildStdout>>,
}

impl Drop for Process {
    fn drop(&mut self) {
        // One that has ended already needs no kill; it is waited for in any case.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The command, beside the tests that cargo built: `target/PROFILE/goldenpath`.
fn command() -> PathBuf {
    let suite = std::env::current_exe().unwrap();
    let profile = suite.ancestors().nth(2).expect("a test lies in `target/PROFILE/deps`");
    let path = profile.join(format!("goldenpath{}", std::env::consts::EXE_SUFFIX));
    assert!(
        path.is_file(),
        "failed to start the stand-in: `{}` is not there (hint: `cargo build -p goldenpath-cli`, or name a backend \
         with `GOLDENPATH_TARGET`)",
        path.display()
    );
    path
}

impl StandIn {
    /// Starts it on a free port and waits until it answers.
    pub(crate) async fn start() -> Self {
        let data = tempfile::tempdir().unwrap();
        let log = data.path().join("serve.log");
        let mut serve = Command::new(command());
        // Whatever configures the tests' own session is none of the backend's business.
        for (name, _) in std::env::vars_os() {
            if name.to_string_lossy().starts_with("GOLDENPATH_") {
                serve.env_remove(name);
            }
        }
        serve
            .args(["serve", "--listen", "127.0.0.1:0", "--data-dir"])
            .arg(data.path())
            .current_dir(data.path())
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(File::create(&log).unwrap());
        let mut child = serve.spawn().unwrap();
        let stdout = child.stdout.take().map(BufReader::new);
        let mut process = Process { child, _stdout: None };
        let refused = |why: &str| -> String {
            let said = fs::read_to_string(&log).unwrap_or_default();
            format!("failed to start the stand-in: {why}; it says: {said}")
        };

        // It says where it listens, in one line; one that ends instead gives an empty one.
        let read = tokio::task::spawn_blocking(move || {
            let (mut stdout, mut line) = (stdout?, String::new());
            stdout.read_line(&mut line).ok().map(|_| (stdout, line))
        });
        let Ok(said) = tokio::time::timeout(START_UP, read).await else {
            // The reading thread would keep the runtime: the kill ends its pipe.
            drop(process);
            panic!("{}", refused("it did not say where it listens in time"));
        };
        let (stdout, line) = said.unwrap().expect("its output is piped");
        process._stdout = Some(stdout);
        let ready: Value = serde_json::from_str(&line).unwrap_or_default();
        let Some(address) = ready["ws"].as_str() else { panic!("{}", refused("it is not ready")) };
        let stand_in = Self { process, address: address.to_owned(), data };
        stand_in.wait_until_alive().await;
        stand_in
    }

    async fn wait_until_alive(&self) {
        let probe = Probe::new(&self.target()).unwrap();
        let until = Instant::now() + START_UP;
        loop {
            match probe.get("health", None).await {
                Ok(answer) if answer.status == 200 => return,
                other => assert!(Instant::now() < until, "the stand-in is not alive: {other:?}"),
            }
        }
    }

    /// Where it is.
    pub(crate) fn target(&self) -> Target {
        Target::new(&self.address).unwrap().with_pid(self.process.child.id())
    }

    /// Tokens signed with the key that it made for itself.
    pub(crate) fn auth(&self) -> Auth {
        let key = fs::read(Path::new(self.data.path()).join("dev-secret")).unwrap();
        Auth::mint(Minter::new(MintSettings::default(), key.trim_ascii()).unwrap())
    }
}
