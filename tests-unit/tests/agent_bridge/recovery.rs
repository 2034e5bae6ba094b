//! Runs that nobody drives any more, because their task, its word or the process was lost: they end as failed, their
//! tools closed, and their places are free.

use crate::parts::{Call, Part, Stage, Trouble, asking, done, kinds};
use goldenpath_agent::{Step, TaskEnd};
use goldenpath_protocol::{ErrorCode, EventBody, EventType, RunEvent, RunState};
use serde_json::Map;
use std::time::Duration;

/// A supervisor with a name of its own and a specialist: one tool of each, and the supervisor's has answered.
async fn half_way(part: Part) -> TaskEnd {
    let (maestro, player) = ("maestro".to_owned(), "player".to_owned());
    part.tell(Step::Started { agent: maestro.clone(), task_description: "looks".to_owned() }).await;
    for (call, agent, parent) in [(1, maestro.clone(), None), (2, player, Some(maestro))] {
        let (tool, purpose) = (format!("tool-{call}"), "to see".to_owned());
        part.tell(Step::ToolExecuting { agent, parent, call, tool, parameters: Map::new(), purpose }).await;
    }
    part.close(1, Ok(crate::parts::found())).await;
    std::future::pending().await
}

async fn brief(part: Part) -> TaskEnd {
    part.start().await;
    done("An answer.")
}

/// What a terminal says.
fn failure(event: &RunEvent) -> (&str, &str, bool) {
    match &event.body {
        EventBody::AgentFailed { error, .. } => (&error.code, &error.message, error.retryable),
        other => panic!("{other:?}"),
    }
}

const LOST: (&str, &str, bool) = ("internal", "the server lost the run (hint: ask again)", true);

/// The ends of a run with one tool open: that tool's, in its own voice, and the run's in its supervisor's.
fn assert_closed(events: &[RunEvent], code: &str, message: &str) {
    use EventType::{AgentFailed, AgentStarted, ToolCompleted, ToolExecuting};
    let expected = [AgentStarted, ToolExecuting, ToolExecuting, ToolCompleted, ToolCompleted, AgentFailed];
    assert_eq!(kinds(events), expected);
    let EventBody::ToolExecuting { execution_id: open, .. } = &events[2].body else { panic!() };
    let EventBody::ToolCompleted { tool_name, execution_id, error: Some(error), duration_ms, .. } =
        &events[4].body
    else {
        panic!("{:?}", events[4])
    };
    assert_eq!((tool_name.as_str(), execution_id, *duration_ms), ("tool-2", open, 0));
    assert_eq!((error.code.as_str(), error.message.as_str()), (code, message));
    let voices: Vec<_> = events[4..]
        .iter()
        .map(|event| (&*event.head.agent_name, event.head.parent_agent.as_deref()))
        .collect();
    assert_eq!(voices, [("player", Some("maestro")), ("maestro", None)]);
    assert_eq!(failure(&events[5]), (code, message, true));
    assert_eq!(events.iter().map(|event| event.head.seq).collect::<Vec<_>>(), [1, 2, 3, 4, 5, 6]);
}

#[tokio::test(start_paused = true)]
async fn a_run_whose_task_panics_ends_as_lost() {
    let stage = Stage::new(half_way);
    stage.hitches.plan(Call::Append, 4..=4, Trouble::Panic);
    stage.ask("q-1").await;
    stage.over().await;
    assert_closed(&stage.stream("ada").await, LOST.0, LOST.1);
    assert_eq!((stage.book.state("q-1"), stage.elapsed()), (RunState::Failed, 0));
    assert_eq!((stage.bridge.open_runs(), stage.metrics.runs_active()), (0, 0));

    // With its first event, and with its last: that one was kept, so the run is over and nothing follows.
    let first = Stage::new(brief);
    first.hitches.plan(Call::Append, 1..=1, Trouble::Panic);
    first.ask("q-1").await;
    first.over().await;
    let stream = first.stream("ada").await;
    assert_eq!(kinds(&stream), [EventType::AgentStarted, EventType::AgentFailed]);
    assert_eq!(failure(&stream[1]), LOST);
    let last = Stage::new(brief);
    last.hitches.plan(Call::Append, 2..=2, Trouble::Panic);
    last.ask("q-1").await;
    last.over().await;
    let kept = (last.book.state("q-1"), last.book.envelopes("q-1").len());
    assert_eq!((kept, last.elapsed()), ((RunState::Completed, 2), 0));
    assert_eq!(last.hitches.asked(Call::Append), 2, "nobody tried to end it again");
}

#[tokio::test(start_paused = true)]
async fn the_end_of_a_lost_run_is_tried_again() {
    for trouble in [Trouble::Broken, Trouble::Panic] {
        let stage = Stage::new(brief);
        stage.hitches.plan(Call::Append, 1..=1, Trouble::Panic);
        stage.hitches.plan(Call::Events, 1..=2, trouble);
        stage.ask("q-1").await;
        stage.over().await;
        assert_eq!((stage.times("q-1"), stage.book.state("q-1")), (vec![0, 4_000], RunState::Failed));
    }
    // For as long as a run may last, or until the server stops hard.
    for stopped in [false, true] {
        let stage = Stage::with(|config| config.run_deadline = Duration::from_secs(4), brief);
        stage.hitches.plan(Call::Append, 1..=1, Trouble::Panic);
        stage.hitches.plan_from(Call::Events, 1, Trouble::Broken);
        stage.ask("q-1").await;
        stage.pass(1).await;
        assert_eq!(stage.bridge.open_runs(), 1);
        if stopped {
            stage.stop.cancel();
        }
        stage.over().await;
        assert_eq!(stage.elapsed(), if stopped { 1 } else { 4_000 });
        assert_eq!((stage.book.state("q-1"), stage.bridge.open_runs()), (RunState::Running, 0));
    }
}

