//! A shell plays the service: it answers every 10 ms by a line in a file, from a child of its own.

use super::{End, Folder, Process, Program, find};
use crate::ServiceError;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

const DEADLINE: Duration = Duration::from_secs(20);

async fn service(script: &str) -> Result<(Process, PathBuf), ServiceError> {
    let folder = Folder::create(&["nobody"]).unwrap();
    let answers = folder.path().join("answers");
    let ready = answers.clone();
    let program = Program {
        name: "the shell",
        binary: "/bin/sh".into(),
        args: vec!["-c".into(), script.into()],
        env: Vec::new(),
        end: End::Terminate,
    };
    let process =
        Process::start(program, folder, move |_| std::future::ready(size(&ready).map(|_| ()))).await?;
    Ok((process, answers))
}

/// Ends its child when it is told to end.
const ANSWERS: &str =
    "(while :; do echo x >> answers; sleep 0.01; done) & child=$!; trap 'kill $child; exit' TERM; wait";

fn size(file: &Path) -> Result<u64, String> {
    std::fs::metadata(file).map(|found| found.len()).map_err(|why| why.to_string())
}

/// That nothing answers is no event to wait for: looked at for as long as it takes to answer twenty times.
const SILENCE: Duration = Duration::from_millis(200);

async fn grows(file: &Path) {
    let before = size(file).unwrap();
    let until = Instant::now() + DEADLINE;
    while size(file).unwrap() == before {
        assert!(Instant::now() < until, "nothing answers");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

#[tokio::test]
async fn a_paused_service_answers_nothing_until_it_goes_on() {
    let (process, answers) = service(ANSWERS).await.unwrap();
    grows(&answers).await;
    process.pause().unwrap();
    let before = size(&answers).unwrap();
    tokio::time::sleep(SILENCE).await;
    assert_eq!(size(&answers).unwrap(), before, "a child of the service went on");
    process.resume().unwrap();
    grows(&answers).await;
}

#[tokio::test]
async fn a_killed_or_stopped_service_is_gone_with_its_children_and_starts_again_with_its_data() {
    let (process, answers) = service(ANSWERS).await.unwrap();
    process.kill().unwrap();
    let before = size(&answers).unwrap();
    tokio::time::sleep(SILENCE).await;
    assert_eq!(size(&answers).unwrap(), before, "a child outlived the service");
    process.pause().expect_err("nothing runs");
    process.start_again().await.unwrap();
    grows(&answers).await;
    process.stop().await.unwrap();
    process.start_again().await.unwrap();
    assert!(size(&answers).unwrap() >= before, "its data are gone");
    grows(&answers).await;
}

#[tokio::test]
async fn a_dropped_service_leaves_nothing_even_when_it_is_paused() {
    let (process, answers) = service(ANSWERS).await.unwrap();
    process.pause().unwrap();
    drop(process);
    assert!(!answers.parent().unwrap().exists(), "its folder is still there");
}

#[tokio::test]
async fn one_that_ends_at_once_is_told_with_its_last_words() {
    let error = service("echo 'no room here' >&2; exit 3").await.unwrap_err();
    assert!(matches!(error, ServiceError::Ended { .. }), "{error}");
    assert!(error.to_string().contains("no room here"), "{error}");
}

#[test]
fn a_program_is_found_where_it_lies() {
    let found = find("sh", &[]).unwrap();
    assert!(found.ends_with("sh") && found.is_absolute(), "{}", found.display());
    let dir = tempfile::tempdir().unwrap();
    let name = "no-program-of-any-path";
    std::fs::write(dir.path().join(name), "").unwrap();
    assert_eq!(find(name, &[dir.path().to_owned()]), None, "a file that cannot be run is no program");
    let script = dir.path().join(name);
    std::fs::set_permissions(&script, std::os::unix::fs::PermissionsExt::from_mode(0o755)).unwrap();
    assert_eq!(find(name, &["/nowhere".into(), dir.path().to_owned()]), Some(script));
}

/// Says something else each time it is started, and ends as it likes.
const SAYS: &str =
    "echo $GREETING since $(ls | wc -l); touch $$; trap 'exit 7' TERM; while :; do sleep 0.01; done";

#[tokio::test]
async fn a_service_is_heard_since_its_last_start_and_tells_how_it_ended() {
    let program = Program {
        name: "the shell",
        binary: "/bin/sh".into(),
        args: vec!["-c".into(), SAYS.into()],
        env: vec![("GREETING".into(), "hello".into())],
        end: End::Kill,
    };
    let heard = |said: String| {
        std::future::ready(said.starts_with("hello since").then_some(()).ok_or_else(|| format!("`{said}`")))
    };
    let process = Process::start(program, Folder::create(&[]).unwrap(), heard).await.unwrap();
    // Its log is there already.
    assert_eq!(process.said(), "hello since 1\n");
    let status = process.terminate(DEADLINE).await.unwrap();
    assert_eq!(status.and_then(|status| status.code()), Some(7));
    assert_eq!(process.pid(), None);
    process.start_again().await.unwrap();
    assert_eq!(process.said(), "hello since 2\n");
}
