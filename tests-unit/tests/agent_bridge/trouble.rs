//! What happens when an event cannot be kept or told: it is tried again for as long as a run may last, every two
//! seconds; its user is told once; and the place is free in the end.

use crate::parts::{Call, Part, Stage, Trouble, done, kinds, waiting};
use goldenpath_agent::TaskEnd;
use goldenpath_gateway::GatewayConfig;
use goldenpath_protocol::{ErrorCode, EventBody, EventType, RunState, ServerFrame};
use std::time::Duration;

/// Two events before its answer.
async fn thoughtful(part: Part) -> TaskEnd {
    part.start().await;
    part.think("which costs are large?").await;
    done("An answer.")
}

async fn brief(part: Part) -> TaskEnd {
    part.start().await;
    done("An answer.")
}

/// A run may last for twice the wait between two attempts.
fn short(config: &mut GatewayConfig) {
    config.run_deadline = Duration::from_secs(4);
}

/// The words of the control frames that a tab was told, all about one request.
fn words(frames: Vec<ServerFrame>) -> Vec<String> {
    let word = |frame| match frame {
        ServerFrame::Error { code: ErrorCode::Internal, message, request_id: Some(id), .. } => {
            assert_eq!(id.as_str(), "q-1");
            message
        }
        other => panic!("{other:?}"),
    };
    frames.into_iter().map(word).collect()
}

/// How the run ended for its user: the types of its events, and what its terminal says.
async fn ended(stage: &Stage) -> (Vec<EventType>, String, String) {
    let stream = stage.stream("ada").await;
    match &stream.last().unwrap().body {
        EventBody::AgentFailed { error, event_count, .. } => {
            assert_eq!((error.retryable, *event_count), (true, stream.len() as u64));
            (kinds(&stream), error.code.clone(), error.message.clone())
        }
        other => panic!("{other:?}"),
    }
}

#[tokio::test(start_paused = true)]
async fn a_lost_event_fails_its_run_at_once() {
    let stage = Stage::new(thoughtful);
    stage.hitches.plan(Call::Append, 2..=2, Trouble::Broken);
    let tab = stage.tab();
    stage.ask("q-1").await;
    stage.over().await;
    let (kinds, code, message) = ended(&stage).await;
    assert_eq!(kinds, [EventType::AgentStarted, EventType::AgentFailed]);
    assert_eq!((code.as_str(), message.as_str()), ("internal", "failed to tell an event"));
    assert_eq!((stage.elapsed(), waiting(&tab).len()), (0, 0), "its event says all there is to say");
}

#[tokio::test(start_paused = true)]
async fn a_failure_that_cannot_be_kept_is_said_once_and_tried_again() {
    let stage = Stage::new(thoughtful);
    stage.hitches.plan(Call::Append, 2..=5, Trouble::Broken);
    let tab = stage.tab();
    stage.ask("q-1").await;
    stage.pass(1).await;
    assert_eq!(words(waiting(&tab)), ["failed to keep the run's events"]);
    stage.over().await;
    assert_eq!(ended(&stage).await.0, [EventType::AgentStarted, EventType::AgentFailed]);
    assert_eq!((stage.times("q-1"), stage.elapsed()), (vec![0, 6_000], 6_000));
    assert_eq!(waiting(&tab), [], "once");
}

#[tokio::test(start_paused = true)]
async fn a_run_that_could_not_even_begin_begins_before_it_fails() {
    let stage = Stage::new(thoughtful);
    stage.hitches.plan(Call::Append, 1..=2, Trouble::Broken);
    stage.ask("q-1").await;
    stage.over().await;
    assert_eq!(ended(&stage).await.0, [EventType::AgentStarted, EventType::AgentFailed]);
    assert_eq!(stage.times("q-1"), [2_000, 2_000]);
}

