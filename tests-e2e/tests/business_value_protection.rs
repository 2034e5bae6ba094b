//! What users pay for arrives, in front of real infrastructure: they see work being done, and the answer is worth it.

use crate::answers::{actions, computed};
use crate::backend::Backend;
use crate::driving::{DEADLINE, Ran, Stage, kept};
use futures_util::future::join_all;
use goldenpath_harness::known_scenarios;
use goldenpath_protocol::EventType;
use serde_json::Value;
use std::collections::HashSet;

async fn three_users(stage: &Stage) -> Vec<Ran> {
    stage.everybody_asks(&stage.users(3), 1).await
}

/// The texts of one field in a run's events of one type, in their order.
fn texts<'a>(events: &'a [Value], kind: EventType, field: &str) -> Vec<&'a str> {
    let of_kind = events.iter().filter(|event| event["type"] == kind.as_str());
    of_kind.filter_map(|event| event[field].as_str()).collect()
}

/// Fails when a user is left without a sign, sees a tool begin and never end, or gets another answer than what was streamed.
#[tokio::test(flavor = "multi_thread")]
async fn chat_experience_completeness_staging() {
    let backend = Backend::open().await;
    let ids = [
        "sequence/five-in-order",
        "sequence/tool-pairs",
        "content/meaningful",
        "delivery/deltas-concatenate",
        "timing/silence",
        "timing/streamed",
        "timing/first-event",
    ];
    let (runs, seen) = kept(&backend, &ids, three_users).await;
    for id in ["sequence/five-in-order", "delivery/deltas-concatenate"] {
        seen.assert_all(id, runs.len());
    }
    for run in &runs {
        let events = seen.events(run);
        let written = texts(&events, EventType::ResponseDelta, "text");
        assert!(!written.is_empty(), "run {}: the answer was not streamed", run.run_id);
        assert_eq!(written.concat(), seen.answer(run), "what was streamed is not the answer");
        let begun = texts(&events, EventType::ToolExecuting, "execution_id");
        let ended = texts(&events, EventType::ToolCompleted, "execution_id");
        assert!(!begun.is_empty(), "no tool was seen at work");
        assert_eq!(begun.iter().collect::<HashSet<_>>(), ended.iter().collect::<HashSet<_>>());
    }
}

/// Fails when answers are canned: the same to two people, without figures of the tools that were seen, or junk.
#[tokio::test(flavor = "multi_thread")]
async fn real_ai_responses_with_events_staging() {
    let backend = Backend::open().await;
    let ids = ["value/gates", "value/demands", "value/facts", "value/boilerplate", "content/whole"];
    let (runs, seen) = kept(&backend, &ids, three_users).await;
    seen.assert_all("value/facts", runs.len());
    let answers: HashSet<String> = runs.iter().map(|run| seen.answer(run)).collect();
    assert_eq!(answers.len(), runs.len(), "one answer for two people, or for two questions");
    for run in &runs {
        let (answer, amounts) = (seen.answer(run), computed(&seen, run));
        let used = amounts.iter().filter(|amount| answer.contains(*amount)).count();
        assert!(used >= 3, "{used} of the computed {amounts:?} are in: {answer}");
    }
}

/// Fails when what the user watches gives no confidence: thoughts that repeat or go back, tools without a purpose or a result.
#[tokio::test(flavor = "multi_thread")]
async fn customer_confidence_building_events_staging() {
    let backend = Backend::open().await;
    let ids = ["content/meaningful", "value/confidence", "sequence/five-in-order"];
    let (runs, seen) = kept(&backend, &ids, three_users).await;
    let confidence = seen.check("value/confidence");
    assert_eq!((confidence.limit, confidence.of), (Some(0.8), runs.len() as u64), "{confidence:?}");
    for run in &runs {
        let events = seen.events(run);
        let thoughts = texts(&events, EventType::AgentThinking, "reasoning");
        assert!(thoughts.len() >= 2, "too little to watch: {thoughts:?}");
        assert_eq!(
            thoughts.iter().collect::<HashSet<_>>().len(),
            thoughts.len(),
            "a thought twice: {thoughts:?}"
        );
        let steps: Vec<u64> = events.iter().filter_map(|event| event["step_number"].as_u64()).collect();
        assert!(steps.is_sorted(), "the steps go back: {steps:?}");
        let purposes = texts(&events, EventType::ToolExecuting, "tool_purpose");
        assert!(
            !purposes.is_empty() && purposes.iter().all(|purpose| purpose.split_whitespace().count() >= 2)
        );
        let done = events.iter().filter(|event| event["type"] == EventType::ToolCompleted.as_str());
        for event in done {
            let told = event["results"].as_object().is_some_and(|results| !results.is_empty());
            assert!(told || event["error"]["message"].is_string(), "a tool without a result: {event}");
        }
    }
}

/// Fails when a customer of any tier, while all of them ask at once, lacks an event, waits too long or gets less than an answer is worth.
#[tokio::test(flavor = "multi_thread")]
async fn golden_path_revenue_protection_staging() {
    let backend = Backend::open().await;
    let ids = [
        "sequence/five-in-order",
        "delivery/no-loss",
        "delivery/success-rate",
        "timing/first-event",
        "timing/whole-answer",
        "isolation/run-owner",
        "value/demands",
        "value/continue",
    ];
    let (runs, seen) = kept(&backend, &ids, async |stage| {
        let tiers = ["free", "early", "mid", "enterprise"];
        let customers = stage.users(8).into_iter().zip(tiers.into_iter().cycle()).enumerate();
        let runs = join_all(customers.map(async |(n, (user, tier))| {
            let user = user.of_tier(tier);
            let client = stage.enter(&user).await;
            let mut prompts = stage.prompts(&user);
            let mut runs = Vec::new();
            for turn in 0..2 {
                let prompt = prompts.next(&known_scenarios()[(n + turn) % 4]);
                client.ask(&prompt, None).await.unwrap();
                client.wait_for_run(&prompt.request_id, DEADLINE).await.unwrap();
                runs.push(stage.end_of(&client, prompt).await);
            }
            client.close().await;
            runs
        }));
        runs.await.into_iter().flatten().collect::<Vec<_>>()
    })
    .await;
    for id in ["sequence/five-in-order", "delivery/success-rate", "value/demands"] {
        seen.assert_all(id, 16);
    }
    for run in &runs {
        assert!(actions(&seen.answer(run)).len() >= 3, "fewer than three actions: {}", seen.answer(run));
    }
}
