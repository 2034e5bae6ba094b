//! Who gets a run, who is told about one that there is, and who may stop it.

use crate::parts::{Call, Part, Stage, Trouble, asking, done, failure, kinds, user};
use goldenpath_agent::TaskEnd;
use goldenpath_gateway::RunRequest;
use goldenpath_protocol::{ErrorCode, EventBody, EventType, RunId, RunState, ThreadId, Tier};
use std::sync::Arc;
use std::time::Duration;

/// Works until it is told to stop.
async fn patient(part: Part) -> TaskEnd {
    part.start().await;
    part.cancel.cancelled().await;
    TaskEnd::Cancelled
}

/// Works until it is told to stop when asked to wait, and answers anything else at once.
async fn either(part: Part) -> TaskEnd {
    if part.task.message == "wait" { patient(part).await } else { done("An answer.") }
}

fn waiting(request_id: &str) -> RunRequest {
    RunRequest { message: "wait".to_owned(), ..asking("ada", request_id) }
}

#[tokio::test(start_paused = true)]
async fn a_request_is_announced_before_its_run_says_anything() {
    let stage = Stage::new(|_: Part| async { done("An answer.") });
    let book = Arc::clone(&stage.book);
    let (tell, told) = tokio::sync::oneshot::channel();
    let announce = move |accepted: &goldenpath_gateway::Accepted| {
        let _ = tell.send((accepted.clone(), book.envelopes("q-1").len()));
    };
    let accepted = stage.bridge.request(asking("ada", "q-1"), announce).await.unwrap();
    let (announced, events) = told.await.unwrap();
    assert_eq!((&announced, events), (&accepted, 0));
    assert_eq!((accepted.request_id.as_str(), accepted.duplicate), ("q-1", false));
    stage.over().await;

    let record = stage.book.record("q-1");
    assert_eq!((&record.run_id, &record.thread_id), (&accepted.run_id, &accepted.thread_id));
    assert_eq!((record.agent.as_str(), record.message.as_str()), ("player", "what do I pay for?"));
    assert_eq!((record.state, record.final_response.as_deref()), (RunState::Completed, Some("An answer.")));
    let stream = stage.stream("ada").await;
    assert_eq!(kinds(&stream), [EventType::AgentStarted, EventType::AgentCompleted]);
    for head in stream.iter().map(|event| &event.head) {
        assert_eq!((&head.run_id, &head.thread_id), (&accepted.run_id, &accepted.thread_id));
        assert_eq!((head.user_id.as_str(), head.request_id.as_str()), ("ada", "q-1"));
    }
    let tasks = stage.tasks.lock().unwrap();
    let task = &tasks[0];
    assert_eq!((task.user_id.as_str(), task.message.as_str()), ("ada", "what do I pay for?"));
    assert_eq!((task.agent.as_str(), task.tier.as_str(), tasks.len()), ("player", "mid", 1));
}

#[tokio::test(start_paused = true)]
async fn an_agent_is_found_by_its_name() {
    let stage = Stage::new(|_: Part| async { done("An answer.") });
    let of = |id: &str, agent: &str| RunRequest {
        agent: Some(agent.to_owned()),
        tier: Tier::Enterprise,
        ..asking("ada", id)
    };
    stage.try_ask(of("q-1", "understudy")).await.unwrap();
    stage.over().await;
    assert_eq!(stage.book.record("q-1").agent, "understudy");
    {
        let tasks = stage.tasks.lock().unwrap();
        assert_eq!((tasks[0].agent.as_str(), tasks[0].tier.as_str()), ("understudy", "enterprise"));
    }
    let refused = stage.try_ask(of("q-2", "ghost")).await.unwrap_err();
    assert_eq!(refused.code, ErrorCode::UnknownAgent);
    assert!(refused.message.contains("player, understudy"), "{refused}");
    assert_eq!(stage.hitches.asked(Call::Begin), 1, "nobody asked the store for it");
}

#[tokio::test(start_paused = true)]
async fn the_same_request_is_one_run() {
    let stage = Stage::new(either);
    let first = stage.try_ask(waiting("q-1")).await.unwrap();
    let again = stage.try_ask(waiting("q-1")).await.unwrap();
    assert_eq!((&again.run_id, &again.thread_id, again.duplicate), (&first.run_id, &first.thread_id, true));
    stage.pass(1).await;
    assert_eq!((stage.bridge.open_runs(), stage.tasks.lock().unwrap().len()), (1, 1));
    stage.bridge.cancel(&user("ada"), &first.run_id).await.unwrap();
    stage.over().await;
    let again = stage.try_ask(waiting("q-1")).await.unwrap();
    assert_eq!((&again.run_id, again.duplicate), (&first.run_id, true), "told when it is over, too");
    let conflict = stage.try_ask(asking("ada", "q-1")).await.unwrap_err();
    assert_eq!(conflict.code, ErrorCode::IdempotencyConflict);
    let nowhere = RunRequest { thread_id: Some(ThreadId::new("t-9").unwrap()), ..asking("ada", "q-2") };
    assert_eq!(stage.try_ask(nowhere).await.unwrap_err().code, ErrorCode::UnknownThread);
    let same_thread = RunRequest { thread_id: Some(first.thread_id.clone()), ..asking("ada", "q-3") };
    assert_eq!(stage.try_ask(same_thread).await.unwrap().thread_id, first.thread_id);
    stage.over().await;
    assert_eq!((stage.bridge.open_runs(), stage.tasks.lock().unwrap().len()), (0, 2));
}

