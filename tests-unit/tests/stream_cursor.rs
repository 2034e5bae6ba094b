//! `StreamCursor`: a place in a user's stream. What was missed is replayed whole or not at all, nothing is skipped, and
//! whoever waits is woken by the log alone.

use crate::parts::{Backend, user};
use async_trait::async_trait;
use goldenpath_gateway::{CursorError, Joined, StreamCursor};
use goldenpath_protocol::{ClientId, Epoch, EventId, EventType, Recovered, ResumePoint, UserId};
use goldenpath_storage::{AppendError, Appended, EventLog, Head, LogEntry, LogLimits, Replay};
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::sync::watch;

/// A log whose heads and answers are the test's.
#[derive(Debug)]
struct TestLog {
    head: watch::Sender<Head>,
    entries: Mutex<Vec<u64>>,
}

fn epoch(digit: char) -> Epoch {
    Epoch::new(digit.to_string().repeat(32)).unwrap()
}

fn head(digit: char, offset: u64) -> Head {
    Head { epoch: epoch(digit), offset }
}

impl TestLog {
    /// One that says it stands at `offset`, and reads these entries whoever asks.
    fn at(offset: u64, entries: &[u64]) -> Arc<Self> {
        Arc::new(Self { head: watch::Sender::new(head('a', offset)), entries: Mutex::new(entries.to_vec()) })
    }

    async fn join(self: &Arc<Self>, resume: Option<u64>) -> Joined {
        let log = Arc::clone(self) as Arc<dyn EventLog>;
        let point = resume.map(|offset| ResumePoint { epoch: epoch('a'), offset });
        StreamCursor::join(log, user("ada"), point.as_ref(), 10).await.unwrap()
    }
}

#[async_trait]
impl EventLog for TestLog {
    async fn append(&self, _: &UserId, _: &EventId, _: &str) -> Result<Appended, AppendError> {
        Err(AppendError::Failed("this log is only read".to_owned()))
    }

    async fn head(&self, _: &UserId) -> Result<Head, AppendError> {
        Ok(self.head.borrow().clone())
    }

    async fn read(&self, _: &UserId, _: &Epoch, _: u64, _: usize) -> Result<Replay, AppendError> {
        let entry = |offset: &u64| LogEntry { offset: *offset, envelope: "{}".into() };
        Ok(Replay::Events(self.entries.lock().unwrap().iter().map(entry).collect()))
    }

    async fn subscribe(&self, _: &UserId) -> Result<watch::Receiver<Head>, AppendError> {
        Ok(self.head.subscribe())
    }

    async fn acknowledge(&self, _: &UserId, _: &ClientId, offset: u64) -> Result<u64, AppendError> {
        Ok(offset)
    }

    async fn acknowledged(&self, _: &UserId, _: &ClientId) -> Result<u64, AppendError> {
        Ok(0)
    }

    async fn ready(&self) -> Result<(), AppendError> {
        Ok(())
    }
}

#[tokio::test]
async fn a_resume_is_whole_or_none() {
    let backend = Backend::with(LogLimits::default(), |config| config.replay_events = 3).await;
    let start = backend.tab("ada").await.place();
    let mut run = backend.begin("ada").await;
    let _ = backend.say_all_five(&mut run).await;
    let at = |offset| ResumePoint { offset, ..start.clone() };
    for (offset, recovered, missed, stands_at) in [
        (5, Recovered::Full, 0, 5),
        (4, Recovered::Full, 1, 4),
        (2, Recovered::Full, 3, 2),
        (1, Recovered::Failed, 0, 5),
        (6, Recovered::Failed, 0, 5),
    ] {
        let mut tab = backend.tab_from("ada", Some(&at(offset))).await;
        assert_eq!(
            (tab.recovered, tab.missed, tab.cursor.offset()),
            (recovered, missed, stands_at),
            "{offset}"
        );
        assert_eq!(tab.cursor.epoch(), &start.epoch);
        assert_eq!(tab.cursor.is_behind().unwrap(), missed > 0);
        assert_eq!(tab.take().await.len(), missed);
    }
    let other = ResumePoint { epoch: epoch('b'), offset: 4 };
    assert_eq!(backend.tab_from("ada", Some(&other)).await.recovered, Recovered::Failed, "another life");
    let fresh = backend.tab("ada").await;
    assert_eq!((fresh.recovered, fresh.cursor.offset()), (Recovered::Fresh, 5));
}

#[tokio::test]
async fn a_log_that_gives_fewer_than_it_says_is_not_resumed_from() {
    let short = TestLog::at(7, &[5, 6]).join(Some(4)).await;
    assert_eq!((short.recovered, short.missed.len(), short.cursor.offset()), (Recovered::Failed, 0, 7));
    let whole = TestLog::at(7, &[5, 6, 7]).join(Some(4)).await;
    assert_eq!((whole.recovered, whole.missed.len(), whole.cursor.offset()), (Recovered::Full, 3, 4));
    assert_eq!(whole.head, head('a', 7));
}

#[tokio::test]
async fn a_hole_is_said_and_not_skipped() {
    for (entries, dense) in [(vec![5, 6, 7], true), (vec![6, 7], false), (vec![5, 7], false), (vec![], true)]
    {
        let mut cursor = TestLog::at(4, &entries).join(None).await.cursor;
        match cursor.peek(9).await {
            Ok(read) => {
                assert!(dense && read.iter().map(|one| one.offset).eq(entries.iter().copied()));
                assert_eq!(cursor.offset(), 4, "peeking moves nothing");
                read.iter().for_each(|entry| cursor.advance(entry));
                assert_eq!(cursor.offset(), entries.last().copied().unwrap_or(4));
            }
            Err(error) => assert!(!dense && matches!(error, CursorError::Gone), "{entries:?}: {error}"),
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_reader_is_woken_when_the_log_changed_and_told_when_it_was_lost() {
    const LONG: Duration = Duration::from_secs(3_600);
    let log = TestLog::at(4, &[]);
    let mut cursor = log.join(None).await.cursor;
    assert!(!cursor.is_behind().unwrap());
    assert!(tokio::time::timeout(LONG, cursor.changed()).await.is_err(), "nothing happened");
    log.head.send_replace(head('a', 5));
    tokio::time::timeout(LONG, cursor.changed()).await.expect("woken");
    assert!(cursor.is_behind().unwrap());
    assert!(tokio::time::timeout(LONG, cursor.changed()).await.is_err(), "once for one change");
    log.head.send_replace(head('b', 5));
    tokio::time::timeout(LONG, cursor.changed()).await.expect("woken");
    assert!(matches!(cursor.is_behind().unwrap_err(), CursorError::Gone), "another life");
}

#[tokio::test]
async fn a_cursor_speaks_of_its_own_stream() {
    let backend = Backend::new().await;
    let (mut adas, mut bobs) = (backend.tab("ada").await, backend.tab("bob").await);
    let mut run = backend.begin("ada").await;
    let _ = backend.say(&mut run, EventType::AgentStarted).await.unwrap();
    assert_eq!((adas.cursor.is_behind().unwrap(), bobs.cursor.is_behind().unwrap()), (true, false));
    assert_ne!(adas.cursor.epoch(), bobs.cursor.epoch());
}
