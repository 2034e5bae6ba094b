//! Users can follow the work: the five events, their order, their speed, over a reconnect, and nobody else's.

use crate::backend::Backend;
use crate::driving::{DEADLINE, Ran, Seen, Stage, kept};
use crate::reaching;
use goldenpath_harness::{Connect, ConnectError, Credential, Forgery, known_scenarios};
use goldenpath_protocol::{EventType, Recovered, ResumePoint};
use serde_json::Value;
use std::collections::{HashMap, HashSet};

/// Two users ask the four known questions, both at once.
async fn two_users(stage: &Stage) -> Vec<Ran> {
    stage.everybody_asks(&stage.users(2), 1).await
}

/// Each run's events of one type, at least one of each run, all of them bearing the run's own identity.
fn events_of_each(seen: &Seen, runs: &[Ran], wanted: EventType) -> Vec<Vec<Value>> {
    assert_eq!(runs.len(), 8);
    let of_type = |run: &Ran| {
        let mut events = seen.events(run);
        events.retain(|event| event["type"] == wanted.as_str());
        assert!(!events.is_empty(), "run {} has no {}", run.run_id, wanted.as_str());
        for event in &events {
            assert_eq!(event["user_id"], run.user.as_str());
            assert_eq!(event["thread_id"], run.thread_id.as_str());
            assert_eq!(event["request_id"], run.prompt.request_id.as_str());
        }
        events
    };
    runs.iter().map(of_type).collect()
}

fn text<'a>(event: &'a Value, field: &str) -> &'a str {
    let text = event[field].as_str().unwrap_or_else(|| panic!("`{field}` is no text: {event}"));
    assert!(!text.trim().is_empty(), "`{field}` is empty: {event}");
    text
}

/// Fails when a run begins without it, twice, or without saying what is begun.
#[tokio::test(flavor = "multi_thread")]
async fn agent_started_event_validation() {
    let backend = Backend::open().await;
    let ids = [
        "sequence/five-in-order",
        "sequence/after-request",
        "content/schema",
        "content/meaningful",
        "timestamps/format",
    ];
    let (runs, seen) = kept(&backend, &ids, two_users).await;
    seen.assert_all("sequence/five-in-order", runs.len());
    for events in events_of_each(&seen, &runs, EventType::AgentStarted) {
        let [started] = &events[..] else { panic!("a run started more than once: {events:#?}") };
        assert_eq!((&started["seq"], &started["status"]), (&1.into(), &"starting".into()));
        text(started, "task_description");
    }
}

/// Fails when a run is silent about its thoughts, counts them wrongly, or a speaker goes back in its progress.
#[tokio::test(flavor = "multi_thread")]
async fn agent_thinking_event_validation() {
    let backend = Backend::open().await;
    let ids = ["sequence/five-in-order", "content/schema", "content/meaningful"];
    let (runs, seen) = kept(&backend, &ids, two_users).await;
    seen.assert_all("sequence/five-in-order", runs.len());
    for events in events_of_each(&seen, &runs, EventType::AgentThinking) {
        let steps: Vec<u64> = events.iter().map(|event| event["step_number"].as_u64().unwrap()).collect();
        assert_eq!(steps, (1..=steps.len() as u64).collect::<Vec<_>>(), "steps of one run");
        // Specialists think side by side, so each speaker has a progress of its own.
        let mut progress: HashMap<&str, f64> = HashMap::new();
        for event in &events {
            let Some(percent) = event["progress_percentage"].as_f64() else { continue };
            let before = progress.insert(text(event, "agent_name"), percent).unwrap_or(0.0);
            assert!((before..=100.0).contains(&percent), "progress goes from {before} to {percent}: {event}");
        }
        let reasons: HashSet<&str> = events.iter().map(|event| text(event, "reasoning")).collect();
        assert!(reasons.len() > events.len() / 2, "the same thought again and again: {events:#?}");
    }
}

