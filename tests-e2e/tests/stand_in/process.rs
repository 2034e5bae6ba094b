//! A process of a test's own: it ends with its owner.

use super::START_UP;
use serde_json::Value;
use std::fs::{self, File};
use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdout, Command, Stdio};

/// A child that is killed, by its own id, when nobody needs it any more.
pub(crate) struct Process {
    child: Child,
    log: PathBuf,
    /// Kept, so that whatever it prints later meets an open pipe.
    stdout: Option<BufReader<ChildStdout>>,
}

impl Process {
    /// Starts it in a folder; what it says on stderr goes into the file `log` there.
    pub(super) fn start(command: &mut Command, folder: &Path, log: &str) -> Self {
        let log = folder.join(log);
        // Whatever configures the tests' own session is none of the backend's business.
        for (name, _) in std::env::vars_os() {
            if name.to_string_lossy().starts_with("GOLDENPATH_") {
                command.env_remove(name);
            }
        }
        command.current_dir(folder).stdin(Stdio::null()).stderr(File::create(&log).unwrap());
        let mut child = command.spawn().unwrap_or_else(|why| panic!("failed to start {command:?}: {why}"));
        let stdout = child.stdout.take().map(BufReader::new);
        Self { child, log, stdout }
    }

    /// Starts a command of ours, `goldenpath ARGUMENTS`, and waits until it says that it is ready: what it says.
    pub(crate) async fn goldenpath(arguments: &[&str], folder: &Path) -> (Self, Value) {
        let mut command = Command::new(ours());
        command.args(arguments).stdout(Stdio::piped());
        let name = arguments[0];
        let mut process = Self::start(&mut command, folder, &format!("{name}.log"));
        let stdout = process.stdout.take();

        // It says so in one line; one that ends instead gives an empty one.
        let read = tokio::task::spawn_blocking(move || {
            let (mut stdout, mut line) = (stdout?, String::new());
            stdout.read_line(&mut line).ok().map(|_| (stdout, line))
        });
        let Ok(said) = tokio::time::timeout(START_UP, read).await else {
            let log = process.said();
            // The reading thread would keep the runtime: the kill ends its pipe.
            drop(process);
            panic!("failed to start `goldenpath {name}`: it is not ready in time; it says: {log}");
        };
        let (stdout, line) = said.unwrap().expect("its output is piped");
        process.stdout = Some(stdout);
        let ready: Value = serde_json::from_str(&line).unwrap_or_default();
        assert_eq!(ready["ready"], true, "failed to start `goldenpath {name}`; it says: {}", process.said());
        (process, ready)
    }

    pub(super) fn pid(&self) -> u32 {
        self.child.id()
    }

    /// What it said on stderr so far.
    pub(super) fn said(&self) -> String {
        fs::read_to_string(&self.log).unwrap_or_default()
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // One that has ended already needs no kill; it is waited for in any case.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The command, beside the tests that cargo built: `target/PROFILE/goldenpath`.
fn ours() -> PathBuf {
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

/// The path of another program, or a failure that says how to get it.
pub(super) fn program(name: &str, places: &[&str], hint: &str) -> PathBuf {
    let on_path = std::env::var_os("PATH").unwrap_or_default();
    let folders = std::env::split_paths(&on_path).chain(places.iter().map(PathBuf::from));
    let found = folders.map(|folder| folder.join(name)).find(|path| path.is_file());
    found.unwrap_or_else(|| panic!("failed to start the stand-in: `{name}` is not installed (hint: {hint})"))
}
