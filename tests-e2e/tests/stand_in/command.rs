//! A command of ours, `goldenpath …`, as a process of a test's own.

use goldenpath_services::{End, Folder, Process, Program};
use serde_json::Value;
use std::path::{Path, PathBuf};

/// A command that keeps running. It ends, killed by its own id, with its owner.
#[must_use = "the process ends when this is dropped"]
pub(crate) struct Command {
    process: Process,
}

impl Command {
    /// Starts it in a folder of its own, and waits until it says that it is ready. Of the `GOLDENPATH_*` variables it sees those of `env`
    /// alone.
    pub(crate) async fn start(arguments: &[&str], env: &[(&str, &str)]) -> Self {
        let program = Program {
            name: "goldenpath",
            binary: ours(),
            args: arguments.iter().map(Into::into).collect(),
            env: env.iter().map(|(name, value)| (name.into(), value.into())).collect(),
            // Whatever still runs in it is of no use to anybody when its test is over.
            end: End::Kill,
        };
        let folder = Folder::create(&[]).unwrap();
        let is_ready = |said: String| {
            std::future::ready(
                ready(&said).map(|_| ()).ok_or_else(|| "it does not say that it is ready".into()),
            )
        };
        let process = Process::start(program, folder, is_ready).await;
        let process = process
            .unwrap_or_else(|why| panic!("failed to start `goldenpath {}`: {why}", arguments.join(" ")));
        Self { process }
    }

    /// What it said when it was ready.
    pub(crate) fn ready(&self) -> Value {
        ready(&self.process.said()).expect("it said so when it started")
    }

    /// The process, to be paused, killed, ended and started again.
    pub(crate) fn process(&self) -> &Process {
        &self.process
    }
}

/// The line on its stdout that says that it is ready.
fn ready(said: &str) -> Option<Value> {
    said.lines().filter_map(|line| serde_json::from_str(line).ok()).find(|line: &Value| line["ready"] == true)
}

/// The command, beside the tests that cargo built: `target/PROFILE/goldenpath`.
fn ours() -> PathBuf {
    let suite = std::env::current_exe().unwrap();
    let profile = suite.ancestors().nth(2).expect("a test lies in `target/PROFILE/deps`");
    let path = profile.join(format!("goldenpath{}", std::env::consts::EXE_SUFFIX));
    assert!(
        Path::is_file(&path),
        "failed to start the stand-in: `{}` is not there (hint: `cargo build -p goldenpath-cli`, or name a backend \
         with `GOLDENPATH_TARGET`)",
        path.display()
    );
    path
}
