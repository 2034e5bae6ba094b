//! The pieces of an answer: few, spaced, and adding up to it.

use crate::parts::{Part, Stage, done};
use goldenpath_protocol::EventBody;
use std::time::Duration;

async fn wait(ms: u64) {
    tokio::time::sleep(Duration::from_millis(ms)).await;
}

/// The pieces told and when, in milliseconds; and the last event.
async fn told(stage: &Stage) -> (Vec<(String, u128)>, EventBody) {
    stage.ask("q-1").await;
    stage.over().await;
    let bodies = stage.bodies().await;
    let pieces = bodies.iter().zip(stage.times("q-1")).filter_map(|(body, at)| match body {
        EventBody::ResponseDelta { text } => Some((text.clone(), at)),
        _ => None,
    });
    (pieces.collect(), bodies.last().unwrap().clone())
}

fn pieces<const N: usize>(all: [(&str, u128); N]) -> Vec<(String, u128)> {
    all.map(|(text, at)| (text.to_owned(), at)).to_vec()
}

#[tokio::test(start_paused = true)]
async fn pieces_wait_for_their_turn_and_the_last_one_for_the_rest() {
    let stage = Stage::with(
        |config| (config.deltas_per_run, config.delta_interval) = (3, Duration::from_millis(50)),
        |part: Part| async move {
            part.start().await;
            for (text, pause) in [("one ", 10), ("two ", 10), ("three ", 50), ("four ", 130)] {
                part.piece(text).await;
                wait(pause).await;
            }
            done("one two three four five")
        },
    );
    let (told, end) = told(&stage).await;
    assert_eq!(told, pieces([("one ", 0), ("two three ", 50), ("four five", 200)]));
    assert!(matches!(end, EventBody::AgentCompleted { degraded: false, .. }), "{end:?}");
}

#[tokio::test(start_paused = true)]
async fn the_rest_waits_for_its_turn_too() {
    let stage = Stage::new(|part: Part| async move {
        part.piece("one ").await;
        wait(10).await;
        part.piece("tw").await;
        done("one two")
    });
    let (told, end) = told(&stage).await;
    assert_eq!(told, pieces([("one ", 0), ("two", 50)]));
    assert!(matches!(end, EventBody::AgentCompleted { .. }), "{end:?}");
    assert_eq!(stage.elapsed(), 50);
}

#[tokio::test(start_paused = true)]
async fn what_was_told_whole_or_never_in_pieces_owes_none() {
    let whole = Stage::new(|part: Part| async move {
        part.piece("one ").await;
        wait(100).await;
        part.piece("two").await;
        wait(100).await;
        done("one two")
    });
    assert_eq!(told(&whole).await.0, pieces([("one ", 0), ("two", 100)]));
    let never = Stage::new(|_: Part| async { done("one two") });
    let (none, end) = told(&never).await;
    assert_eq!(none, []);
    assert!(matches!(end, EventBody::AgentCompleted { .. }), "{end:?}");
    // One piece may be told, and that is kept for the end.
    let one = Stage::with(
        |config| config.deltas_per_run = 1,
        |part: Part| async move {
            part.piece("one").await;
            wait(100).await;
            done("one two")
        },
    );
    assert_eq!(told(&one).await.0, pieces([("one two", 100)]));
}

#[tokio::test(start_paused = true)]
async fn an_answer_that_does_not_begin_as_it_was_told_fails_its_run() {
    let stage = Stage::new(|part: Part| async move {
        part.piece("one ").await;
        wait(100).await;
        done("other")
    });
    let (told, end) = told(&stage).await;
    assert_eq!(told, pieces([("one ", 0)]));
    let EventBody::AgentFailed { error, event_count, .. } = end else { panic!("{end:?}") };
    assert_eq!((error.code.as_str(), error.retryable, event_count), ("internal", true, 3));
    assert_eq!(error.message, "the answer changed while it was told");
}