/// Fails when a call has no name, no purpose, an id of another call, or no result.
#[tokio::test(flavor = "multi_thread")]
async fn tool_executing_event_validation() {
    let backend = Backend::open().await;
    let ids = ["sequence/five-in-order", "sequence/tool-pairs", "content/schema", "content/meaningful"];
    let (runs, seen) = kept(&backend, &ids, two_users).await;
    let calls: Vec<Value> =
        events_of_each(&seen, &runs, EventType::ToolExecuting).into_iter().flatten().collect();
    seen.assert_all("sequence/tool-pairs", runs.len());
    let ids: HashSet<&str> = calls.iter().map(|call| text(call, "execution_id")).collect();
    assert_eq!(ids.len(), calls.len(), "two calls share an id");
    for call in &calls {
        text(call, "tool_name");
        text(call, "tool_purpose");
        assert!(call["parameters"].is_object(), "{call}");
    }
}

/// Fails when a result has no call, another tool's name, another subject than was asked about, or nothing in it.
#[tokio::test(flavor = "multi_thread")]
async fn tool_completed_event_validation() {
    let backend = Backend::open().await;
    let ids = ["sequence/tool-pairs", "content/schema", "content/meaningful", "content/whole"];
    let (runs, seen) = kept(&backend, &ids, two_users).await;
    let of_type = |wanted| events_of_each(&seen, &runs, wanted).into_iter().flatten();
    let mut open: HashMap<String, Value> = of_type(EventType::ToolExecuting)
        .map(|call| (text(&call, "execution_id").to_owned(), call))
        .collect();
    for done in of_type(EventType::ToolCompleted) {
        let call = open.remove(text(&done, "execution_id")).expect("a result without its call");
        assert_eq!(done["tool_name"], call["tool_name"]);
        assert_eq!(done["success"], true, "{done}");
        assert!(done["duration_ms"].as_f64().unwrap() >= 0.0);
        let (subject, asked) = (&done["results"]["subject"], call["parameters"].as_object().unwrap());
        for (name, value) in subject.as_object().expect("a result says what it is about") {
            if let Some(asked) = asked.get(name) {
                assert_eq!(value, asked, "`{name}` of {done}");
            }
        }
    }
    assert!(open.is_empty(), "calls without a result: {open:#?}");
}

/// Fails when a run ends twice, with an empty or cut answer, or with a wrong count of its events.
#[tokio::test(flavor = "multi_thread")]
async fn agent_completed_event_validation() {
    let backend = Backend::open().await;
    let ids = [
        "sequence/one-terminal",
        "sequence/nothing-after-terminal",
        "sequence/terminal-true",
        "content/meaningful",
        "delivery/deltas-concatenate",
    ];
    let (runs, seen) = kept(&backend, &ids, two_users).await;
    seen.assert_all("sequence/one-terminal", runs.len());
    for (run, ends) in runs.iter().zip(events_of_each(&seen, &runs, EventType::AgentCompleted)) {
        let [end] = &ends[..] else { panic!("a run ended more than once: {ends:#?}") };
        let events = seen.events(run);
        assert_eq!(events.last(), Some(end), "something follows the end");
        assert_eq!(end["event_count"], events.len() as u64);
        assert_eq!((&end["status"], &end["degraded"]), (&"completed".into(), &false.into()));
        let deltas: String = events.iter().filter_map(|event| event["text"].as_str()).collect();
        assert_eq!(deltas, text(end, "final_response"), "the answer is not what was streamed");
        text(end, "summary");
    }
}

/// Fails when one of the five is missing or out of order, one event is lost or doubled, or the store tells another story.
#[tokio::test(flavor = "multi_thread")]
async fn full_agent_execution_event_sequence() {
    let backend = Backend::open().await;
    let ids = [
        "sequence/five-in-order",
        "sequence/tool-pairs",
        "sequence/one-terminal",
        "sequence/nothing-after-terminal",
        "sequence/seq-dense",
        "sequence/after-request",
        "timestamps/monotone",
        "delivery/no-loss",
        "delivery/unique-ids",
        "delivery/stream-equals-store",
    ];
    let (runs, seen) = kept(&backend, &ids, async |stage| {
        let users = stage.users(2);
        let runs = stage.everybody_asks(&users, 1).await;
        for run in &runs {
            let user = users.iter().find(|user| **user.name() == *run.user).unwrap();
            let stored = stage.read_back(run, user).await;
            assert_eq!(stored["state"], "completed");
        }
        runs
    })
    .await;
    seen.assert_all("sequence/five-in-order", runs.len());
    for run in &runs {
        let events = seen.events(run);
        let first = EventType::CRITICAL.map(|wanted| {
            let place = events.iter().position(|event| event["type"] == wanted.as_str());
            place.unwrap_or_else(|| panic!("run {} has no {}", run.run_id, wanted.as_str()))
        });
        assert!(first.is_sorted(), "run {}: first occurrences at {first:?}", run.run_id);
        assert_eq!((first[0], first[4]), (0, events.len() - 1), "run {}", run.run_id);
    }
}

