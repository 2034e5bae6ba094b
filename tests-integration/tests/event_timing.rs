//! Users see progress in time: every limit of the service level, held against recorded sessions of the real backend.

use crate::driving::{everybody_asks, keeps_limits};

/// Users ask the four prompts twice; none of the limits may be broken, and the named ones must have been judged.
async fn keeps(seed: u64, users: usize, required: &[&str]) {
    keeps_limits(required, async |testbed| everybody_asks(testbed, &testbed.users(seed, users), 2).await)
        .await;
}

#[tokio::test]
async fn agent_started_timing_validation() {
    keeps(11, 2, &["timing/agent-started", "timing/first-event"]).await;
}

#[tokio::test]
async fn agent_thinking_timing_validation() {
    keeps(12, 2, &["timing/agent-thinking"]).await;
}

#[tokio::test]
async fn tool_execution_timing_validation() {
    keeps(13, 2, &["timing/tool-executing", "timing/tool-completed", "timing/durations-true"]).await;
}

#[tokio::test]
async fn agent_completed_timing_validation() {
    keeps(14, 2, &["timing/agent-completed", "timing/whole-answer"]).await;
}

#[tokio::test]
async fn event_sequence_timing_validation() {
    keeps(15, 2, &["timing/streamed", "timing/silence", "timing/cold-start"]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn performance_under_load_timing() {
    keeps(16, 12, &["timing/agent-started", "timing/agent-completed", "timing/silence"]).await;
}
