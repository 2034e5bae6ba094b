//! The answer solves the problem that was asked about, with figures that can be traced to the tools.

use crate::answers::{actions, computed};
use crate::backend::Backend;
use crate::driving::{Ran, Seen, Stage, kept};
use goldenpath_harness::Scenario;
use goldenpath_history::Expect;
use serde_json::Value;
use std::collections::HashSet;

/// Three users ask the four known questions.
async fn three_users(stage: &Stage) -> Vec<Ran> {
    stage.everybody_asks(&stage.users(3), 1).await
}

/// Every text under one name in a run's tool results.
fn found(seen: &Seen, run: &Ran, tool: &str, name: &str) -> HashSet<String> {
    fn collect(value: &Value, name: &str, texts: &mut HashSet<String>) {
        match value {
            Value::Object(fields) => {
                texts.extend(fields.get(name).and_then(Value::as_str).map(str::to_owned));
                fields.values().for_each(|value| collect(value, name, texts));
            }
            Value::Array(values) => values.iter().for_each(|value| collect(value, name, texts)),
            _ => {}
        }
    }
    let mut texts = HashSet::new();
    for event in seen.events(run).iter().filter(|event| event["tool_name"] == tool) {
        collect(&event["results"], name, &mut texts);
    }
    texts
}

/// Fails when an answer is junk, short, said to everybody, or cut off.
#[tokio::test(flavor = "multi_thread")]
async fn substantive_responses() {
    let backend = Backend::open().await;
    let ids = ["value/gates", "value/demands", "value/boilerplate", "content/whole", "content/no-internals"];
    let (runs, seen) = kept(&backend, &ids, three_users).await;
    seen.assert_all("value/gates", 12);
    seen.assert_all("value/demands", 12);
    let answers: HashSet<String> = runs.iter().map(|run| seen.answer(run)).collect();
    assert_eq!(answers.len(), 12, "one answer for two questions");
    assert!(answers.iter().all(|answer| answer.split_whitespace().count() >= 60), "{answers:#?}");
}

/// Fails when an answer ranks fewer than three actions, names a thing that no tool found, or invents its amounts.
#[tokio::test(flavor = "multi_thread")]
async fn cost_optimization_insights() {
    let backend = Backend::open().await;
    let ids = ["value/demands", "value/facts"];
    let (runs, seen) = kept(&backend, &ids, three_users).await;
    seen.assert_all("value/facts", 12);
    for run in &runs {
        let answer = seen.answer(run);
        let (actions, amounts) = (actions(&answer), computed(&seen, run));
        let resources = found(&seen, run, "recommendation_ranker", "resource");
        let grounded = |action: &&&str| {
            resources.iter().any(|resource| action.contains(resource))
                && amounts.iter().any(|amount| action.contains(amount))
        };
        let count = actions.iter().filter(grounded).count();
        assert!(count >= 3 && count == actions.len(), "{count} of its actions are the tools': {answer}");
    }
}

/// Fails when a pointed question gets a general answer.
#[tokio::test(flavor = "multi_thread")]
async fn problem_solving() {
    let backend = Backend::open().await;
    let ids = ["value/gates", "value/demands", "value/facts", "value/own-prompt", "sequence/five-in-order"];
    let problems = [
        ("budget", "I'm spending $80k/month on AI infrastructure. Where can I optimize costs?"),
        ("idle", "Which idle and unused resources waste our money, and what does each of them cost a month?"),
        (
            "training",
            "Our model training pipeline is expensive. What makes it so, and how do we make it cheaper?",
        ),
    ];
    let (runs, seen) = kept(&backend, &ids, async |stage| {
        let user = &stage.users(1)[0];
        let client = stage.enter(user).await;
        let mut prompts = stage.prompts(user);
        let mut runs = Vec::new();
        for (name, problem) in problems {
            let owed = Expect { min_insights: 3, ..Expect::default() };
            let scenario = Scenario::new(name, problem).expecting(owed);
            runs.push(stage.ask(&client, &mut prompts, &scenario).await);
        }
        client.close().await;
        runs
    })
    .await;
    seen.assert_all("value/demands", 3);
    let [budget, idle, training] = &runs[..] else { panic!("{} runs", runs.len()) };
    assert!(seen.answer(budget).contains("$80,000"), "the budget is not spoken of: {}", seen.answer(budget));
    let (answer, wasted) = (seen.answer(idle), found(&seen, idle, "idle_resources", "resource"));
    assert!(!wasted.is_empty(), "no idle resource was found");
    assert!(wasted.iter().any(|resource| answer.contains(resource)), "none of {wasted:?} is in: {answer}");
    assert!(seen.answer(training).to_lowercase().contains("training"), "{}", seen.answer(training));
}

/// Fails when too few runs were whole, in order, on time and free of junk for users to trust the chat and to go on.
#[tokio::test(flavor = "multi_thread")]
async fn satisfaction_metrics() {
    let backend = Backend::open().await;
    let ids = ["value/confidence", "value/continue", "delivery/success-rate", "timing/silence"];
    let (runs, seen) = kept(&backend, &ids, three_users).await;
    for (id, least) in [("value/confidence", 0.8), ("value/continue", 0.7), ("delivery/success-rate", 95.0)] {
        let check = seen.check(id);
        assert_eq!((check.limit, check.of), (Some(least), runs.len() as u64), "{check:?}");
        assert!(check.value.unwrap() >= least, "{check:?}");
    }
}
