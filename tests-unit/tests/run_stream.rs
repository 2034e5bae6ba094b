//! The numbering of one run: where a left one goes on, what an event may weigh, what the log is owed.

use crate::parts::{Backend, body, context, kinds};
use goldenpath_gateway::{NotifyError, RunStream, Stage};
use goldenpath_protocol::{EventBody, EventType, RunEvent, Timestamp};
use goldenpath_storage::LogLimits;
use std::time::Duration;

/// What the store kept of a run, as a restart reads it.
fn left(stored: &[String]) -> Vec<(RunEvent, String)> {
    stored.iter().map(|envelope| (serde_json::from_str(envelope).unwrap(), envelope.clone())).collect()
}

#[tokio::test]
async fn a_left_run_goes_on_where_it_stood() {
    let backend = Backend::new().await;
    let mut run = backend.begin("ada").await;
    let speaker = run.context().clone();
    let _ = backend.say(&mut run, EventType::AgentStarted).await.unwrap();
    for progress in [Some(60.0), Some(70.0), None] {
        backend.clock.turn(1_000);
        let _ = backend.notifier.agent_thinking(&mut run, &speaker, "a thought", progress).await.unwrap();
    }
    let stored = backend.stored(&run).await;
    let begun = Timestamp::from_unix_ms(1_800_000_000_000);
    let now = Timestamp::from_unix_ms(begun.unix_ms() + 4_000);
    let mut resumed = RunStream::resume(context("ada"), left(&stored), begun, now);
    assert_eq!(
        (resumed.count(), resumed.is_ended(), resumed.unlogged()),
        (4, false, 4),
        "the log is owed all"
    );
    assert_eq!(resumed.context(), &context("ada"));

    // The wall clock stepped back meanwhile; the run does not, in time, thoughts and progress.
    backend.clock.turn(-60_000);
    let _ = backend.notifier.agent_thinking(&mut resumed, &speaker, "again", Some(10.0)).await.unwrap();
    let _ = backend.say(&mut resumed, EventType::AgentCompleted).await.unwrap();
    let stream = backend.stream("ada").await;
    assert_eq!(stream.len(), 6, "what the log had already is not told twice");
    assert_eq!(resumed.unlogged(), 0);
    let EventBody::AgentThinking { step_number, progress_percentage, .. } = &stream[4].body else { panic!() };
    assert_eq!((*step_number, *progress_percentage), (4, Some(70.0)));
    let times: Vec<_> = stream.iter().map(|event| event.head.timestamp.unix_ms() - begun.unix_ms()).collect();
    assert_eq!(times, [0, 1_000, 2_000, 3_000, 3_000, 3_000]);
    let EventBody::AgentCompleted { event_count, duration_ms, .. } = &stream[5].body else { panic!() };
    assert_eq!((*event_count, stream[5].head.seq), (6, 6));
    assert!(*duration_ms >= 4_000, "since it was begun: {duration_ms}");

    let all = left(&backend.stored(&resumed).await);
    let ended = RunStream::resume(context("ada"), all, begun, now);
    assert!(ended.is_ended() && ended.count() == 6);
    let never = RunStream::resume(context("ada"), Vec::new(), begun, begun);
    assert_eq!((never.count(), never.is_ended(), never.unlogged()), (0, false, 0));
}

#[tokio::test(start_paused = true)]
async fn a_run_takes_as_long_as_it_takes() {
    let begun = Timestamp::from_unix_ms(1_800_000_000_000);
    let later = |ms| Timestamp::from_unix_ms(begun.unix_ms() + ms);
    let fresh = RunStream::new(context("ada"));
    let resumed = RunStream::resume(context("ada"), Vec::new(), begun, later(5_000));
    let back = RunStream::resume(context("ada"), Vec::new(), later(5_000), begun);
    assert_eq!([fresh.elapsed(), back.elapsed()], [Duration::ZERO; 2], "none is negative");
    tokio::time::advance(Duration::from_millis(1_500)).await;
    assert_eq!([fresh.elapsed(), resumed.elapsed()], [1_500, 6_500].map(Duration::from_millis));
}

#[tokio::test]
async fn an_event_weighs_what_it_will_with_its_offset() {
    /// What the log may add.
    const OFFSET: usize = 30;
    let measure = Backend::new().await;
    let mut run = measure.begin("ada").await;
    let _ = measure.say(&mut run, EventType::AgentThinking).await.unwrap();
    let weight = measure.stored(&run).await[0].len() + OFFSET;
    for (limit, fits) in [(weight + 1, true), (weight, true), (weight - 1, false)] {
        let backend = Backend::with(LogLimits::default(), |config| config.event_bytes = limit).await;
        let mut run = backend.begin("ada").await;
        match backend.say(&mut run, EventType::AgentThinking).await {
            Ok(report) => assert!(fits && report.seq == 1, "{limit}"),
            Err(NotifyError::TooLarge { bytes, limit: told }) => {
                assert_eq!((fits, bytes, told), (false, weight, limit));
            }
            Err(other) => panic!("{other}"),
        }
    }
}

#[tokio::test]
async fn every_terminal_counts_itself() {
    for (kind, before) in [
        (EventType::AgentCompleted, 0),
        (EventType::AgentFailed, 0),
        (EventType::AgentCancelled, 0),
        (EventType::AgentFailed, 2),
        (EventType::AgentCancelled, 2),
    ] {
        let backend = Backend::new().await;
        let mut run = backend.begin("ada").await;
        for _ in 0..before {
            let _ = backend.say(&mut run, EventType::ResponseDelta).await.unwrap();
        }
        let _ = backend.say(&mut run, kind).await.unwrap();
        let told = match backend.stream("ada").await.pop().unwrap().body {
            EventBody::AgentCompleted { event_count, .. }
            | EventBody::AgentFailed { event_count, .. }
            | EventBody::AgentCancelled { event_count, .. } => event_count,
            other => panic!("{other:?}"),
        };
        assert_eq!(told, before + 1, "{kind:?}");
        assert!(matches!(
            backend.notifier.send(&mut run, &context("ada"), body(kind)).await,
            Err(NotifyError::Ended)
        ));
    }
}

#[tokio::test]
async fn what_the_log_is_owed_is_counted_and_goes_first() {
    let backend = Backend::new().await;
    let mut tab = backend.tab("ada").await;
    let mut run = backend.begin("ada").await;
    assert_eq!(backend.notifier.settle(&mut run).await.unwrap(), 0);
    backend.log_faults.broken(2);
    for _ in 0..2 {
        let report = backend.say(&mut run, EventType::ResponseDelta).await.unwrap();
        assert_eq!(report.failed_attempts.len(), 1);
        let failed = &report.failed_attempts[0];
        assert_eq!((failed.stage, failed.attempt), (Stage::Log, 1));
        assert_eq!(failed.error, "the event log failed: the log is gone");
    }
    assert_eq!((run.unlogged(), run.count(), backend.metrics.events()), (2, 2, 2));
    backend.log_faults.broken(1);
    backend.notifier.settle(&mut run).await.unwrap_err();
    assert_eq!((run.unlogged(), backend.metrics.sends("behind")), (2, 0), "nobody is woken for nothing");
    assert_eq!(backend.notifier.settle(&mut run).await.unwrap(), 2);
    assert_eq!((run.unlogged(), backend.metrics.sends("behind")), (0, 1), "one wake for both");
    assert_eq!(kinds(&tab.take().await), [EventType::ResponseDelta; 2]);
}