#[tokio::test(start_paused = true)]
async fn a_store_that_stays_silent_is_given_up_and_the_place_is_free() {
    let stage = Stage::new(thoughtful);
    stage.hitches.plan_from(Call::Append, 2, Trouble::Silent);
    let tab = stage.tab();
    stage.ask("q-1").await;
    stage.pass(46_819).await;
    assert_eq!(stage.bridge.open_runs(), 1);
    stage.over().await;
    // Four attempts in 420 ms; then such four every 2 s, until the first that ends after 45 s more.
    assert_eq!((stage.elapsed(), stage.hitches.asked(Call::Append)), (46_820, 1 + 4 * 21));
    assert_eq!(words(waiting(&tab)), ["failed to keep the run's events"]);
    let free = (stage.bridge.open_runs(), stage.metrics.runs_active());
    assert_eq!((free, stage.book.state("q-1")), ((0, 0), RunState::Running), "for the next start to end");
}

#[tokio::test(start_paused = true)]
async fn attempts_end_when_a_run_would_have_to() {
    let stage = Stage::with(short, thoughtful);
    stage.hitches.plan_from(Call::Append, 2, Trouble::Broken);
    stage.ask("q-1").await;
    stage.over().await;
    assert_eq!((stage.elapsed(), stage.hitches.asked(Call::Append)), (4_000, 5), "at 0, 2 and 4 s");
}

#[tokio::test(start_paused = true)]
async fn a_server_that_stops_does_not_try_again() {
    let stage = Stage::new(thoughtful);
    stage.hitches.plan_from(Call::Append, 2, Trouble::Broken);
    stage.ask("q-1").await;
    stage.pass(1).await;
    assert!(stage.bridge.interrupt(Duration::from_secs(1)).await);
    assert_eq!((stage.elapsed(), stage.book.state("q-1")), (1, RunState::Running));
}

#[tokio::test(start_paused = true)]
async fn what_the_log_did_not_take_is_offered_again() {
    let stage = Stage::new(brief);
    stage.hitches.plan(Call::Log, 2..=9, Trouble::Silent);
    let tab = stage.tab();
    stage.ask("q-1").await;
    stage.pass(2_839).await;
    assert_eq!(kinds(&stage.stream("ada").await), [EventType::AgentStarted]);
    assert_eq!(stage.book.state("q-1"), RunState::Completed, "kept, and owed");
    stage.over().await;
    assert_eq!(kinds(&stage.stream("ada").await), [EventType::AgentStarted, EventType::AgentCompleted]);
    // Four attempts in 420 ms, four more, and after 2 s the one that is heard; whoever listens is woken.
    assert_eq!((stage.elapsed(), stage.hitches.asked(Call::Log)), (2_840, 10));
    assert_eq!((stage.metrics.sends("joining"), waiting(&tab)), (2, vec![]));
}

#[tokio::test(start_paused = true)]
async fn a_log_that_stays_broken_is_given_up_and_the_user_told_where_to_look() {
    let stage = Stage::with(short, brief);
    stage.hitches.plan_from(Call::Log, 2, Trouble::Broken);
    let tab = stage.tab();
    let run = stage.ask("q-1").await;
    stage.pass(3_999).await;
    assert_eq!((stage.bridge.open_runs(), waiting(&tab)), (1, vec![]));
    stage.over().await;
    assert_eq!((stage.elapsed(), stage.hitches.asked(Call::Log)), (4_000, 5));
    let place = format!("the run's last events are in GET /runs/{} alone", run.run_id);
    assert_eq!(words(waiting(&tab)), [place]);
    assert_eq!((stage.book.state("q-1"), stage.bridge.open_runs()), (RunState::Completed, 0));
}

#[tokio::test(start_paused = true)]
async fn an_append_whose_answer_was_lost_is_told_once() {
    let stage = Stage::new(thoughtful);
    stage.hitches.plan(Call::Append, 2..=2, Trouble::Unanswered);
    stage.hitches.plan(Call::Log, 3..=3, Trouble::Unanswered);
    stage.ask("q-1").await;
    stage.over().await;
    let stream = stage.stream("ada").await;
    assert_eq!(
        kinds(&stream),
        [EventType::AgentStarted, EventType::AgentThinking, EventType::AgentCompleted]
    );
    assert_eq!((stage.times("q-1"), stage.elapsed()), (vec![0, 0, 20], 40), "each was tried once more");
}
