//! Users see progress in time: every limit of the service level, held against recorded sessions of the real backend.

use crate::driving::{assert_kept, everybody_asks, finish, judge};
use goldenpath_checkers::Category;
use goldenpath_testbed::{Testbed, testbed};
use rstest::rstest;

/// Two users ask the four prompts twice; none of the limits may be broken, and the named ones must have been judged.
async fn keeps(testbed: Testbed, seed: u64, users: usize, required: &[&str]) {
    let users = testbed.users(seed, users);
    everybody_asks(&testbed, &users, 2).await;
    let (header, records) = finish(testbed);
    assert_kept(&judge(&header, &records, &[Category::Performance]), required);
}

#[rstest]
#[tokio::test]
async fn agent_started_timing_validation(#[future(awt)] testbed: Testbed) {
    keeps(testbed, 11, 2, &["timing/agent-started", "timing/first-event"]).await;
}

#[rstest]
#[tokio::test]
async fn agent_thinking_timing_validation(#[future(awt)] testbed: Testbed) {
    keeps(testbed, 12, 2, &["timing/agent-thinking"]).await;
}

#[rstest]
#[tokio::test]
async fn tool_execution_timing_validation(#[future(awt)] testbed: Testbed) {
    keeps(testbed, 13, 2, &["timing/tool-executing", "timing/tool-completed", "timing/durations-true"]).await;
}

#[rstest]
#[tokio::test]
async fn agent_completed_timing_validation(#[future(awt)] testbed: Testbed) {
    keeps(testbed, 14, 2, &["timing/agent-completed", "timing/whole-answer"]).await;
}

#[rstest]
#[tokio::test]
async fn event_sequence_timing_validation(#[future(awt)] testbed: Testbed) {
    keeps(testbed, 15, 2, &["timing/streamed", "timing/silence", "timing/cold-start"]).await;
}

#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn performance_under_load_timing(#[future(awt)] testbed: Testbed) {
    keeps(testbed, 16, 12, &["timing/agent-started", "timing/agent-completed", "timing/silence"]).await;
}
