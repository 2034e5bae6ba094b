//! The command as a process, a place that it is called in, a backend as another process, and what they leave.

use goldenpath_history::{HistoryReader, Record};
use goldenpath_report::{CheckVerdict, Report};
use std::collections::BTreeMap;
use std::fs::File;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// The key that backends of these tests are started with …
pub(crate) const KEY: &str = "a-key-for-tests-0123456789abcdef";

/// … and the variable in which every call of the command finds it.
pub(crate) const KEY_VARIABLE: &str = "TEST_KEY";

/// Where [`Validation`]s leave their sessions.
pub(crate) const OUT: &str = "out";

/// What a process said and how it ended.
pub(crate) struct Ran {
    pub(crate) code: Option<i32>,
    pub(crate) out: String,
    pub(crate) err: String,
}

impl Ran {
    fn new(output: std::process::Output) -> Self {
        let text = |bytes: Vec<u8>| String::from_utf8_lossy(&bytes).into_owned();
        Self { code: output.status.code(), out: text(output.stdout), err: text(output.stderr) }
    }

    /// All that it said, for messages of failing tests.
    pub(crate) fn said(&self) -> String {
        format!("exit {:?}\n{}\n{}", self.code, self.err, self.out)
    }

    #[track_caller]
    pub(crate) fn ended_with(self, code: i32) -> Self {
        assert_eq!(self.code, Some(code), "{}", self.said());
        self
    }
}

/// The command in `directory`, with no setting of its surroundings.
fn command(directory: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_goldenpath"));
    for (name, _) in std::env::vars() {
        if name.starts_with("GOLDENPATH_") || name == "WEBSOCKET_TEST_URL" {
            command.env_remove(name);
        }
    }
    command.current_dir(directory).args(arguments).env(KEY_VARIABLE, KEY);
    command
}

/// A directory that the command is called in, empty at first and gone with the test.
pub(crate) struct Place(tempfile::TempDir);

impl Place {
    pub(crate) fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    pub(crate) fn path(&self) -> &Path {
        self.0.path()
    }

    pub(crate) fn write(&self, name: &str, content: impl AsRef<[u8]>) {
        std::fs::write(self.path().join(name), content).unwrap();
    }

    /// The names of what lies here.
    pub(crate) fn names(&self) -> Vec<String> {
        let entries = std::fs::read_dir(self.path()).unwrap();
        entries.map(|entry| entry.unwrap().file_name().to_string_lossy().into_owned()).collect()
    }

    /// Calls the command here and waits for its end.
    pub(crate) fn goldenpath(&self, arguments: &[&str]) -> Ran {
        self.goldenpath_with(arguments, &[])
    }

    /// The same, with variables of the environment.
    pub(crate) fn goldenpath_with(&self, arguments: &[&str], variables: &[(&str, &str)]) -> Ran {
        Ran::new(command(self.path(), arguments).envs(variables.iter().copied()).output().unwrap())
    }

    /// Judges a file again, offline.
    pub(crate) fn check(&self, file: impl AsRef<Path>) -> Ran {
        self.goldenpath(&["check", file.as_ref().to_str().unwrap()])
    }

    /// The only session folder in [`OUT`], once there is one.
    pub(crate) fn session(&self) -> Option<PathBuf> {
        session(&self.path().join(OUT))
    }

    /// The newest session folder in [`OUT`].
    pub(crate) fn latest(&self) -> PathBuf {
        self.path().join(OUT).join("latest")
    }

    /// The history of the newest session.
    pub(crate) fn history(&self) -> PathBuf {
        self.latest().join("history.jsonl.zst")
    }

    /// The report of the newest session.
    pub(crate) fn report(&self) -> Report {
        report(&self.latest())
    }
}

/// A command under way; killed when the test ends before it does.
pub(crate) struct Running(Option<Child>);

impl Running {
    /// Starts the command in `directory`, which is somebody else's to keep.
    pub(crate) fn start(directory: &Path, arguments: &[&str]) -> Self {
        let mut command = command(directory, arguments);
        Self(Some(command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap()))
    }

    /// Sends a signal by its name, as `kill` does.
    pub(crate) fn signal(&self, name: &str) {
        let id = self.0.as_ref().unwrap().id().to_string();
        assert!(Command::new("kill").args([&format!("-{name}"), &id]).status().unwrap().success());
    }

    pub(crate) fn ended(&mut self) -> bool {
        self.0.as_mut().is_some_and(|child| child.try_wait().unwrap().is_some())
    }

