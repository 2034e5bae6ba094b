//! What was planted in generated data is what tools and answers find.

use crate::run::{PROMPTS, analyst, answer, results, task};
use goldenpath_agent::{BillingSource, Dataset, GeneratedBilling, Registry, Truth, Turns, generate};
use serde_json::{Map, Value, json};
use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::mpsc::{Sender, channel};
use std::time::Duration;
use tokio_util::sync::CancellationToken;

const USERS: [&str; 5] = ["user-1", "user-2", "alice@example.org", "8e0f", "\u{00fc}ser"];

fn look(data: &Dataset, tool: &str, parameters: Value) -> Map<String, Value> {
    let Value::Object(parameters) = parameters else { panic!("parameters are an object") };
    let tool = Registry::default().get(tool).expect("a known tool");
    let found = tool.look(data, &parameters, &CancellationToken::new()).expect("a result");
    assert_eq!(found["subject"], Value::Object(parameters));
    found
}

fn named(found: &Map<String, Value>, list: &str) -> BTreeSet<String> {
    let items = found[list].as_array().expect("a list");
    items.iter().map(|item| item["resource"].as_str().expect("a name").to_owned()).collect()
}

#[test]
fn generated_data_depend_on_the_user_alone() {
    let (again, truth_again) = generate("user-1").unwrap();
    let (data, truth) = generate("user-1").unwrap();
    assert_eq!((data.len(), data.period(), &truth), (again.len(), again.period(), &truth_again));
    let (from, to) = data.period();
    assert_eq!((to - from).whole_days(), 89);
    let (other, other_truth) = generate("user-2").unwrap();
    assert_ne!(truth, other_truth);
    let mine: BTreeSet<_> = data.resources().into_iter().collect();
    assert!(mine.is_disjoint(&other.resources().into_iter().collect()));
}

#[test]
fn every_user_spends_about_fifty_thousand_a_month() {
    for user in USERS {
        let (data, _) = generate(user).unwrap();
        let found = look(&data, "cost_analyzer", json!({ "days": 90 }));
        let monthly = found["monthly"].as_f64().unwrap();
        assert!((42_000.0..60_000.0).contains(&monthly), "{user}: {monthly}");
    }
}

#[test]
fn planted_idle_resources_are_found_and_no_others() {
    for user in USERS {
        let (data, truth) = generate(user).unwrap();
        let found = look(&data, "idle_resources", json!({ "days": 30, "limit": 50 }));
        let mut planted: BTreeSet<_> = truth.idle.iter().map(|idle| idle.resource.clone()).collect();
        // Addresses that the provider itself calls idle are planted in every set.
        planted.extend(truth.resources.iter().filter(|name| name.starts_with("addresses-")).cloned());
        assert_eq!(named(&found, "idle"), planted, "{user}");
        for idle in &truth.idle {
            let items = found["idle"].as_array().unwrap();
            let item = items.iter().find(|item| item["resource"] == idle.resource.as_str()).unwrap();
            assert_eq!(item["idle_since"], idle.since.as_str());
            let cost = item["monthly_cost"].as_f64().unwrap();
            assert!((cost / idle.monthly_cost - 1.0).abs() < 0.15, "{user}: {cost} for {idle:?}");
        }
    }
}

#[test]
fn planted_anomalies_are_found_and_no_others() {
    for user in USERS {
        let (data, truth) = generate(user).unwrap();
        let found = look(&data, "usage_anomalies", json!({ "days": 90, "limit": 50 }));
        let planted: BTreeSet<_> = truth.anomalies.iter().map(|it| it.resource.clone()).collect();
        assert_eq!(named(&found, "anomalies"), planted, "{user}");
        let days: u64 = truth.anomalies.iter().map(|it| u64::from(it.days)).sum();
        assert_eq!(found["count"].as_u64().unwrap(), days, "{user}");
        let excess: f64 = truth.anomalies.iter().map(|it| it.excess).sum();
        let told = found["total_excess"].as_f64().unwrap();
        assert!((told / excess - 1.0).abs() < 0.2, "{user}: {told} for {excess}");
    }
}