/// Fails when anything of one user, an id, a word of a prompt's reference or of its data, stands in another's frames.
#[tokio::test(flavor = "multi_thread")]
async fn concurrent_user_event_isolation() {
    let backend = Backend::open().await;
    let ids = [
        "isolation/run-owner",
        "isolation/canary",
        "isolation/identity",
        "isolation/thread",
        "delivery/no-loss",
    ];
    let (runs, seen) =
        kept(&backend, &ids, async |stage| stage.everybody_asks(&stage.users(10), 1).await).await;
    let owners: HashMap<u32, &str> = runs.iter().map(|run| (run.conn, run.user.as_str())).collect();
    assert_eq!((runs.len(), owners.len()), (40, 10));
    for (conn, owner) in owners {
        for (_, frame) in seen.received(conn) {
            assert!(frame["user_id"].is_null() || frame["user_id"] == owner, "{owner} saw {frame}");
            let raw = frame.to_string();
            let strange = |run: &&Ran| run.user != owner && raw.contains(&run.prompt.reference);
            assert!(!runs.iter().any(|run| strange(&run)), "{owner} saw another's reference: {raw}");
        }
    }
}

/// Fails when one of the five events comes late or tells another duration than it took, and when events are long under way or come
/// slower than they are made.
#[tokio::test(flavor = "multi_thread")]
async fn websocket_event_latency_performance() {
    let backend = Backend::open().await;
    let ids = [
        "timing/delivery-latency",
        "timing/first-event",
        "timing/throughput",
        "timing/streamed",
        "timing/agent-started",
        "timing/agent-thinking",
        "timing/tool-executing",
        "timing/tool-completed",
        "timing/agent-completed",
        "timing/whole-answer",
        "timing/durations-true",
    ];
    let (runs, seen) =
        kept(&backend, &ids, async |stage| stage.everybody_asks(&stage.users(2), 3).await).await;
    let events: usize = runs.iter().map(|run| seen.events(run).len()).sum();
    assert_eq!(seen.check("timing/delivery-latency").of, events as u64);
    for id in ["timing/agent-started", "timing/agent-thinking", "timing/whole-answer"] {
        seen.assert_all(id, runs.len());
    }
    assert!(events >= 400, "{events} events are too few for a share of them to be late");
    let average = seen.judgement.metrics.avg_latency_ms.expect("the clocks were compared");
    assert!(average <= 100.0, "{average} ms on average");
    let throughput = seen.check("timing/throughput");
    assert!(throughput.value.unwrap() >= 20.0, "{throughput:?}");
}

/// What one user saw of a run before and after a lost connection.
struct Resumed {
    run_id: String,
    conns: [u32; 2],
    point: ResumePoint,
    replay: u64,
    /// The connection that resumed from the same point once more.
    again: u32,
}