    pub(crate) fn end(mut self) -> Ran {
        Ran::new(self.0.take().unwrap().wait_with_output().unwrap())
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        if let Some(mut child) = self.0.take() {
            // It may have ended already.
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}

/// `goldenpath serve` on a free port, with data of its own.
pub(crate) struct Backend {
    process: Running,
    pub(crate) url: String,
    /// Its auth service, where it was told to run one.
    pub(crate) auth: Option<String>,
    data: tempfile::TempDir,
}

impl Backend {
    pub(crate) fn start() -> Self {
        Self::start_with(&[], &[])
    }

    /// The same with more arguments and variables.
    pub(crate) fn start_with(arguments: &[&str], variables: &[(&str, &str)]) -> Self {
        let data = tempfile::tempdir().unwrap();
        let mut command = command(data.path(), &[&["serve", "--listen", "127.0.0.1:0"], arguments].concat());
        command.envs(variables.iter().copied());
        command.env("GOLDENPATH_JWT_SECRET", KEY).stdout(Stdio::piped()).stderr(Stdio::null());
        let mut child = command.spawn().unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        let ready: serde_json::Value = serde_json::from_str(&line).unwrap();
        let url = ready["ws"].as_str().unwrap().to_owned();
        let auth = ready["auth"].as_str().map(str::to_owned);
        Self { process: Running(Some(child)), url, auth, data }
    }

    /// Where it was started; its data lie where they lie by default.
    pub(crate) fn directory(&self) -> &Path {
        self.data.path()
    }

    /// Stops it as an orchestrator does.
    pub(crate) fn terminate(self) -> Ran {
        self.process.signal("TERM");
        self.process.end()
    }
}

/// `goldenpath proxy` in front of a backend, on a free port, with a file for its receipts.
pub(crate) struct ProxyProcess {
    process: Running,
    pub(crate) url: String,
    directory: tempfile::TempDir,
}

impl ProxyProcess {
    pub(crate) fn start(upstream: &str, arguments: &[&str]) -> Self {
        let directory = tempfile::tempdir().unwrap();
        let arguments =
            [&["proxy", "--upstream", upstream, "--receipts", "receipts.jsonl"], arguments].concat();
        let mut command = command(directory.path(), &arguments);
        command.stdout(Stdio::piped()).stderr(Stdio::null());
        let mut child = command.spawn().unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        let ready: serde_json::Value = serde_json::from_str(&line).unwrap();
        let url = ready["ws"].as_str().unwrap().to_owned();
        Self { process: Running(Some(child)), url, directory }
    }

    /// Stops it as an orchestrator does; gives its receipts.
    pub(crate) fn terminate(self) -> (Ran, Vec<serde_json::Value>) {
        self.process.signal("TERM");
        let ran = self.process.end();
        let receipts = std::fs::read_to_string(self.directory.path().join("receipts.jsonl")).unwrap();
        (ran, receipts.lines().map(|line| serde_json::from_str(line).unwrap()).collect())
    }
}

/// Waits until `look` gives something: a file that another process writes, or a port that it opens, announces itself to nobody.
#[track_caller]
pub(crate) fn wait_for<T>(what: &str, mut look: impl FnMut() -> Option<T>) -> T {
    let begun = Instant::now();
    loop {
        if let Some(found) = look() {
            return found;
        }
        assert!(begun.elapsed() < Duration::from_secs(60), "no sign of {what} within a minute");
        std::thread::sleep(Duration::from_millis(5));
    }
}

/// The only session folder below `output`.
pub(crate) fn session(output: &Path) -> Option<PathBuf> {
    let named =
        |entry: &PathBuf| entry.file_name().unwrap().to_string_lossy().starts_with("validation_session_");
    std::fs::read_dir(output).ok()?.map(|entry| entry.unwrap().path()).find(named)
}

/// The report in a session folder. It must be exactly what the library reads and writes.
pub(crate) fn report(session: &Path) -> Report {
    let text = std::fs::read_to_string(session.join("comprehensive_validation_report.json")).unwrap();
    let report: Report = serde_json::from_str(&text).unwrap();
    let value: serde_json::Value = serde_json::from_str(&text).unwrap();
    assert_eq!(serde_json::to_value(&report).unwrap(), value);
    report
}

/// The verdict of every check.
pub(crate) fn verdicts(report: &Report) -> BTreeMap<String, CheckVerdict> {
    report.execution_results.checks.iter().map(|check| (check.id.clone(), check.verdict)).collect()
}

/// The ids of the checks that failed.
pub(crate) fn failed(report: &Report) -> Vec<String> {
    let checks = &report.execution_results.checks;
    checks.iter().filter(|check| check.verdict == CheckVerdict::Fail).map(|check| check.id.clone()).collect()
}

/// A history's records.
pub(crate) fn records(path: &Path) -> Vec<Record<'static>> {
    let mut reader = HistoryReader::open(BufReader::new(File::open(path).unwrap())).unwrap();
    let mut records = Vec::new();
    while let Some(record) = reader.next() {
        records.push(record.unwrap().1.into_owned());
    }
    records
}