#[test]
fn planted_uncovered_resources_are_recommended_for_a_commitment_or_better() {
    for user in USERS {
        let (data, truth) = generate(user).unwrap();
        let found = look(&data, "recommendation_ranker", json!({ "days": 30, "limit": 100 }));
        let actions = named(&found, "actions");
        for uncovered in &truth.uncovered {
            assert!(actions.contains(&uncovered.resource), "{user}: {uncovered:?}");
        }
        assert!(actions.contains(&truth.commitment), "{user}: the unused part of the commitment");
        let items = found["actions"].as_array().unwrap();
        assert!(items.iter().any(|item| item["kind"] == "buy_commitment"));
        let savings: Vec<_> = items.iter().map(|item| item["monthly_saving"].as_f64().unwrap()).collect();
        let costs: Vec<_> = items.iter().map(|item| item["monthly_cost"].as_f64().unwrap()).collect();
        assert!(savings.iter().zip(&costs).all(|(saving, cost)| saving <= cost));
        assert_eq!(actions.len(), items.len(), "a resource appears in one action at most");
        let unused =
            look(&data, "cost_analyzer", json!({ "days": 30 }))["commitment"]["unused_monthly"].clone();
        assert!((unused.as_f64().unwrap() / truth.unused_commitment_monthly - 1.0).abs() < 0.01);
    }
}

#[tokio::test]
async fn the_answer_names_planted_truth_and_only_the_users_own() {
    let agent = analyst();
    for user in USERS {
        let (_, truth) = generate(user).unwrap();
        let (_, other) = generate("somebody else").unwrap();
        let mut told = 0;
        for prompt in PROMPTS {
            let (steps, answer) = answer(&agent, task(user, prompt, "enterprise")).await;
            let idle = results(&steps, "idle_resources")[0];
            let found: Vec<_> = idle["idle"].as_array().unwrap().iter().take(3).collect();
            let found = found.iter().map(|item| item["resource"].as_str().unwrap());
            assert!(found.clone().all(|name| truth.resources.iter().any(|mine| mine == name)));
            for name in found {
                assert!(answer.final_response.contains(name), "{user}, {name}: {}", answer.final_response);
            }
            let planted = truth.idle.iter().map(|it| &it.resource);
            let planted = planted.chain(truth.uncovered.iter().map(|it| &it.resource));
            let planted = planted.chain(truth.anomalies.iter().map(|it| &it.resource));
            told += planted.filter(|name| answer.final_response.contains(*name)).count();
            let everything = format!("{steps:?}{answer:?}");
            assert!(other.resources.iter().all(|name| !everything.contains(name)));
        }
        assert!(told >= 8, "{user}: {told} planted names in four answers");
    }
}

#[tokio::test]
async fn the_truth_is_kept_beside_the_data() {
    let directory = tempfile::tempdir().unwrap();
    let billing = GeneratedBilling::with_truth_in(directory.path());
    billing.billing("user-1", &Turns::default()).await.unwrap();
    let file = std::fs::read_dir(directory.path()).unwrap().next().unwrap().unwrap().path();
    let kept: Truth = serde_json::from_slice(&std::fs::read(file).unwrap()).unwrap();
    assert_eq!(kept.resources, generate("user-1").unwrap().1.resources);
}

/// Takes a turn until the sender is dropped.
async fn busy(turns: &Turns) -> Sender<()> {
    let (free, freed) = channel::<()>();
    let (begun, begins) = tokio::sync::oneshot::channel();
    let turns = turns.clone();
    tokio::spawn(async move {
        let wait = move || {
            begun.send(()).expect("somebody waits for the begin");
            // Ends when nobody can send any more.
            let _ = freed.recv();
        };
        turns.compute(wait).await
    });
    begins.await.expect("it begins");
    free
}

#[tokio::test]
async fn generating_waits_for_its_turn_and_remembering_does_not() {
    let (billing, turns) = (GeneratedBilling::default(), Turns::new(1));
    let taken = busy(&turns).await;
    let mut asked = Box::pin(billing.billing("user-1", &turns));
    // Alone it would take a few milliseconds.
    let waited = tokio::time::timeout(Duration::from_millis(500), &mut asked).await;
    assert!(waited.is_err(), "it computed beside the others");
    drop(taken);
    let made = asked.await.unwrap();

    let _taken = busy(&turns).await;
    assert!(Arc::ptr_eq(&made, &billing.billing("user-1", &turns).await.unwrap()));
}