/// Fails when a connection that comes back with its epoch and offset misses an event, sees one twice, sees other bytes
/// than before, or lands in another run; and when an epoch that never was is not said to be lost.
// On one thread a dropped client reads nothing between its last look and its end.
#[tokio::test]
async fn websocket_reconnection_event_continuity() {
    let backend = Backend::open().await;
    let ids = ["sequence/five-in-order", "sequence/seq-dense", "delivery/no-loss", "delivery/unique-ids"];
    let (resumed, seen) = kept(&backend, &ids, async |stage| {
        let user = &stage.users(1)[0];
        let mut prompts = stage.prompts(user);
        let mut resumed = Vec::new();
        for (n, scenario) in known_scenarios().iter().enumerate() {
            let client = stage.enter(user).await;
            let prompt = prompts.next(scenario);
            client.ask(&prompt, None).await.unwrap();
            let run_id = client.wait_for_run(&prompt.request_id, DEADLINE).await.unwrap();
            let point = client.view(|view| view.resume_point()).unwrap();
            let left = client.conn();
            drop(client);
            // Every second time the whole rest of the run is missed.
            if n % 2 == 1 {
                stage.stored_end(&run_id, user).await;
            }
            let back = stage.session.connect(user, Connect::fresh().resuming(&point)).await.unwrap();
            let greeting = back.wait_for_greeting(DEADLINE).await.unwrap();
            assert_eq!(greeting.recovered, Some(Recovered::Full), "{greeting:?}");
            assert_eq!(greeting.epoch.as_deref(), Some(point.epoch.to_string().as_str()));
            back.wait_for("the end of the replay", DEADLINE, |view| view.replay_end).await.unwrap();
            back.wait_for("the end of the run", DEADLINE, |view| view.run(&run_id)?.ended).await.unwrap();
            let again = stage.session.connect(user, Connect::fresh().resuming(&point)).await.unwrap();
            again.wait_for("the end of the replay", DEADLINE, |view| view.replay_end).await.unwrap();
            let conns = [left, back.conn()];
            resumed.push(Resumed { run_id, conns, point, replay: greeting.replay, again: again.conn() });
            back.close().await;
            again.close().await;
        }
        // An epoch that never was: nothing is replayed, and that is said.
        let never: ResumePoint = "00000000000000000000000000000000:1".parse().unwrap();
        let lost = stage.session.connect(user, Connect::fresh().resuming(&never)).await.unwrap();
        let greeting = lost.wait_for_greeting(DEADLINE).await.unwrap();
        assert_eq!((greeting.recovered, greeting.replay), (Some(Recovered::Failed), 0));
        lost.close().await;
        resumed
    })
    .await;
    for Resumed { run_id, conns: [left, back], point, replay, again } in &resumed {
        let (before, after) = (seen.events_on(*left, run_id), seen.events_on(*back, run_id));
        assert_eq!(before.last().unwrap()["offset"], point.offset);
        assert!(!after.is_empty(), "nothing was missed");
        let whole: Vec<&Value> = before.iter().chain(&after).collect();
        let seqs: Vec<u64> = whole.iter().map(|event| event["seq"].as_u64().unwrap()).collect();
        assert_eq!(seqs, (1..=seqs.len() as u64).collect::<Vec<_>>(), "before, replay and live add up");
        let end = whole[whole.len() - 1];
        assert_eq!((&end["type"], &end["event_count"]), (&"agent_completed".into(), &whole.len().into()));
        assert!(*replay <= after.len() as u64);
        assert_eq!(seen.events_on(*again, run_id), after, "a replay differs from what was seen before");
    }
    let missed: Vec<u64> = resumed.iter().map(|run| run.replay).collect();
    assert!(missed[1] > 0 && missed[3] > 0, "nothing was replayed: {missed:?}");
}

/// Fails when a forged token opens a door, its refusal tells why, or one user reads, cancels, resumes or writes what is
/// another's.
#[tokio::test(flavor = "multi_thread")]
async fn user_isolation_security_validation() {
    let backend = Backend::open().await;
    let ids = [
        "isolation/run-owner",
        "isolation/canary",
        "isolation/foreign-access",
        "auth/refused",
        "auth/accepted",
        "auth/uniform-errors",
    ];
    let (reached, seen) = kept(&backend, &ids, async |stage| {
        let users = stage.users(2);
        stage.everybody_asks(&users, 1).await;
        for forgery in Forgery::ALL {
            let how = Connect::fresh().showing(Credential::Forged(forgery));
            let refused = stage.session.connect(&users[1], how).await.expect_err(forgery.case());
            let ConnectError::Refused { status, .. } = refused else {
                panic!("{}: {refused}", forgery.case())
            };
            assert_eq!(status, 401, "{}", forgery.case());
        }
        reaching::for_what_is_anothers(stage, &users[0], &users[1]).await
    })
    .await;
    assert_eq!(seen.check("auth/refused").of, Forgery::ALL.len() as u64);
    assert_eq!(seen.check("isolation/foreign-access").of, reached);
}
