//! `WebSocketNotifier`: what an agent does becomes the five business events, in order, and every send says what
//! became of it.

use crate::parts::{Backend, answer, body, context, kinds, object, user};
use goldenpath_gateway::{Completion, Ending, NotifyError, Outcome, Stage};
use goldenpath_protocol::{CloseCode, EventBody, EventType, ExecutionId, Recovered, ToolError};
use goldenpath_storage::LogLimits;
use serde_json::json;
use std::time::Duration;

#[tokio::test]
async fn all_five_business_events() {
    let backend = Backend::new().await;
    let mut tab = backend.tab("ada").await;
    let mut run = backend.begin("ada").await;
    let (notifier, supervisor) = (&backend.notifier, context("ada"));
    let specialist = supervisor.child("specialist").unwrap();
    let call = ExecutionId::new("call-1").unwrap();
    let missing = ToolError { code: "no_data".to_owned(), message: "no bill yet".to_owned() };

    let _ = notifier.agent_started(&mut run, "looks at your costs").await.unwrap();
    let _ = notifier.agent_thinking(&mut run, &supervisor, "first", Some(140.0)).await.unwrap();
    let _ = notifier.agent_thinking(&mut run, &specialist, "second", Some(f64::NAN)).await.unwrap();
    let _ = notifier.agent_thinking(&mut run, &specialist, "third", Some(20.0)).await.unwrap();
    let asked = object(json!({ "service": "storage" }));
    let _ = notifier.tool_executing(&mut run, &specialist, "costs", &call, asked, "reads it").await.unwrap();
    let took = Duration::from_millis(7);
    let _ = notifier.tool_completed(&mut run, &specialist, "costs", &call, Err(missing), took).await.unwrap();
    let degraded = Completion { limitations: vec!["no bill yet".to_owned()], ..answer() };
    let _ = notifier.agent_completed(&mut run, degraded).await.unwrap();

    let seen = tab.take().await;
    assert_eq!(seen.len(), 7);
    let EventBody::AgentStarted { status, task_description } = &seen[0].body else { panic!("{:?}", seen[0]) };
    assert_eq!((status.as_str(), task_description.as_str()), ("starting", "looks at your costs"));
    let thoughts: Vec<_> = seen[1..4]
        .iter()
        .map(|event| match &event.body {
            EventBody::AgentThinking { reasoning, step_number, progress_percentage } => {
                (reasoning.as_str(), *step_number, *progress_percentage)
            }
            other => panic!("{other:?}"),
        })
        .collect();
    let expected = [("first", 1, Some(100.0)), ("second", 2, None), ("third", 3, Some(100.0))];
    assert_eq!(thoughts, expected, "no progress that is none, and none that goes back");
    let EventBody::ToolExecuting { execution_id, parameters, .. } = &seen[4].body else { panic!() };
    assert_eq!((execution_id, &parameters["service"]), (&call, &json!("storage")));
    let EventBody::ToolCompleted { execution_id, success, results, error, duration_ms, .. } = &seen[5].body
    else {
        panic!()
    };
    assert_eq!((execution_id, *success, results, *duration_ms), (&call, false, &None, 7));
    assert_eq!(error.as_ref().map(|error| error.code.as_str()), Some("no_data"));
    let EventBody::AgentCompleted { degraded, limitations, event_count, .. } = &seen[6].body else {
        panic!()
    };
    assert_eq!((*degraded, limitations.len(), *event_count), (true, 1, 7), "itself included");
    let speakers: Vec<_> = seen.iter().map(|event| event.head.agent_name.as_str()).collect();
    let expected =
        ["supervisor", "supervisor", "specialist", "specialist", "specialist", "specialist", "supervisor"];
    assert_eq!(speakers, expected);
    assert!(run.is_ended());
}

#[tokio::test]
async fn event_ordering_and_timing() {
    let backend = Backend::new().await;
    let mut tab = backend.tab("ada").await;
    let mut run = backend.begin("ada").await;
    let mut made = Vec::new();
    // The machine's clock steps forward, far back, and forward again.
    for (kind, step) in EventType::CRITICAL.into_iter().zip([0, 30, -3_600_000, 10, 3_600_100]) {
        backend.clock.turn(step);
        made.push(backend.say(&mut run, kind).await.unwrap().event_id);
    }
    let seen = tab.take().await;
    let times: Vec<_> = seen.iter().map(|event| event.head.timestamp.unix_ms()).collect();
    let begun = times[0];
    assert_eq!(times, [0, 30, 30, 30, 140].map(|ms| begun + ms), "a run never goes back in time");
    assert_eq!(seen.iter().map(|event| event.head.seq).collect::<Vec<_>>(), [1, 2, 3, 4, 5]);
    assert_eq!(kinds(&seen), EventType::CRITICAL);

    // Stored first, then told: what a crash loses was never seen.
    let asked: Vec<_> =
        backend.journal.lock().unwrap().iter().map(|asked| (asked.part, asked.event.clone())).collect();
    let expected: Vec<_> = made.into_iter().flat_map(|id| [("store", id.clone()), ("log", id)]).collect();
    assert_eq!(asked, expected);
}

