//! A dozen users chat at once, and each has the chat to themselves.

use crate::answers::computed;
use crate::backend::Backend;
use crate::driving::{Ran, Seen, Stage, kept};
use serde_json::Value;
use std::collections::{HashMap, HashSet};

/// How many chat at once.
const USERS: usize = 12;

async fn a_dozen(stage: &Stage) -> Vec<Ran> {
    stage.everybody_asks(&stage.users(USERS), 1).await
}

/// Each user's connection and runs.
fn by_user(runs: &[Ran]) -> HashMap<&str, Vec<&Ran>> {
    let mut users: HashMap<&str, Vec<&Ran>> = HashMap::new();
    for run in runs {
        users.entry(&run.user).or_default().push(run);
    }
    assert_eq!(users.len(), USERS);
    users
}

/// Fails when one user receives one event of another's run, or an event without its owner's name.
#[tokio::test(flavor = "multi_thread")]
async fn ten_plus_users_isolated() {
    let backend = Backend::open().await;
    let ids = [
        "isolation/run-owner",
        "isolation/canary",
        "isolation/identity",
        "isolation/thread",
        "sequence/five-in-order",
    ];
    let (runs, seen) = kept(&backend, &ids, a_dozen).await;
    seen.assert_all("sequence/five-in-order", 4 * USERS);
    for (user, own) in by_user(&runs) {
        let ids: HashSet<&str> = own.iter().map(|run| run.run_id.as_str()).collect();
        let mut events = 0;
        for (_, frame) in seen.received(own[0].conn).filter(|(_, frame)| frame["seq"].is_u64()) {
            assert_eq!(frame["user_id"], user);
            assert!(ids.contains(frame["run_id"].as_str().unwrap()), "{user} saw another's run: {frame}");
            events += 1;
        }
        assert!(events >= 4 * 5, "{user} saw {events} events");
    }
}

/// The names of a user's own resources in the tool results of a run.
fn resources(seen: &Seen, run: &Ran, names: &mut HashSet<String>) {
    fn collect(value: &Value, names: &mut HashSet<String>) {
        match value {
            Value::Object(fields) => {
                names.extend(fields.get("resource").and_then(Value::as_str).map(str::to_owned));
                fields.values().for_each(|value| collect(value, names));
            }
            Value::Array(values) => values.iter().for_each(|value| collect(value, names)),
            _ => {}
        }
    }
    for event in seen.events(run) {
        collect(&event["results"], names);
    }
}

/// Fails when an event is delivered to two users, or a name of one user's data or prompt stands in another's frames.
#[tokio::test(flavor = "multi_thread")]
async fn no_event_contamination() {
    let backend = Backend::open().await;
    let ids = ["isolation/canary", "isolation/run-owner", "delivery/unique-ids", "delivery/no-loss"];
    let (runs, seen) = kept(&backend, &ids, a_dozen).await;
    let users = by_user(&runs);
    let mut owner_of_event: HashMap<String, &str> = HashMap::new();
    let mut canaries: HashMap<&str, HashSet<String>> = HashMap::new();
    let mut frames: HashMap<&str, Vec<Value>> = HashMap::new();
    for (user, own) in &users {
        let names = canaries.entry(user).or_default();
        for run in own {
            names.insert(run.prompt.reference.clone());
            resources(&seen, run, names);
        }
        assert!(names.len() > 4, "`{user}` has nothing of its own to be seen: {names:?}");
        for (_, frame) in seen.received(own[0].conn) {
            if let Some(id) = frame["event_id"].as_str() {
                let before = owner_of_event.insert(id.to_owned(), user);
                assert_eq!(before, None, "event {id} came twice");
            }
            frames.entry(user).or_default().push(frame);
        }
    }
    for (user, frames) in &frames {
        for (owner, names) in canaries.iter().filter(|(owner, _)| *owner != user) {
            for raw in frames.iter().map(Value::to_string) {
                let strange =
                    names.iter().find(|name| !canaries[user].contains(*name) && raw.contains(*name));
                assert_eq!(strange, None, "`{user}` saw what is `{owner}`'s: {raw}");
            }
        }
    }
}

/// Fails when one of the dozen gets junk, no figures, or the words that another user got.
#[tokio::test(flavor = "multi_thread")]
async fn business_value_for_each_user() {
    let backend = Backend::open().await;
    let ids = ["value/gates", "value/demands", "value/facts", "value/boilerplate", "delivery/success-rate"];
    let (runs, seen) = kept(&backend, &ids, a_dozen).await;
    for id in ["value/gates", "value/demands", "value/facts", "delivery/success-rate"] {
        seen.assert_all(id, 4 * USERS);
    }
    let answers: HashSet<String> = runs.iter().map(|run| seen.answer(run)).collect();
    assert_eq!(answers.len(), 4 * USERS, "two questions got one answer");
    for (user, own) in by_user(&runs) {
        for run in own {
            let (answer, amounts) = (seen.answer(run), computed(&seen, run));
            let used = amounts.iter().filter(|amount| answer.contains(*amount)).count();
            assert!(used >= 3, "{user} got {used} of the computed {amounts:?}: {answer}");
        }
    }
}
