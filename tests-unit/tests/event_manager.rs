//! The whole way of an event, from the agent's word to each of the user's connections: the notifier, the log, the
//! manager and the tracker together, with faults where delivery has to survive them.

use crate::histories::judge;
use crate::parts::{Backend, Tab, body, connect, context, kinds, offsets, token, user, visitor};
use goldenpath_gateway::{
    CursorError, Ending, NotifyError, Outcome, Refusal, RunStream, SendReport, Stage, UserExecutionContext,
    WebSocketNotifier,
};
use goldenpath_harness::{Connect, Environment, Prompts, known_scenarios};
use goldenpath_history::{HISTORY_VERSION, Header};
use goldenpath_protocol::{
    CloseCode, EventBody, EventType, ExecutionId, Recovered, ResumePoint, RunEvent, RunFailure, ThreadId,
    ToolError, UserId,
};
use goldenpath_simulator::History;
use goldenpath_storage::{EventLog, LogLimits};
use goldenpath_testbed::Testbed;
use rstest::rstest;
use serde_json::{Map, Value, json};
use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

/// Tells the critical events up to `kind`; gives that one as the socket gets it, and its report.
async fn emitted(kind: EventType) -> (Value, SendReport) {
    let backend = Backend::new().await;
    let mut tab = backend.tab("ada").await;
    let mut run = backend.begin("ada").await;
    let mut last = None;
    let place = EventType::CRITICAL.iter().position(|one| *one == kind).unwrap();
    for before in &EventType::CRITICAL[..=place] {
        last = Some(backend.say(&mut run, *before).await.unwrap());
    }
    let report = last.unwrap();
    let seen = tab.take_text(usize::MAX).await.unwrap();
    let event: Value = serde_json::from_str(seen.last().unwrap()).unwrap();

    let number = place as u64 + 1;
    assert_eq!((report.event_type, report.seq, report.offset), (kind, number, Some(number)));
    assert!(report.is_live() && report.failed_attempts.is_empty());
    assert_eq!(report.connections[0].connection_id, *tab.registration.id());
    assert_eq!(event["type"], kind.as_str());
    assert_eq!((&event["seq"], &event["offset"]), (&json!(number), &json!(number)));
    assert_eq!(event["event_id"], report.event_id.as_str());
    for (key, own) in [("user_id", "ada"), ("thread_id", "thread-of-ada"), ("run_id", "run-of-ada")] {
        assert_eq!(event[key], own);
    }
    assert_eq!(
        (&event["request_id"], &event["agent_name"]),
        (&json!("request-of-ada"), &json!("supervisor"))
    );
    assert_eq!(backend.stored(&run).await.len() as u64, number, "stored before it was told");
    (event, report)
}

#[tokio::test]
async fn emit_critical_event_agent_started() {
    let (event, _) = emitted(EventType::AgentStarted).await;
    assert_eq!(
        (&event["status"], &event["task_description"]),
        (&json!("starting"), &json!("looks at your costs"))
    );
}

#[tokio::test]
async fn emit_critical_event_agent_thinking() {
    let (event, _) = emitted(EventType::AgentThinking).await;
    assert_eq!((&event["reasoning"], &event["step_number"]), (&json!("storage grew most"), &json!(1)));
    assert_eq!(event["progress_percentage"].as_f64(), Some(40.0));
}

#[tokio::test]
async fn emit_critical_event_tool_executing() {
    let (event, _) = emitted(EventType::ToolExecuting).await;
    assert_eq!((&event["tool_name"], &event["execution_id"]), (&json!("costs"), &json!("call-1")));
    assert_eq!(
        (&event["parameters"], &event["tool_purpose"]),
        (&json!({"service": "storage"}), &json!("reads the bill"))
    );
}

#[tokio::test]
async fn emit_critical_event_tool_completed() {
    let (event, _) = emitted(EventType::ToolCompleted).await;
    assert_eq!((&event["tool_name"], &event["execution_id"]), (&json!("costs"), &json!("call-1")));
    assert_eq!((&event["success"], &event["duration_ms"]), (&json!(true), &json!(7)));
    assert_eq!(event["results"], json!({"subject": "storage", "usd": 120}));
    assert!(event.get("error").is_none(), "a success has no error");
}

#[tokio::test]
async fn emit_critical_event_agent_completed() {
    let (event, _) = emitted(EventType::AgentCompleted).await;
    assert_eq!((&event["status"], &event["degraded"]), (&json!("completed"), &json!(false)));
    assert_eq!(event["final_response"], "Move the archive to cold storage.");
    assert_eq!((&event["event_count"], &event["limitations"]), (&json!(5), &json!([])));
    assert!(event["duration_ms"].is_u64() && !event["summary"].as_str().unwrap().is_empty());
}