#[tokio::test(start_paused = true)]
async fn a_begin_whose_answer_was_lost_is_found() {
    let stage = Stage::new(brief);
    stage.hitches.plan(Call::Begin, 1..=1, Trouble::Unanswered);
    assert!(!stage.ask("q-1").await.duplicate);
    stage.over().await;
    assert_eq!(kinds(&stage.stream("ada").await), [EventType::AgentStarted, EventType::AgentCompleted]);

    // Another request's run is not taken for the own one, and a store that is just broken is said to be.
    stage.hitches.plan(Call::Begin, 2..=3, Trouble::Broken);
    for request in ["q-1", "q-2"] {
        let refused = stage.try_ask(asking("ada", request)).await.unwrap_err();
        let expected = (ErrorCode::Internal, "failed to begin the run");
        assert_eq!((refused.code, refused.message.as_str()), expected, "{request}");
    }
    stage.over().await;
    assert_eq!((stage.bridge.open_runs(), stage.stream("ada").await.len()), (0, 2));
}

#[tokio::test(start_paused = true)]
async fn a_run_that_nobody_knew_to_be_begun_ends_when_its_request_is_repeated() {
    let stage = Stage::new(brief);
    stage.hitches.plan(Call::Begin, 1..=1, Trouble::Unanswered);
    stage.hitches.plan(Call::Find, 1..=1, Trouble::Silent);
    assert_eq!(stage.try_ask(asking("ada", "q-1")).await.unwrap_err().code, ErrorCode::Internal);
    assert_eq!((stage.book.state("q-1"), stage.bridge.open_runs()), (RunState::Running, 0));
    stage.hitches.plan(Call::Run, 1..=1, Trouble::Broken);
    let refused = stage.try_ask(asking("ada", "q-1")).await.unwrap_err();
    assert_eq!((refused.code, refused.message.as_str()), (ErrorCode::Internal, "failed to look the run up"));

    let again = stage.ask("q-1").await;
    assert_eq!((again.duplicate, &again.run_id), (true, &stage.book.record("q-1").run_id));
    stage.over().await;
    let stream = stage.stream("ada").await;
    assert_eq!(kinds(&stream), [EventType::AgentStarted, EventType::AgentFailed]);
    assert_eq!((failure(&stream[1]), stage.bridge.open_runs()), (LOST, 0));
    // Over now: told again, and nothing more happens to it.
    assert!(stage.ask("q-1").await.duplicate);
    stage.over().await;
    assert_eq!((stage.stream("ada").await.len(), stage.tasks.lock().unwrap().len()), (2, 0));
}

#[tokio::test(start_paused = true)]
async fn a_start_ends_what_a_dead_process_left_open() {
    let stage = Stage::new(half_way);
    assert_eq!(stage.bridge.recover().await.unwrap(), 0);
    // One in mid-work, one that never said a word, and one of bob's that cannot be read any more.
    stage.ask("q-1").await;
    stage.pass(1).await;
    stage.hitches.plan(Call::Begin, 2..=2, Trouble::Unanswered);
    stage.hitches.plan(Call::Find, 1..=1, Trouble::Silent);
    stage.try_ask(asking("ada", "q-2")).await.unwrap_err();
    stage.try_ask(asking("bob", "q-3")).await.unwrap();
    stage.pass(1).await;
    stage.book.spoil("q-3");
    stage.stop.cancel();
    stage.over().await;
    stage.clock.turn(5_000);

    assert_eq!(stage.bridge.recover().await.unwrap(), 2, "what can be ended is");
    let stream = stage.stream("ada").await;
    let stopped = "the server stopped while the run was open (hint: ask again)";
    assert_closed(&stream[..6], "interrupted", stopped);
    let EventBody::AgentFailed { duration_ms, event_count, .. } = &stream[5].body else { panic!() };
    assert_eq!((*duration_ms, *event_count), (5_000, 6), "by the clock on the wall");
    let EventBody::AgentStarted { task_description, .. } = &stream[6].body else { panic!("{:?}", stream[6]) };
    assert_eq!(
        (task_description.as_str(), stream[6].head.agent_name.as_str()),
        ("what do I pay for?", "player")
    );
    assert_eq!((failure(&stream[7]), stream.len()), (("interrupted", stopped, true), 8));
    let states = ["q-1", "q-2", "q-3"].map(|request| stage.book.state(request));
    assert_eq!(states, [RunState::Failed, RunState::Failed, RunState::Running]);
    assert_eq!((stage.bridge.recover().await.unwrap(), stage.stream("ada").await.len()), (0, 8));
}
