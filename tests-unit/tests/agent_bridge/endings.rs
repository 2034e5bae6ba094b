//! How runs end: with an answer and what it lacks, with a failure in words, or because they were stopped.

use crate::parts::{Part, Stage, answered, done, failure, found, user};
use goldenpath_agent::{Answer, TaskEnd};
use goldenpath_protocol::{EventBody, RunFailure, RunState};
use std::time::Duration;

/// The last event of a run whose agent does this, and when it was kept.
async fn end<F>(act: impl Fn(Part) -> F + Send + Sync + 'static) -> (EventBody, u128)
where
    F: Future<Output = TaskEnd> + Send + 'static,
{
    let stage = Stage::with(|config| config.event_bytes = 2_000, act);
    stage.ask("q-1").await;
    stage.over().await;
    assert_eq!((stage.bridge.open_runs(), stage.metrics.runs_active()), (0, 0));
    (stage.bodies().await.pop().unwrap(), *stage.times("q-1").last().unwrap())
}

fn failed(end: EventBody) -> RunFailure {
    match end {
        EventBody::AgentFailed { error, .. } => error,
        other => panic!("{other:?}"),
    }
}

/// What the answer lacks when an agent says this of it, with or without a tool that failed for good.
async fn limitations(degraded: bool, said: &[&str], broken_tool: bool) -> Vec<String> {
    let answer = Answer {
        degraded,
        limitations: said.iter().map(|text| (*text).to_owned()).collect(),
        ..answered("An answer.")
    };
    let (end, _) = end(move |part: Part| {
        let answer = answer.clone();
        async move {
            if broken_tool {
                part.call(1, "prices").await;
                part.close(1, Err(failure("no_data", "no prices"))).await;
                part.call(2, "costs").await;
                part.close(2, Err(failure("no_data", "no bill yet"))).await;
                part.call(3, "prices").await;
                part.close(3, Ok(found())).await;
            }
            TaskEnd::Completed(answer)
        }
    })
    .await;
    let EventBody::AgentCompleted { degraded, limitations, .. } = end else { panic!("{end:?}") };
    assert_eq!(degraded, !limitations.is_empty());
    limitations
}

#[tokio::test(start_paused = true)]
async fn an_answer_says_what_it_lacks() {
    let none: [&str; 0] = [];
    assert_eq!(limitations(false, &none, false).await, none);
    assert_eq!(limitations(true, &["no bill", " ", "no prices"], false).await, ["no bill", "no prices"]);
    assert_eq!(limitations(true, &none, false).await, ["the agent did not say what is missing"]);
    assert_eq!(limitations(true, &[""], true).await, ["costs failed: no bill yet"]);
    assert_eq!(limitations(false, &none, true).await, ["costs failed: no bill yet"], "noticed or not");
    assert_eq!(limitations(false, &["the year is not over"], true).await, ["the year is not over"]);
}

#[tokio::test(start_paused = true)]
async fn an_answer_without_a_summary_has_its_first_words() {
    for (summary, expected) in [("in short", "in short"), (" ", "First line."), ("", "First line.")] {
        let answer = Answer { summary: summary.to_owned(), ..answered(" \nFirst line.\nSecond line.") };
        let (end, _) = end(move |_| std::future::ready(TaskEnd::Completed(answer.clone()))).await;
        let EventBody::AgentCompleted { final_response, summary, status, event_count, .. } = end else {
            panic!("{end:?}")
        };
        assert_eq!((summary.as_str(), status.as_str(), event_count), (expected, "completed", 2));
        assert_eq!(final_response, " \nFirst line.\nSecond line.");
    }
}

async fn panicking(part: Part) -> TaskEnd {
    part.start().await;
    panic!("as the script says")
}

#[tokio::test(start_paused = true)]
async fn an_answer_that_is_none_fails_its_run() {
    let (empty, _) = end(|_| async { done(" \n") }).await;
    let expected = |code: &str, message: &str, retryable| RunFailure {
        code: code.to_owned(),
        message: message.to_owned(),
        retryable,
    };
    assert_eq!(failed(empty), expected("empty_answer", "the agent gave no answer", true));
    let (huge, _) = end(|_| async { done(&"x".repeat(3_000)) }).await;
    assert_eq!(failed(huge), expected("result_too_large", "the answer is too large", false));
    let (own, _) = end(|_| async { TaskEnd::Failed(failure("no_data", "there is no data")) }).await;
    assert_eq!(failed(own), expected("no_data", "there is no data", false));
    let (speechless, _) = end(|_| async { TaskEnd::Failed(failure(" ", "\n")) }).await;
    assert_eq!(failed(speechless), expected("internal", "the run failed", false));
    let (panicked, _) = end(panicking).await;
    assert_eq!(failed(panicked), expected("internal", "the agent failed", true), "no word of the panic");
    let (gave_up, _) = end(|_| async { TaskEnd::Cancelled }).await;
    let EventBody::AgentCancelled { reason, .. } = gave_up else { panic!("{gave_up:?}") };
    assert_eq!(reason, "the agent stopped");
}

#[tokio::test(start_paused = true)]
async fn a_failed_run_closes_its_tools_first() {
    let stage = Stage::new(|part: Part| async move {
        part.call(1, "costs").await;
        part.call(2, "prices").await;
        TaskEnd::Failed(failure("no_data", "there is no data"))
    });
    stage.ask("q-1").await;
    stage.over().await;
    let bodies = stage.bodies().await;
    let closed: Vec<_> = bodies
        .iter()
        .filter_map(|body| match body {
            EventBody::ToolCompleted { tool_name, error: Some(error), .. } => {
                Some((tool_name.as_str(), error.code.as_str(), error.message.as_str()))
            }
            _ => None,
        })
        .collect();
    let why = ("no_data", "there is no data");
    assert_eq!(closed, [("costs", why.0, why.1), ("prices", why.0, why.1)]);
    let EventBody::AgentFailed { event_count, .. } = bodies.last().unwrap() else { panic!("{bodies:?}") };
    assert_eq!(*event_count, 6);
}

#[tokio::test(start_paused = true)]
async fn a_run_has_so_long_and_its_agent_a_little_longer_to_close_its_tools() {
    // One that listens says how its tool ended; what it says beside that is told no more.
    let (end, at) = end(|part: Part| async move {
        part.start().await;
        part.call(1, "costs").await;
        part.cancel.cancelled().await;
        tokio::time::sleep(Duration::from_millis(1_900)).await;
        part.think("too late").await;
        part.piece("too late").await;
        part.close(1, Err(failure("stopped", "as it was told"))).await;
        std::future::pending::<()>().await;
        TaskEnd::Cancelled
    })
    .await;
    assert_eq!(at, 47_000);
    let error = failed(end);
    assert_eq!((error.code.as_str(), error.retryable), ("deadline_exceeded", true));
    assert_eq!(error.message, "the run took longer than 45 s");

    // One that fell silent has nothing to close: its deadline is its end.
    let stage = Stage::new(|part: Part| async move {
        part.start().await;
        drop(part);
        std::future::pending().await
    });
    stage.ask("q-1").await;
    stage.over().await;
    assert_eq!((stage.times("q-1"), stage.elapsed()), (vec![0, 45_000], 45_000));
    // And one that works on after its last step ends as it likes.
    let (late, at) = self::end(|part: Part| async move {
        drop(part.steps);
        tokio::time::sleep(Duration::from_secs(40)).await;
        done("An answer.")
    })
    .await;
    assert!(matches!(late, EventBody::AgentCompleted { duration_ms: 40_000, .. }), "{late:?}");
    assert_eq!(at, 40_000);
}

#[tokio::test(start_paused = true)]
async fn a_cancelled_run_tells_how_its_tools_ended_and_no_more() {
    let stage = Stage::new(|part: Part| async move {
        part.start().await;
        part.call(1, "costs").await;
        part.call(2, "prices").await;
        part.piece("An ans").await;
        part.cancel.cancelled().await;
        tokio::time::sleep(Duration::from_millis(1_000)).await;
        part.think("too late").await;
        part.close(1, Ok(found())).await;
        part.call(3, "too_late").await;
        TaskEnd::Cancelled
    });
    let run = stage.ask("q-1").await;
    stage.pass(100).await;
    stage.bridge.cancel(&user("ada"), &run.run_id).await.unwrap();
    stage.over().await;
    let bodies = stage.bodies().await;
    let [_, _, _, piece, own, closed, end] = &bodies[..] else { panic!("{bodies:?}") };
    assert!(matches!(piece, EventBody::ResponseDelta { .. }));
    assert!(matches!(own, EventBody::ToolCompleted { success: true, duration_ms: 1_100, .. }), "{own:?}");
    let EventBody::ToolCompleted { tool_name, error: Some(error), .. } = closed else { panic!("{closed:?}") };
    assert_eq!((tool_name.as_str(), error.code.as_str()), ("prices", "cancelled"));
    assert_eq!(error.message, "the run was cancelled");
    let EventBody::AgentCancelled { reason, duration_ms, event_count } = end else { panic!("{end:?}") };
    assert_eq!((reason.as_str(), *duration_ms, *event_count), ("cancelled by the user", 1_100, 7));
    assert_eq!(stage.book.state("q-1"), RunState::Cancelled);

    // An agent that does not listen is given two seconds.
    let deaf = Stage::new(|part: Part| async move {
        part.call(1, "costs").await;
        std::future::pending().await
    });
    let run = deaf.ask("q-1").await;
    deaf.pass(100).await;
    deaf.bridge.cancel(&user("ada"), &run.run_id).await.unwrap();
    deaf.over().await;
    assert_eq!((deaf.times("q-1"), deaf.book.state("q-1")), (vec![0, 0, 2_100, 2_100], RunState::Cancelled));
}