#[tokio::test]
async fn event_targeting_specific_user() {
    let backend = Backend::new().await;
    let (mut adas, mut bobs) = (backend.tab("ada").await, backend.tab("bob").await);
    let mut run = backend.begin("ada").await;
    let reports = backend.say_all_five(&mut run).await;
    for report in &reports {
        let told: Vec<_> = report.connections.iter().map(|one| &one.connection_id).collect();
        assert_eq!(told, [adas.registration.id()]);
    }
    assert!(adas.take().await.iter().all(|event| context("ada").owns(&event.head)));
    assert!(bobs.take().await.is_empty() && backend.stream("bob").await.is_empty());
    assert_eq!(
        backend.log.head(&user("bob")).await.unwrap().offset,
        0,
        "another's event moves no one's stream"
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn concurrent_event_delivery_multiple_users() {
    const USERS: usize = 12;
    let backend = Arc::new(Backend::new().await);
    let start = Arc::new(tokio::sync::Barrier::new(USERS));
    let all: Vec<_> = (0..USERS)
        .map(|n| {
            let (backend, start) = (Arc::clone(&backend), Arc::clone(&start));
            tokio::spawn(async move {
                let name = format!("user-{n}");
                let mut tab = backend.tab(&name).await;
                let mut run = backend.begin(&name).await;
                start.wait().await;
                let _ = backend.say_all_five(&mut run).await;
                (name, tab.take().await)
            })
        })
        .collect();
    let mut ids = BTreeSet::new();
    for one in all {
        let (name, seen) = one.await.unwrap();
        assert_eq!(kinds(&seen), EventType::CRITICAL, "{name}");
        assert_eq!(offsets(&seen), [1, 2, 3, 4, 5], "{name}: a stream of one's own");
        assert!(seen.iter().all(|event| context(&name).owns(&event.head)), "{name}");
        ids.extend(seen.into_iter().map(|event| event.head.event_id));
    }
    assert_eq!((ids.len(), backend.metrics.events()), (USERS * 5, USERS as u64 * 5), "no id twice");
}

#[tokio::test]
async fn event_delivery_with_multiple_connections_per_user() {
    let backend = Backend::new().await;
    let mut tabs = [backend.tab("ada").await, backend.tab("ada").await, backend.tab("ada").await];
    let mut run = backend.begin("ada").await;
    let report = backend.say(&mut run, EventType::AgentStarted).await.unwrap();
    let told: BTreeSet<_> = report.connections.iter().map(|one| one.connection_id.clone()).collect();
    assert_eq!(told, tabs.iter().map(|tab| tab.registration.id().clone()).collect());
    assert!(report.connections.iter().all(|one| one.outcome == Outcome::Woken));
    let _ = backend.say(&mut run, EventType::AgentThinking).await.unwrap();
    let mut texts = BTreeSet::new();
    for tab in &mut tabs {
        let seen = tab.take_text(usize::MAX).await.unwrap();
        assert_eq!(seen.len(), 2);
        texts.insert(seen);
    }
    assert_eq!(texts.len(), 1, "the same bytes on every tab");
    assert_eq!(backend.manager.tracker().totals().written, 6);
}

#[tokio::test]
async fn event_ordering_preservation() {
    let backend = Backend::new().await;
    let mut tab = backend.tab("ada").await;
    let (mut one, mut two) = (backend.begin("ada").await, backend.begin_another("ada", 2).await);
    let mut made = Vec::new();
    for kind in EventType::CRITICAL {
        made.push(backend.say(&mut one, kind).await.unwrap().event_id);
        made.push(backend.say(&mut two, kind).await.unwrap().event_id);
    }
    // However the writer slices its reading.
    let mut seen: Vec<RunEvent> = Vec::new();
    for most in [1, 3, 2, 100] {
        let part = tab.take_text(most).await.unwrap();
        seen.extend(part.iter().map(|text| serde_json::from_str::<RunEvent>(text).unwrap()));
    }
    assert_eq!(seen.iter().map(|event| event.head.event_id.clone()).collect::<Vec<_>>(), made);
    assert_eq!(offsets(&seen), (1..=10).collect::<Vec<_>>());
    for run in [&one, &two] {
        let own: Vec<_> = seen.iter().filter(|event| run.context().owns(&event.head)).cloned().collect();
        assert_eq!(kinds(&own), EventType::CRITICAL);
        assert_eq!(own.iter().map(|event| event.head.seq).collect::<Vec<_>>(), [1, 2, 3, 4, 5]);
    }
}

#[tokio::test]
async fn rapid_sequential_events() {
    const EVENTS: u64 = 200;
    let backend = Backend::new().await;
    let mut tab = backend.tab("ada").await;
    let mut run = backend.begin("ada").await;
    for n in 1..=EVENTS {
        // The clock stands still: even events of the same millisecond have one order.
        let report = backend.notifier.response_delta(&mut run, format!("{n} ")).await.unwrap();
        assert_eq!((report.seq, report.offset), (n, Some(n)));
    }
    let seen = tab.take().await;
    let told: String = seen
        .iter()
        .map(|event| match &event.body {
            EventBody::ResponseDelta { text } => text.as_str(),
            other => panic!("{other:?}"),
        })
        .collect();
    assert_eq!(told, (1..=EVENTS).map(|n| format!("{n} ")).collect::<String>());
    let ids: BTreeSet<_> = seen.iter().map(|event| &event.head.event_id).collect();
    assert_eq!(ids.len() as u64, EVENTS);
}

#[tokio::test]
async fn retry_mechanism_on_send_failure() {
    let backend = Backend::new().await;
    let mut tab = backend.tab("ada").await;
    let mut run = backend.begin("ada").await;
    backend.store_faults.silent(1);
    backend.log_faults.silent(2);
    let report = backend.say(&mut run, EventType::AgentStarted).await.unwrap();
    let failed: Vec<_> = report.failed_attempts.iter().map(|one| (one.stage, one.attempt)).collect();
    assert_eq!(failed, [(Stage::Store, 1), (Stage::Log, 1), (Stage::Log, 2)], "each attempt is reported");
    assert_eq!((report.seq, report.offset), (1, Some(1)));
    let ids: BTreeSet<_> = backend.journal.lock().unwrap().iter().map(|asked| asked.event.clone()).collect();
    assert_eq!(ids, BTreeSet::from([report.event_id]), "the same event in every attempt, not a new one");
    assert_eq!((tab.take().await.len(), backend.stored(&run).await.len()), (1, 1));
    let calm = backend.say(&mut run, EventType::AgentThinking).await.unwrap();
    assert_eq!((calm.failed_attempts.len(), calm.offset), (0, Some(2)));
}

#[tokio::test]
async fn graceful_handling_of_permanent_failures() {
    let backend = Backend::new().await;
    let mut tab = backend.tab("ada").await;
    let mut run = backend.begin("ada").await;
    // A store that is broken: no event, no number, and no second try.
    backend.store_faults.broken(1);
    let NotifyError::Store { attempts, .. } =
        backend.say(&mut run, EventType::AgentStarted).await.unwrap_err()
    else {
        panic!("another error")
    };
    assert_eq!((attempts.len(), run.count(), backend.asked("log").len()), (1, 0, 0));
    assert!(tab.take().await.is_empty(), "what is not stored is not told");
    // A log that is broken: the event exists, and nobody is promised a delivery that does not come.
    backend.log_faults.broken(1);
    let report = backend.say(&mut run, EventType::AgentStarted).await.unwrap();
    assert_eq!((report.seq, report.offset, report.is_live()), (1, None, false));
    assert_eq!((report.failed_attempts.len(), report.connections.len(), run.unlogged()), (1, 0, 1));
    assert_eq!(backend.stored(&run).await.len(), 1);
    // Both work again: nothing is missing and nothing is out of order.
    let report = backend.say(&mut run, EventType::AgentThinking).await.unwrap();
    assert_eq!((report.seq, report.offset, run.unlogged()), (2, Some(2), 0));
    let seen = tab.take().await;
    assert_eq!(kinds(&seen), [EventType::AgentStarted, EventType::AgentThinking]);
    assert_eq!(offsets(&seen), [1, 2]);
}

#[tokio::test]
async fn memory_efficiency_high_volume_events() {
    const KEPT: usize = 50;
    let backend = Backend::with(LogLimits { events: KEPT, ..LogLimits::default() }, |_| {}).await;
    let stalled = backend.tab("ada").await;
    let mut quick = backend.tab("ada").await;
    let mut run = backend.begin("ada").await;
    let mut seen = 0;
    for _ in 0..KEPT * 10 {
        let _ = backend.say(&mut run, EventType::ResponseDelta).await.unwrap();
        seen += quick.take_text(8).await.unwrap().len();
    }
    assert_eq!(seen, KEPT * 10, "who reads gets all of it");
    let place = ResumePoint { epoch: quick.place().epoch, offset: (KEPT * 9) as u64 };
    let kept = backend.tab_from("ada", Some(&place)).await;
    assert_eq!((kept.recovered, kept.missed), (Recovered::Full, KEPT));
    let older = ResumePoint { offset: place.offset - 1, ..place };
    assert_eq!(backend.tab_from("ada", Some(&older)).await.recovered, Recovered::Failed, "no more than that");
    assert!(
        matches!(stalled.cursor.peek(1).await.unwrap_err(), CursorError::Gone),
        "a stalled reader keeps nothing"
    );
    assert_eq!(
        (run.unlogged(), backend.metrics.outbox_bytes()),
        (0, 0),
        "and events never queue per connection"
    );
}

#[tokio::test]
async fn connection_cleanup_removes_dead_connections() {
    let backend = Backend::new().await;
    let mut alive = backend.tab("ada").await;
    let dead = backend.tab("ada").await;
    let ghost = Arc::downgrade(dead.registration.connection());
    let mut run = backend.begin("ada").await;
    assert_eq!(backend.say(&mut run, EventType::AgentStarted).await.unwrap().connections.len(), 2);
    // Dying is one thing, being cleaned up another: between them it is told as what it is.
    dead.registration.end(Ending::Gone);
    let report = backend.say(&mut run, EventType::AgentThinking).await.unwrap();
    assert_eq!(report.connections[1].outcome, Outcome::Closing);
    drop(dead);
    let report = backend.say(&mut run, EventType::ToolExecuting).await.unwrap();
    let told: Vec<_> = report.connections.iter().map(|one| &one.connection_id).collect();
    assert_eq!(told, [alive.registration.id()]);
    assert_eq!(
        (backend.manager.count(), backend.metrics.connections(), backend.manager.tracker().tracked()),
        (1, 1, 1)
    );
    assert!(ghost.upgrade().is_none());
    assert_eq!(alive.take().await.len(), 3, "the living one missed nothing");
}

#[tokio::test]
async fn connection_state_validation_before_delivery() {
    let backend = Backend::new().await;
    let mut run = backend.begin("ada").await;
    let mut state = async |expected: Outcome, live: bool| {
        let report = backend.say(&mut run, EventType::ResponseDelta).await.unwrap();
        assert_eq!((report.connections[0].outcome, report.is_live()), (expected, live), "{expected:?}");
    };
    let registration = connect(&backend.manager, "ada");
    state(Outcome::Joining, false).await;
    let mut tab = backend.greet(registration, None).await;
    state(Outcome::Woken, true).await;
    state(Outcome::Behind(1), true).await;
    assert_eq!(tab.take().await.len(), 2);
    state(Outcome::Woken, true).await;
    tab.registration.end(Ending::close(CloseCode::SlowConsumer));
    state(Outcome::Closing, false).await;
    assert_eq!(backend.metrics.sends("closing"), 1);
}

#[tokio::test]
async fn no_connections_handling() {
    let backend = Backend::new().await;
    let mut run = backend.begin("ada").await;
    let reports = backend.say_all_five(&mut run).await;
    assert!(reports.iter().all(|report| report.connections.is_empty() && !report.is_live()));
    assert!(
        reports.iter().all(|report| report.offset.is_some() && report.failed_attempts.is_empty()),
        "no failure"
    );
    // A run goes on without its listener; who comes later reads what was said.
    let epoch = backend.log.head(&user("ada")).await.unwrap().epoch;
    let mut late = backend.tab_from("ada", Some(&ResumePoint { epoch, offset: 0 })).await;
    assert_eq!((late.recovered, late.missed), (Recovered::Full, 5));
    assert_eq!(kinds(&late.take().await), EventType::CRITICAL);
    assert!(backend.tab("ada").await.take().await.is_empty(), "who asks for no past gets none");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn concurrent_connection_management() {
    const TASKS: usize = 16;
    const LIMIT: usize = 6;
    let limits = LogLimits::default();
    let backend = Arc::new(Backend::with(limits, |config| config.connections_per_user = LIMIT as u32).await);
    let (open, refused) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
    let start = Arc::new(tokio::sync::Barrier::new(TASKS));
    let tasks: Vec<_> = (0..TASKS)
        .map(|_| {
            let (backend, start) = (Arc::clone(&backend), Arc::clone(&start));
            let (open, refused) = (Arc::clone(&open), Arc::clone(&refused));
            tokio::spawn(async move {
                start.wait().await;
                for _ in 0..50 {
                    match backend.manager.admit(visitor("ada")) {
                        Ok(permit) => {
                            let held = permit.register(token());
                            assert!(open.fetch_add(1, Ordering::SeqCst) < LIMIT, "more than may be");
                            tokio::task::yield_now().await;
                            open.fetch_sub(1, Ordering::SeqCst);
                            drop(held);
                        }
                        Err(why) => {
                            assert_eq!(why, Refusal::UserLimit);
                            refused.fetch_add(1, Ordering::SeqCst);
                            tokio::task::yield_now().await;
                        }
                    }
                }
            })
        })
        .collect();
    // Events go on meanwhile, to whoever is there.
    let mut run = backend.begin("ada").await;
    for n in 1..=40 {
        let report = backend.say(&mut run, EventType::ResponseDelta).await.unwrap();
        assert!(report.offset == Some(n) && report.connections.len() <= LIMIT);
    }
    for task in tasks {
        task.await.unwrap();
    }
    assert_eq!(
        (backend.manager.count(), backend.metrics.connections(), backend.manager.tracker().tracked()),
        (0, 0, 0)
    );
    let ended = backend.manager.tracker().totals().ended as usize;
    assert_eq!(ended + refused.load(Ordering::SeqCst), TASKS * 50, "each visit was served or refused");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn concurrent_event_sending_same_user() {
    const RUNS: usize = 5;
    let backend = Arc::new(Backend::new().await);
    let mut tabs = [backend.tab("ada").await, backend.tab("ada").await];
    let start = Arc::new(tokio::sync::Barrier::new(RUNS));
    let runs: Vec<_> = (0..RUNS)
        .map(|n| {
            let (backend, start) = (Arc::clone(&backend), Arc::clone(&start));
            tokio::spawn(async move {
                let mut run = backend.begin_another("ada", n).await;
                start.wait().await;
                backend.say_all_five(&mut run).await
            })
        })
        .collect();
    let mut given = BTreeSet::new();
    for run in runs {
        for report in run.await.unwrap() {
            assert!(given.insert(report.offset.unwrap()), "an offset twice");
        }
    }
    assert_eq!(given, (1..=RUNS as u64 * 5).collect());
    let mut texts = Vec::new();
    for tab in &mut tabs {
        let seen = tab.take().await;
        assert_eq!(offsets(&seen), given.iter().copied().collect::<Vec<_>>());
        let mut by_run: HashMap<_, Vec<_>> = HashMap::new();
        for event in &seen {
            by_run.entry(event.head.run_id.clone()).or_default().push(event.clone());
        }
        assert_eq!(by_run.len(), RUNS);
        for (run, own) in by_run {
            assert_eq!(kinds(&own), EventType::CRITICAL, "{run:?}");
        }
        texts.push(seen);
    }
    assert_eq!(texts[0], texts[1], "every tab has the same one order");
}

#[rstest]
#[tokio::test]
async fn event_message_serialization(
    #[values(
        "plain",
        "\"quoted\" \\ back",
        "line\nbreak\ttab",
        "ünïcödé 🚀 漢字",
        "</script>\u{2028}",
        "{\"offset\":99}"
    )]
    text: &str,
) {
    let backend = Backend::new().await;
    let mut tab = backend.tab("ada").await;
    let mut run = backend.begin("ada").await;
    let speaker = run.context().clone();
    let _ = backend.notifier.agent_thinking(&mut run, &speaker, text, None).await.unwrap();
    let _ = backend.notifier.response_delta(&mut run, text.to_owned()).await.unwrap();
    let raw = tab.take_text(9).await.unwrap();
    assert!(raw.iter().all(|text| !text.contains('\n')), "one frame, one line");
    let seen: Vec<RunEvent> = raw.iter().map(|text| serde_json::from_str(text).unwrap()).collect();
    let EventBody::AgentThinking { reasoning, .. } = &seen[0].body else { panic!("{:?}", seen[0]) };
    let EventBody::ResponseDelta { text: piece } = &seen[1].body else { panic!("{:?}", seen[1]) };
    assert_eq!((reasoning.as_str(), piece.as_str()), (text, text), "what went in comes out");
    assert_eq!(offsets(&seen), [1, 2], "text that looks like an envelope changes none");
    for (text, event) in raw.iter().zip(&seen) {
        let again: Value = serde_json::to_value(event).unwrap();
        assert_eq!(again, serde_json::from_str::<Value>(text).unwrap());
    }
}

#[tokio::test]
async fn required_event_fields_validation() {
    let backend = Backend::new().await;
    let mut run = backend.begin("ada").await;
    let speaker = run.context().clone();
    let failure = |code: &str, message: &str| RunFailure {
        code: code.into(),
        message: message.into(),
        retryable: true,
    };
    let told = |code: &str, message: &str| Some(ToolError { code: code.into(), message: message.into() });
    let tool = |results: Option<Map<String, Value>>, error: Option<ToolError>| EventBody::ToolCompleted {
        tool_name: "costs".into(),
        execution_id: ExecutionId::new("call-1").unwrap(),
        success: results.is_some(),
        results,
        error,
        duration_ms: 1,
    };
    let with = |kind: EventType, change: &dyn Fn(&mut EventBody)| {
        let mut changed = body(kind);
        change(&mut changed);
        changed
    };
    let blank = " \n".to_owned();
    let cases = [
        (
            "task_description",
            with(EventType::AgentStarted, &|body| {
                if let EventBody::AgentStarted { task_description, .. } = body {
                    task_description.clone_from(&blank);
                }
            }),
        ),
        (
            "reasoning",
            with(EventType::AgentThinking, &|body| {
                if let EventBody::AgentThinking { reasoning, .. } = body {
                    reasoning.clone_from(&blank);
                }
            }),
        ),
        (
            "tool_name",
            with(EventType::ToolExecuting, &|body| {
                if let EventBody::ToolExecuting { tool_name, .. } = body {
                    tool_name.clone_from(&blank);
                }
            }),
        ),
        (
            "tool_purpose",
            with(EventType::ToolExecuting, &|body| {
                if let EventBody::ToolExecuting { tool_purpose, .. } = body {
                    tool_purpose.clone_from(&blank);
                }
            }),
        ),
        ("results", tool(Some(Map::new()), None)),
        ("error", tool(None, None)),
        ("error.code", tool(None, told("", "what happened"))),
        ("error.message", tool(None, told("no_data", " "))),
        (
            "final_response",
            with(EventType::AgentCompleted, &|body| {
                if let EventBody::AgentCompleted { final_response, .. } = body {
                    final_response.clone_from(&blank);
                }
            }),
        ),
        (
            "summary",
            with(EventType::AgentCompleted, &|body| {
                if let EventBody::AgentCompleted { summary, .. } = body {
                    summary.clone_from(&blank);
                }
            }),
        ),
        ("text", EventBody::ResponseDelta { text: String::new() }),
        ("error.code", EventBody::AgentFailed { error: failure("", "why"), duration_ms: 1, event_count: 1 }),
        (
            "error.message",
            EventBody::AgentFailed { error: failure("internal", ""), duration_ms: 1, event_count: 1 },
        ),
        ("reason", EventBody::AgentCancelled { reason: blank.clone(), duration_ms: 1, event_count: 1 }),
    ];
    for (field, body) in cases {
        match backend.notifier.send(&mut run, &speaker, body.clone()).await {
            Err(NotifyError::Empty(named)) => assert_eq!(named, field),
            other => panic!("{field} of {body:?}: {other:?}"),
        }
    }
    assert_eq!(
        (run.count(), run.is_ended(), backend.journal.lock().unwrap().len()),
        (0, false, 0),
        "no trace"
    );
    let _ = backend.notifier.response_delta(&mut run, " ".to_owned()).await.expect("a space is text");
}

#[tokio::test]
async fn send_agent_event_interface_compatibility() {
    // One way in for any event; the named methods are the same way with the fields filled in.
    async fn send(
        notifier: &WebSocketNotifier,
        run: &mut RunStream,
        speaker: &UserExecutionContext,
        body: EventBody,
    ) -> Result<SendReport, NotifyError> {
        notifier.send(run, speaker, body).await
    }
    let backend = Backend::new().await;
    let mut tab = backend.tab("ada").await;
    let (mut generic, mut named) = (backend.begin("ada").await, backend.begin_another("ada", 2).await);
    for kind in [
        EventType::AgentStarted,
        EventType::AgentThinking,
        EventType::ToolExecuting,
        EventType::ResponseDelta,
    ] {
        let speaker = generic.context().clone();
        let one = send(&backend.notifier, &mut generic, &speaker, body(kind)).await.unwrap();
        let two = backend.say(&mut named, kind).await.unwrap();
        assert_eq!((one.event_type, one.seq), (two.event_type, two.seq));
        assert_eq!(one.connections.len(), two.connections.len());
        let seen = tab.take().await;
        assert_eq!(seen[0].body, seen[1].body, "{kind:?}");
    }
    // A sub-agent's voice is the speaker's, the identity the run's.
    let specialist = generic.context().child("specialist").unwrap();
    let _ = send(&backend.notifier, &mut generic, &specialist, body(EventType::ToolCompleted)).await.unwrap();
    let seen = tab.take().await;
    assert_eq!(
        (seen[0].head.agent_name.as_str(), seen[0].head.parent_agent.as_deref()),
        ("specialist", Some("supervisor"))
    );
    assert!(generic.context().owns(&seen[0].head));
}

#[test]
fn all_critical_event_types_defined() {
    let names = EventType::CRITICAL.map(EventType::as_str);
    assert_eq!(
        names,
        ["agent_started", "agent_thinking", "tool_executing", "tool_completed", "agent_completed"]
    );
    for kind in EventType::CRITICAL {
        assert_eq!(EventType::from_name(kind.as_str()), Some(kind));
        assert_eq!(body(kind).event_type(), kind);
        assert_eq!(serde_json::to_value(body(kind)).unwrap()["type"], kind.as_str(), "the name on the wire");
        assert_eq!(kind.is_terminal(), kind == EventType::AgentCompleted);
    }
}

#[tokio::test]
async fn cold_start_race_condition_prevention() {
    // The steps of a connection that comes up, with an event after each; wherever it falls, it is delivered once.
    for moment in 0..5 {
        let backend = Backend::new().await;
        let mut run = backend.begin("ada").await;
        let place = backend.tab("ada").await.place();
        let mut happen = async |now: usize| {
            if now == moment {
                let _ = backend.say(&mut run, EventType::AgentStarted).await.unwrap();
            }
        };
        happen(0).await;
        let permit = backend.manager.admit(visitor("ada")).unwrap();
        happen(1).await;
        let registration = permit.register(token());
        happen(2).await;
        let mut tab: Tab = backend.greet(registration, Some(&place)).await;
        happen(3).await;
        let mut seen = tab.take().await;
        happen(4).await;
        assert_eq!(tab.cursor.is_behind().unwrap(), moment == 4, "the log tells a reader what it lacks");
        seen.extend(tab.take().await);
        assert_eq!(
            (kinds(&seen), offsets(&seen)),
            (vec![EventType::AgentStarted], vec![1]),
            "moment {moment}"
        );
        assert_eq!(tab.missed, usize::from(moment < 3), "replayed or live, never both: moment {moment}");
        assert!(tab.take().await.is_empty());
    }
}

#[test]
fn staging_environment_auto_detection() {
    let detect = |variables: &[(&str, &str)]| {
        let variables: HashMap<_, _> = variables.iter().copied().collect();
        Environment::detect(|name| variables.get(name).map(|value| (*value).to_owned()))
    };
    let staging = [("K_SERVICE", "backend"), ("GOOGLE_CLOUD_PROJECT", "acme-staging")];
    assert_eq!(detect(&staging), Environment::Staging);
    assert_eq!(detect(&[("K_SERVICE", "backend"), ("GCP_PROJECT", "Staging-7")]), Environment::Staging);
    // Both are needed: neither another project, nor a laptop that is logged in to this one, is staging.
    assert_eq!(
        detect(&[("K_SERVICE", "backend"), ("GOOGLE_CLOUD_PROJECT", "acme-prod")]),
        Environment::Embedded
    );
    assert_eq!(detect(&staging[..1]), Environment::Embedded);
    assert_eq!(detect(&staging[1..]), Environment::Embedded);
    assert_eq!(detect(&[("K_SERVICE", " "), staging[1]]), Environment::Embedded, "an empty variable is none");
    assert_eq!(detect(&[("GOLDENPATH_TARGET", "ws://localhost:8000/ws")]), Environment::Local);
    assert_eq!(detect(&[]), Environment::Embedded);
    // It is patient with a cold start, and that is all it is: `Patience` has no other field.
    let [staging, local, embedded] =
        [Environment::Staging, Environment::Local, Environment::Embedded].map(Environment::patience);
    let goldenpath_harness::Patience { connect_retries, retry_wait, start_up } = staging;
    assert!(connect_retries > local.connect_retries && local.connect_retries > embedded.connect_retries);
    assert!(retry_wait > local.retry_wait && start_up > local.start_up && local.start_up > embedded.start_up);
}

#[tokio::test]
async fn event_validation_framework_integration() {
    let testbed = Testbed::builder().start().await.unwrap();
    let person = testbed.user(23);
    let client = testbed.session.connect(&person, Connect::fresh()).await.unwrap();
    let prompt = Prompts::new(23, person.name()).next(&known_scenarios()[0]);
    client.ask(&prompt, None).await.unwrap();
    client.wait_for_end(&prompt.request_id, Duration::from_secs(20)).await.unwrap().expect("accepted");
    client.close().await;
    let header = Header {
        history: HISTORY_VERSION,
        seed: 23,
        t0_unix_ms: Some(testbed.session.recorder().clock().t0_unix_ms()),
        auth_mode: Some("mint".to_owned()),
        ..Header::new("unit", testbed.session.target().safe_url(), "goldenpath")
    };
    let history = History { header, records: testbed.recording.finish().unwrap().records };
    const CHECKS: [&str; 2] = ["content/schema", "timestamps/format"];
    let verdicts = |history: &History| {
        let judged = judge(history);
        CHECKS.map(|id| judged.checks.iter().find(|check| check.id == id).unwrap().clone())
    };
    use goldenpath_checkers::Verdict;
    for check in verdicts(&history) {
        assert_eq!(check.verdict, Verdict::Pass, "{}: {:#?}", check.id, check.findings);
        assert!(check.of >= 5, "{} looked at {} events", check.id, check.of);
    }
    // The same recording with one thing wrong: the validation reads what the backend really sends.
    let spoilt = crate::histories::rewritten(&history, "agent_thinking", |event| {
        event["timestamp"] = json!("yesterday")
    });
    assert_eq!(verdicts(&spoilt)[1].verdict, Verdict::Fail);
    let spoilt =
        crate::histories::rewritten(&history, "tool_completed", |event| event["success"] = json!("yes"));
    assert_eq!(verdicts(&spoilt)[0].verdict, Verdict::Fail);
}

#[tokio::test]
async fn high_frequency_event_delivery_performance() {
    const EVENTS: usize = 300;
    let backend = Backend::new().await;
    let mut tabs = [backend.tab("ada").await, backend.tab("ada").await, backend.tab("ada").await];
    let mut run = backend.begin("ada").await;
    let work = async {
        for _ in 0..EVENTS {
            let _ = backend.say(&mut run, EventType::ResponseDelta).await.unwrap();
        }
    };
    // A deadline far above what it takes, and below what a wait per event would cost.
    tokio::time::timeout(Duration::from_secs(15), work).await.expect("50 ms per event and more");
    // What makes it fast: one append per event however many tabs, and reads that take all there is.
    assert_eq!((backend.asked("store").len(), backend.asked("log").len()), (EVENTS, EVENTS));
    for tab in &mut tabs {
        assert_eq!(tab.take_text(EVENTS).await.unwrap().len(), EVENTS, "one read");
        assert!(!tab.cursor.is_behind().unwrap());
    }
    assert_eq!(backend.manager.tracker().totals().written, 3 * EVENTS as u64);
}

#[tokio::test]
async fn memory_leak_prevention_extended_session() {
    let limits = LogLimits::default();
    let backend = Backend::with(limits, |_| {}).await;
    let mut ghosts = Vec::new();
    // Hours pass: each quarter another user comes, has a run and leaves.
    for quarter in 0..30 {
        let name = format!("user-{quarter}");
        let mut tab = backend.tab(&name).await;
        let mut run = backend.begin(&name).await;
        let _ = backend.say_all_five(&mut run).await;
        assert_eq!(tab.take().await.len(), 5);
        ghosts.push(Arc::downgrade(tab.registration.connection()));
        drop(tab);
        backend.clock.turn(limits.age_ms);
        assert!(
            backend.memory.users() <= 3,
            "streams that nobody uses are dropped: {}",
            backend.memory.users()
        );
    }
    assert!(ghosts.iter().all(|ghost| ghost.strong_count() == 0));
    assert_eq!(
        (backend.manager.count(), backend.metrics.connections(), backend.manager.tracker().tracked()),
        (0, 0, 0)
    );
    assert_eq!(backend.metrics.outbox_bytes(), 0);
    // Somebody who stays connected and silent keeps their place in the stream meanwhile.
    let mut patient = backend.tab("ada").await;
    backend.clock.turn(3 * limits.age_ms);
    let mut run = backend.begin("ada").await;
    let _ = backend.say(&mut run, EventType::AgentStarted).await.unwrap();
    assert_eq!(kinds(&patient.take().await), [EventType::AgentStarted]);
}

#[tokio::test]
async fn critical_event_delivery_guarantee() {
    // Whichever event the trouble falls on: a log that fails for a while or for good, a connection that dies.
    for trouble in 0..5 {
        let backend = Backend::new().await;
        let mut tab = backend.tab("ada").await;
        let mut seen = Vec::new();
        let mut run = backend.begin("ada").await;
        for (n, kind) in EventType::CRITICAL.into_iter().enumerate() {
            if n == trouble {
                backend.store_faults.silent(2);
                backend.log_faults.silent(4);
                seen.extend(tab.take().await);
                let place = tab.place();
                drop(tab);
                let _ = backend.say(&mut run, kind).await.unwrap();
                assert_eq!(run.unlogged(), 1);
                tab = backend.tab_from("ada", Some(&place)).await;
            } else {
                let _ = backend.say(&mut run, kind).await.unwrap();
            }
        }
        let owed = backend.notifier.settle(&mut run).await.unwrap();
        assert_eq!(owed, usize::from(trouble == 4), "the last one has no follower to push it");
        seen.extend(tab.take().await);
        assert_eq!(kinds(&seen), EventType::CRITICAL, "trouble at {trouble}: each one, once, in order");
        assert_eq!(offsets(&seen), [1, 2, 3, 4, 5]);
        assert_eq!(backend.stored(&run).await.len(), 5);
    }
}

#[tokio::test]
async fn user_id_validation_and_type_safety() {
    for wrong in ["", " ", "null", "undefined", "registry", "two words", "a\u{0}b", &"x".repeat(129)] {
        assert!(UserId::new(wrong).is_err(), "{wrong:?}");
        assert!(serde_json::from_value::<UserId>(json!(wrong)).is_err(), "{wrong:?} over the wire");
    }
    assert!(serde_json::from_value::<UserId>(json!(7)).is_err() && UserId::new("x".repeat(128)).is_ok());
    // A thread's id is no user's id, even when the text is the same: this is a function of the user alone.
    let _: fn(&WebSocketNotifier, &UserId, &goldenpath_protocol::ServerFrame) -> Vec<_> =
        WebSocketNotifier::tell_user;
    assert_ne!(std::any::TypeId::of::<UserId>(), std::any::TypeId::of::<ThreadId>());
    // Ids are compared whole: no case folding, no prefix.
    let backend = Backend::new().await;
    let mut others = Vec::new();
    for name in ["Ada", "ada2", "ad", "ada.", "bob"] {
        others.push(backend.tab(name).await);
    }
    let mut own = backend.tab("ada").await;
    let mut run = backend.begin("ada").await;
    let report = backend.say(&mut run, EventType::AgentStarted).await.unwrap();
    assert_eq!((report.connections.len(), own.take().await.len()), (1, 1));
    for other in &mut others {
        assert!(other.take().await.is_empty(), "{:?}", other.registration.user());
    }
    let foreign = backend.notifier.agent_thinking(&mut run, &context("Ada"), "a thought", None).await;
    assert!(matches!(foreign.unwrap_err(), NotifyError::ForeignContext));
}

#[rstest]
#[tokio::test]
async fn event_type_validation_and_comprehensive_coverage(
    #[values(EventType::AgentCompleted, EventType::AgentFailed, EventType::AgentCancelled)]
    terminal: EventType,
) {
    let names: BTreeSet<_> = EventType::ALL.iter().map(|kind| kind.as_str()).collect();
    assert_eq!(names.len(), EventType::ALL.len());
    for unknown in ["", "Agent_Started", "agent_started ", "tool_done", "x.custom", "error"] {
        assert_eq!(EventType::from_name(unknown), None, "{unknown}");
        assert!(serde_json::from_value::<EventType>(json!(unknown)).is_err());
    }
    // Every type can be said until a terminal was; after it, none.
    let backend = Backend::new().await;
    let mut tab = backend.tab("ada").await;
    let mut run = backend.begin("ada").await;
    let said: Vec<_> =
        EventType::ALL.into_iter().filter(|kind| !kind.is_terminal()).chain([terminal]).collect();
    for kind in &said {
        assert!(!run.is_ended());
        assert_eq!(backend.say(&mut run, *kind).await.unwrap().event_type, *kind);
    }
    assert!(run.is_ended());
    for kind in EventType::ALL {
        assert!(
            matches!(backend.say(&mut run, kind).await.unwrap_err(), NotifyError::Ended),
            "{kind:?} after the end"
        );
    }
    assert_eq!(kinds(&tab.take().await), said);
    assert_eq!(run.count(), said.len() as u64);
    let context = run.context();
    let kept = goldenpath_storage::Store::run(&*backend.store, context.user_id(), context.run_id())
        .await
        .unwrap()
        .unwrap();
    let state = terminal.as_str().strip_prefix("agent_").unwrap();
    assert_eq!(
        (kept.state.as_str(), kept.final_response.is_some()),
        (state, terminal == EventType::AgentCompleted)
    );
}