#[tokio::test(start_paused = true)]
async fn a_user_has_so_many_places_and_no_more() {
    let stage = Stage::with(|config| config.runs_per_user = 2, either);
    let (ada, bob) = (user("ada"), user("bob"));
    assert_eq!((stage.bridge.open_runs_of(&ada), stage.bridge.open_runs()), (0, 0));
    let one = stage.try_ask(waiting("q-1")).await.unwrap();
    let two = stage.try_ask(waiting("q-2")).await.unwrap();
    let refused = stage.try_ask(waiting("q-3")).await.unwrap_err();
    assert_eq!(refused.code, ErrorCode::RunLimit);
    assert!(refused.message.contains("2 runs are open"), "{refused}");
    // What has its run is told about it, at the limit too; another user has places of their own.
    assert_eq!(stage.try_ask(waiting("q-1")).await.unwrap().run_id, one.run_id);
    let bobs = stage.try_ask(RunRequest { user_id: bob.clone(), ..waiting("q-1") }).await.unwrap();
    assert!(!bobs.duplicate && bobs.run_id != one.run_id);
    stage.pass(1).await;
    let open = [stage.bridge.open_runs_of(&ada), stage.bridge.open_runs_of(&bob), stage.bridge.open_runs()];
    assert_eq!((open, stage.metrics.runs_active()), ([2, 1, 3], 3));

    // One run's end is one place, and takes nothing from the others.
    stage.bridge.cancel(&ada, &one.run_id).await.unwrap();
    stage.pass(1).await;
    assert_eq!((stage.book.state("q-1"), stage.book.state("q-2")), (RunState::Cancelled, RunState::Running));
    assert_eq!((stage.bridge.open_runs_of(&ada), stage.metrics.runs_active()), (1, 2));
    let three = stage.try_ask(waiting("q-3")).await.unwrap();
    assert_eq!(stage.try_ask(waiting("q-4")).await.unwrap_err().code, ErrorCode::RunLimit);
    for (whose, run) in [(&ada, &two), (&ada, &three), (&bob, &bobs)] {
        stage.bridge.cancel(whose, &run.run_id).await.unwrap();
    }
    stage.over().await;
    assert_eq!((stage.bridge.open_runs(), stage.metrics.runs_active()), (0, 0));
    assert_eq!(stage.elapsed(), 2, "nobody waited for anything");
}

#[tokio::test(start_paused = true)]
async fn only_an_open_run_of_ones_own_is_cancelled() {
    let stage = Stage::new(either);
    let (ada, bob) = (user("ada"), user("bob"));
    let refused = async |who, run: &RunId| {
        let refused = stage.bridge.cancel(who, run).await.unwrap_err();
        (refused.code, refused.message)
    };
    let open = stage.try_ask(waiting("q-1")).await.unwrap();
    let unknown = RunId::new("r-9").unwrap();
    assert_eq!(refused(&ada, &unknown).await, (ErrorCode::UnknownRun, "no such run".to_owned()));
    assert_eq!(refused(&bob, &open.run_id).await.0, ErrorCode::UnknownRun, "another's looks like none");
    let over = stage.ask("q-2").await;
    stage.pass(1).await;
    assert_eq!(stage.book.state("q-1"), RunState::Running, "nobody stopped it");
    let ended = (ErrorCode::RunEnded, "the run is completed".to_owned());
    assert_eq!(refused(&ada, &over.run_id).await, ended);
    stage.bridge.cancel(&ada, &open.run_id).await.unwrap();
    stage.over().await;
    let stream = stage.stream("ada").await;
    let EventBody::AgentCancelled { reason, event_count, .. } = &stream.last().unwrap().body else {
        panic!()
    };
    assert_eq!((reason.as_str(), *event_count), ("cancelled by the user", 2));
    assert_eq!(refused(&ada, &open.run_id).await.1, "the run is cancelled");

    stage.hitches.plan_from(Call::Run, stage.hitches.asked(Call::Run) + 1, Trouble::Broken);
    let silent = (ErrorCode::Internal, "failed to look the run up".to_owned());
    assert_eq!(refused(&ada, &open.run_id).await, silent, "no word of what is inside");
}