#[tokio::test]
async fn failed_notification_is_retried() {
    let waits = [3, 6, 12].map(Duration::from_millis);
    let backend = Backend::with(LogLimits::default(), |config| config.retry_waits = waits).await;
    let mut tab = backend.tab("ada").await;
    let mut run = backend.begin("ada").await;

    // Three retries, each after a longer wait, and every failure told.
    backend.log_faults.silent(3);
    let report = backend.say(&mut run, EventType::AgentStarted).await.unwrap();
    let told: Vec<_> = report.failed_attempts.iter().map(|failed| (failed.stage, failed.attempt)).collect();
    assert_eq!(told, [(Stage::Log, 1), (Stage::Log, 2), (Stage::Log, 3)]);
    assert!(report.failed_attempts.iter().all(|failed| failed.error.contains("did not answer")));
    assert_eq!((report.offset, report.is_live()), (Some(1), true));
    let asked = backend.asked("log");
    assert_eq!(asked.iter().map(|asked| asked.kept).collect::<Vec<_>>(), [false, false, false, true]);
    for (pair, wait) in asked.windows(2).zip(waits) {
        assert!(pair[1].at - pair[0].at >= wait, "a retry waits {wait:?}");
    }
    assert_eq!(tab.take().await.len(), 1, "delivered once, however many attempts");

    // No fifth attempt: the event waits in the store, and goes first when the log is back.
    backend.log_faults.silent(4);
    let report = backend.say(&mut run, EventType::AgentThinking).await.unwrap();
    assert_eq!((report.offset, report.failed_attempts.len(), run.unlogged()), (None, 4, 1));
    assert_eq!(backend.notifier.settle(&mut run).await.unwrap(), 1);
    assert_eq!(kinds(&tab.take().await), [EventType::AgentThinking]);

    // A dead socket is no reason to send again: resume is its second attempt.
    let place = tab.place();
    tab.registration.end(Ending::Gone);
    let before = backend.asked("log").len();
    let report = backend.say(&mut run, EventType::ToolExecuting).await.unwrap();
    assert_eq!(report.connections[0].outcome, Outcome::Closing);
    assert!(report.failed_attempts.is_empty() && !report.is_live());
    assert_eq!(backend.asked("log").len(), before + 1);
    drop(tab);
    let mut again = backend.tab_from("ada", Some(&place)).await;
    assert_eq!((again.recovered, again.missed), (Recovered::Full, 1));
    assert_eq!(kinds(&again.take().await), [EventType::ToolExecuting]);
}

#[tokio::test]
async fn every_send_reports_its_outcome() {
    let backend = Backend::with(LogLimits::default(), |config| config.event_bytes = 2_000).await;
    let mut run = backend.begin("ada").await;
    let nobody = backend.say(&mut run, EventType::AgentStarted).await.unwrap();
    assert_eq!((nobody.seq, nobody.offset, nobody.connections.len()), (1, Some(1), 0));

    let mut quick = backend.tab("ada").await;
    let slow = backend.tab("ada").await;
    let coming = crate::parts::connect(&backend.manager, "ada");
    let _ = backend.say(&mut run, EventType::AgentThinking).await.unwrap();
    let _ = quick.take().await;
    let gone = backend.tab("ada").await;
    gone.registration.end(Ending::close(CloseCode::Revoked));
    let report = backend.say(&mut run, EventType::AgentThinking).await.unwrap();
    assert_eq!((report.event_type, report.seq, report.offset), (EventType::AgentThinking, 3, Some(3)));
    let told: Vec<_> = report.connections.iter().map(|one| (&one.connection_id, one.outcome)).collect();
    let expected = [
        (quick.registration.id(), Outcome::Woken),
        (slow.registration.id(), Outcome::Behind(1)),
        (coming.id(), Outcome::Joining),
        (gone.registration.id(), Outcome::Closing),
    ];
    assert_eq!(told, expected, "each connection by its name");
    // Woken in this send; twice in the one before.
    assert_eq!(
        ["woken", "behind", "joining", "closing"].map(|name| backend.metrics.sends(name)),
        [3, 1, 2, 1]
    );

    // What is refused says why, and leaves no trace.
    let (seq, stored) = (run.count(), backend.stored(&run).await.len());
    let speaker = run.context().clone();
    let refused = backend.notifier.agent_thinking(&mut run, &speaker, &"x".repeat(2_000), None).await;
    assert!(matches!(refused.unwrap_err(), NotifyError::TooLarge { limit: 2_000, bytes } if bytes > 2_000));
    let refused = backend.notifier.agent_thinking(&mut run, &speaker, " ", None).await.unwrap_err();
    assert!(matches!(refused, NotifyError::Empty("reasoning")));
    let refused = backend.notifier.send(&mut run, &context("bob"), body(EventType::AgentThinking)).await;
    assert!(matches!(refused.unwrap_err(), NotifyError::ForeignContext));
    backend.store_faults.silent(4);
    let NotifyError::Store { attempts, .. } =
        backend.say(&mut run, EventType::AgentThinking).await.unwrap_err()
    else {
        panic!("another error")
    };
    assert!(attempts.iter().all(|one| one.stage == Stage::Store) && attempts.len() == 4);
    assert_eq!((run.count(), backend.stored(&run).await.len()), (seq, stored));
    let _ = backend.say(&mut run, EventType::AgentCompleted).await.unwrap();
    assert!(matches!(backend.say(&mut run, EventType::AgentFailed).await.unwrap_err(), NotifyError::Ended));
    assert_eq!(backend.manager.tracker().outcomes(&user("bob"), 1), []);
}
