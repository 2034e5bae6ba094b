//! A recording as a file: whole, cut, or on a disk that is full.

use goldenpath_harness::{RecorderError, Recording};
use goldenpath_history::{HistoryReader, Record, RecordKind};
use std::sync::Arc;

#[tokio::test]
async fn a_recording_becomes_a_file_when_it_is_whole() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("history.jsonl.zst");
    let header = goldenpath_history::Header::new("s", "ws://x/ws", "goldenpath");
    let seen = Arc::new(std::sync::Mutex::new(Vec::new()));
    let lines = seen.clone();
    let observer = Box::new(move |line, _: &Record<'_>| lines.lock().unwrap().push(line));
    let recording = Recording::start(&header, Some(&path), Some(observer)).unwrap();
    for value in 0..3 {
        recording.recorder().sample("x", f64::from(value));
    }
    assert!(!path.exists() && folder.path().join("history.jsonl.zst.partial").exists());
    let finished = recording.finish().unwrap();
    // The header, a mark at the beginning, three samples, a mark at the end.
    assert_eq!((finished.lines, finished.lost), (6, 0));
    assert_eq!(*seen.lock().unwrap(), [2, 3, 4, 5, 6]);

    let file = std::io::BufReader::new(std::fs::File::open(&path).unwrap());
    let mut reader = HistoryReader::open(file).unwrap();
    assert!(reader.header().t0_unix_ms.is_some());
    let mut lines = 0;
    while let Some(record) = reader.next() {
        record.unwrap();
        lines += 1;
    }
    assert_eq!(lines, 5);
}

#[test]
fn a_folder_that_cannot_be_written_is_an_error_that_names_it() {
    let header = goldenpath_history::Header::new("s", "ws://x/ws", "goldenpath");
    let why = Recording::start(&header, Some("/nonexistent/history.jsonl.zst".as_ref()), None).unwrap_err();
    assert!(
        why.to_string().starts_with("failed to create `/nonexistent/history.jsonl.zst.partial`"),
        "{why}"
    );
}

#[tokio::test]
async fn a_recording_that_is_dropped_keeps_its_records_and_reads_as_cut() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("history.jsonl.zst");
    let header = goldenpath_history::Header::new("s", "ws://x/ws", "goldenpath");
    let recording = Recording::start(&header, Some(&path), None).unwrap();
    let recorder = recording.recorder();
    recorder.sample("x", 1.0);
    drop(recording);
    recorder.sample("late", 1.0);
    assert!(!path.exists());

    let partial = folder.path().join("history.jsonl.zst.partial");
    let mut reader =
        HistoryReader::open(std::io::BufReader::new(std::fs::File::open(partial).unwrap())).unwrap();
    assert!(matches!(reader.next(), Some(Ok((2, _)))));
    assert!(
        matches!(reader.next(), Some(Ok((3, record))) if matches!(record.kind, RecordKind::Sample { .. }))
    );
    assert!(reader.next().unwrap().unwrap_err().is_cut());
    assert!(reader.next().is_none());
}

#[tokio::test]
async fn a_writer_that_panics_stops_nobody_and_is_an_error_at_the_end() {
    let header = goldenpath_history::Header::new("s", "ws://x/ws", "goldenpath");
    let observer = Box::new(|_, record: &Record<'_>| assert!(record.conn.is_none(), "told to"));
    let recording = Recording::start(&header, None, Some(observer)).unwrap();
    let recorder = recording.recorder();
    recorder.mark(Some(1), None, "x", None);
    // More than the queue holds: were it still filled, readers would wait.
    let large = "x".repeat(1 << 20);
    for _ in 0..100 {
        recorder.mark(None, None, "x", Some(large.clone()));
    }
    assert!(matches!(recording.finish(), Err(RecorderError::Gone)));
}

/// A device that is always full stands for a disk that became so.
#[cfg(target_os = "linux")]
#[tokio::test]
async fn a_full_disk_stops_nobody_and_is_an_error_at_the_end() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("history.jsonl.zst");
    std::os::unix::fs::symlink("/dev/full", folder.path().join("history.jsonl.zst.partial")).unwrap();
    let header = goldenpath_history::Header::new("s", "ws://x/ws", "goldenpath");
    let seen = Arc::new(std::sync::atomic::AtomicUsize::new(0));
    let count = seen.clone();
    let observer = Box::new(move |_, _: &Record<'_>| {
        count.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
    });
    let recording = Recording::start(&header, Some(&path), Some(observer)).unwrap();
    let recorder = recording.recorder();
    let large = "x".repeat(1 << 20);
    for _ in 0..10 {
        recorder.mark(None, None, "x", Some(large.clone()));
    }
    let why = recording.finish().unwrap_err();
    assert!(matches!(why, RecorderError::Write { .. }), "{why}");
    assert!(!path.exists());
    // What could not be kept was judged all the same, with the marks of the beginning and the end.
    assert_eq!(seen.load(std::sync::atomic::Ordering::Relaxed), 12);
}