/// While the terminal cannot be kept, the run is open and neither stopped nor counted.
#[tokio::test(start_paused = true)]
async fn a_run_that_ends_takes_no_place_and_no_orders() {
    let stage = Stage::with(|config| config.runs_per_user = 2, either);
    let ada = user("ada");
    let open = stage.try_ask(waiting("q-1")).await.unwrap();
    stage.pass(1).await;
    // The terminal of the second run, tried again every two seconds.
    stage.hitches.plan(Call::Append, 3..=4, Trouble::Broken);
    let ending = stage.ask("q-2").await;
    stage.pass(1).await;
    assert_eq!((stage.bridge.open_runs_of(&ada), stage.book.state("q-2")), (2, RunState::Running));
    let refused = stage.bridge.cancel(&ada, &ending.run_id).await.unwrap_err();
    assert_eq!(
        (refused.code, refused.message.as_str()),
        (ErrorCode::RunEnded, "the run is not open here any more")
    );
    stage.bridge.cancel(&ada, &open.run_id).await.expect("the other one listens");
    let next = stage.try_ask(waiting("q-3")).await.expect("a place");
    stage.pass(10_000).await;
    assert_eq!((stage.book.state("q-2"), stage.bridge.open_runs_of(&ada)), (RunState::Failed, 1));
    stage.bridge.cancel(&ada, &next.run_id).await.unwrap();
    stage.over().await;
}

#[tokio::test(start_paused = true)]
async fn a_drain_refuses_the_new_and_waits_for_the_open() {
    let stage = Stage::new(|part: Part| async move {
        part.start().await;
        tokio::time::sleep(Duration::from_secs(3)).await;
        done("An answer.")
    });
    stage.ask("q-1").await;
    stage.bridge.refuse_requests();
    assert_eq!(stage.try_ask(asking("ada", "q-2")).await.unwrap_err().code, ErrorCode::Draining);
    assert!(!stage.bridge.join(Duration::from_secs(2)).await, "it is not over");
    assert_eq!((stage.elapsed(), stage.book.state("q-1")), (2_000, RunState::Running));
    assert!(stage.bridge.join(Duration::from_secs(2)).await);
    assert_eq!((stage.elapsed(), stage.book.state("q-1")), (3_000, RunState::Completed));
}

#[tokio::test(start_paused = true)]
async fn an_interrupt_ends_open_runs_and_says_so() {
    let stage = Stage::new(|part: Part| async move {
        part.start().await;
        part.call(1, "costs").await;
        part.cancel.cancelled().await;
        part.close(1, Err(failure("stopped", "as it was told"))).await;
        TaskEnd::Cancelled
    });
    stage.ask("q-1").await;
    stage.pass(1).await;
    assert!(stage.bridge.interrupt(Duration::from_secs(1)).await);
    assert_eq!(stage.try_ask(asking("ada", "q-2")).await.unwrap_err().code, ErrorCode::Draining);
    let [_, _, tool, end] = &stage.bodies().await[..] else { panic!("{:?}", stage.bodies().await) };
    let EventBody::ToolCompleted { error: Some(error), .. } = tool else { panic!("{tool:?}") };
    assert_eq!((error.code.as_str(), error.message.as_str()), ("stopped", "as it was told"));
    let EventBody::AgentFailed { error, event_count, .. } = end else { panic!("{end:?}") };
    assert_eq!((error.code.as_str(), error.retryable, *event_count), ("interrupted", true, 4));
    assert_eq!((stage.book.state("q-1"), stage.elapsed()), (RunState::Failed, 1), "at once");

    let deaf = Stage::new(|part: Part| async move {
        part.start().await;
        std::future::pending().await
    });
    deaf.ask("q-1").await;
    deaf.pass(1).await;
    assert!(!deaf.bridge.interrupt(Duration::from_secs(1)).await, "its agent has two seconds");
    assert!(deaf.bridge.interrupt(Duration::from_secs(2)).await);
    assert_eq!((deaf.book.state("q-1"), deaf.elapsed()), (RunState::Failed, 2_001));
}

#[tokio::test(start_paused = true)]
async fn a_hard_stop_leaves_runs_where_they_stand() {
    let stage = Stage::new(patient);
    stage.ask("q-1").await;
    stage.pass(1).await;
    stage.stop.cancel();
    stage.over().await;
    assert_eq!((stage.book.state("q-1"), stage.book.envelopes("q-1").len()), (RunState::Running, 1));
    assert_eq!((stage.bridge.open_runs(), stage.elapsed()), (0, 1), "as after a crash");
}
