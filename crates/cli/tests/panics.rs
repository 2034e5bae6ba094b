//! A panic of ours as CI meets it: exit code 70, said to be our bug, and no approval left behind.
//!
//! What of ours panicked on demand would be mended. But whoever puts a command around the library may listen to its logs, and
//! the listener of this one panics: it is called by our own code, on the very thread that does the work. The test starts
//! itself as that command.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::process::{Command, ExitCode, Output};
use tokio_tungstenite::tungstenite::{Message, accept};
use tracing::{Event, Subscriber};
use tracing_subscriber::layer::{Context, Layer, SubscriberExt};
use tracing_subscriber::util::SubscriberInitExt;

/// The program's name, when it is the command that is tested.
const COMMAND: &str = "goldenpath-with-a-listener";

/// What the panic says.
const WORDS: &str = "the listener cannot go on";

/// Panics at whatever the command itself logs.
struct Listener;

impl<S: Subscriber> Layer<S> for Listener {
    fn on_event(&self, event: &Event<'_>, _: Context<'_, S>) {
        assert!(!event.metadata().target().starts_with("goldenpath_cli"), "{WORDS}");
    }
}

fn main() -> ExitCode {
    let arguments: Vec<_> = std::env::args_os().skip(1).collect();
    if arguments.first().is_some_and(|name| name == COMMAND) {
        tracing_subscriber::registry().with(Listener).init();
        return goldenpath_cli::run(arguments);
    }
    a_panic_between_two_steps_is_our_bug();
    a_panic_of_the_drive_is_our_bug_and_approves_nothing();
    ExitCode::SUCCESS
}

fn command(directory: &Path, arguments: &[&str]) -> Output {
    let mut command = Command::new(std::env::current_exe().unwrap());
    for (name, _) in std::env::vars() {
        if name.starts_with("GOLDENPATH_") || name == "WEBSOCKET_TEST_URL" {
            command.env_remove(name);
        }
    }
    command.current_dir(directory).arg(COMMAND).args(arguments).output().unwrap()
}

#[track_caller]
fn assert_bug(output: &Output) {
    let said = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(70), "{said}");
    assert!(said.contains(WORDS), "{said}");
}

/// On the main thread: `latest` cannot be linked, which is logged.
fn a_panic_between_two_steps_is_our_bug() {
    let directory = tempfile::tempdir().unwrap();
    std::fs::create_dir_all(directory.path().join("out/latest/occupied")).unwrap();
    let history =
        Path::new(env!("CARGO_MANIFEST_DIR")).join("../../examples/histories/lost-tool-completed.jsonl");
    let check = ["check", history.to_str().unwrap(), "--output-dir", "out"];
    let output = command(directory.path(), &check);
    assert_bug(&output);
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(said.contains("this is a bug of ours"), "{said}");
}

/// A backend that lets everybody in and refuses whatever is asked.
fn refuse_everything(stream: TcpStream) {
    let Ok(mut socket) = accept(stream) else { return };
    let mut answer = r#"{"type":"connection_established","connection_id":"c","user_id":"u","server_time":"2026-01-01T00:00:00.000Z","epoch":"e","offset":0,"heartbeat_interval":25}"#.to_owned();
    loop {
        if !answer.is_empty() && socket.send(Message::text(std::mem::take(&mut answer))).is_err() {
            return;
        }
        let Ok(asked) = socket.read() else { return };
        let asked: serde_json::Value =
            serde_json::from_str(asked.to_text().unwrap_or_default()).unwrap_or_default();
        if asked["type"] == "agent_request" {
            let refusal = serde_json::json!({"type": "error", "code": "run_limit", "message": "not today",
                "retryable": false, "request_id": asked["request_id"]});
            answer = refusal.to_string();
        }
    }
}

/// Serves until the test's process ends.
fn backend() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("ws://{}/ws", listener.local_addr().unwrap());
    std::thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            std::thread::spawn(move || refuse_everything(stream));
        }
    });
    url
}

/// On the task that drives: a request is refused, which is logged.
fn a_panic_of_the_drive_is_our_bug_and_approves_nothing() {
    let directory = tempfile::tempdir().unwrap();
    let url = backend();
    let validate = ["validate", "--target", &url, "--auth", "none", "--categories", "functional"];
    let validate = [validate.as_slice(), &["--users", "2", "--output-dir", "out"]].concat();
    assert_bug(&command(directory.path(), &validate));
    let report = directory.path().join("out/latest/comprehensive_validation_report.json");
    let report: serde_json::Value = serde_json::from_slice(&std::fs::read(report).unwrap()).unwrap();
    let decision = &report["deployment_decision"];
    assert_eq!(decision["approved"], false, "{decision}");
    assert!(decision["critical_issues"].to_string().contains(WORDS), "{decision}");
}
