//! The flows that earn money: the follow-up that makes a chat a habit, the tiers that are paid for, the first message.

use crate::backend::Backend;
use crate::driving::{DEADLINE, Ran, Stage, kept};
use goldenpath_harness::{Connect, ConnectError, Credential, Forgery, Scenario, TestUser, known_scenarios};
use goldenpath_history::Expect;
use goldenpath_protocol::{EventType, Recovered};
use serde_json::Value;
use std::collections::HashSet;

/// The tiers, from the cheapest.
const TIERS: [&str; 4] = ["free", "early", "mid", "enterprise"];

/// Fails when a step from login over the question, its retry, the follow-up in the same thread and the second tab to the
/// stored chat is refused, forgotten or billed twice.
#[tokio::test(flavor = "multi_thread")]
async fn revenue_flows() {
    let backend = Backend::open().await;
    let ids = [
        "sequence/five-in-order",
        "delivery/request-answered",
        "delivery/one-run-per-request",
        "delivery/tabs-agree",
        "delivery/stream-equals-store",
        "value/facts",
    ];
    let ((first, second, tab), seen) = kept(&backend, &ids, async |stage| {
        let user = &stage.users(1)[0];
        let (client, tab) = (stage.enter(user).await, stage.enter(user).await);
        let mut prompts = stage.prompts(user);
        let first = stage.ask(&client, &mut prompts, &known_scenarios()[0]).await;

        // The same request from another tab, as after a lost answer: no second run is begun, or paid for.
        tab.ask(&first.prompt, None).await.unwrap();
        let again = tab
            .wait_for("the second acceptance", DEADLINE, |view| {
                view.accepted(&first.prompt.request_id).cloned()
            })
            .await
            .unwrap();
        assert!(again.duplicate && again.run_id == first.run_id, "{again:?}");

        let follow_up = prompts.next(&known_scenarios()[2]);
        client.ask(&follow_up, Some(&first.thread_id)).await.unwrap();
        let second = stage.end_of(&client, follow_up).await;
        assert_eq!(second.thread_id, first.thread_id, "the follow-up landed in another thread");
        let offset = client.view(|view| view.offset);
        tab.wait_for("the same offset", DEADLINE, |view| (view.offset >= offset).then_some(()))
            .await
            .unwrap();

        for run in [&first, &second] {
            assert_eq!(stage.read_back(run, user).await["thread_id"], first.thread_id.as_str());
        }
        let (status, thread) = stage.read(&format!("threads/{}", first.thread_id), user).await;
        assert_eq!(status, 200, "{thread}");
        let thread: Value = serde_json::from_str(&thread).unwrap();
        let stored: HashSet<&str> =
            thread["runs"].as_array().unwrap().iter().filter_map(Value::as_str).collect();
        assert_eq!(stored, HashSet::from([first.run_id.as_str(), second.run_id.as_str()]));
        client.close().await;
        tab.close().await;
        (first, second, tab.conn())
    })
    .await;
    assert_ne!(first.run_id, second.run_id);
    for run in [&first, &second] {
        assert_eq!(seen.events_on(tab, &run.run_id), seen.events(run), "the tabs show different chats");
    }
}

/// Fails when a tier gets less than a cheaper one, when the dearest gets nothing more than the free one, when free users
/// see a broken chat, or when a tier can be had by changing a token.
#[tokio::test(flavor = "multi_thread")]
async fn premium_user_differentiation() {
    let backend = Backend::open().await;
    let ids =
        ["sequence/five-in-order", "sequence/tool-pairs", "value/gates", "value/demands", "value/facts"];
    let (runs, seen) = kept(&backend, &ids, async |stage| {
        // One user and one bill, so that nothing but the tier makes a difference.
        let user = &stage.users(1)[0];
        let mut runs = Vec::new();
        for tier in TIERS {
            let client = stage.enter(&user.clone().of_tier(tier)).await;
            let mut prompts = stage.prompts(user);
            for scenario in known_scenarios() {
                runs.push((tier, stage.ask(&client, &mut prompts, &scenario).await));
            }
            client.close().await;
        }
        let upgraded = Connect::fresh().showing(Credential::Forged(Forgery::Tampered));
        let refused = stage.session.connect(&user.clone().of_tier("free"), upgraded).await.unwrap_err();
        assert!(matches!(refused, ConnectError::Refused { status: 401, .. }), "{refused}");
        runs
    })
    .await;
    seen.assert_all("sequence/five-in-order", 16);
    // What each tier got in four runs: tool calls, specialists, ranked actions.
    let bought = TIERS.map(|tier| {
        let (mut calls, mut specialists, mut actions) = (0, HashSet::new(), 0);
        for (_, run) in runs.iter().filter(|(of, _)| *of == tier) {
            for event in seen.events(run) {
                if event["type"] == EventType::ToolExecuting.as_str() {
                    calls += 1;
                }
                if event["parent_agent"].is_string() {
                    specialists.insert(event["agent_name"].as_str().unwrap().to_owned());
                }
                actions += event["results"]["actions"].as_array().map_or(0, Vec::len);
            }
        }
        (calls, specialists.len(), actions)
    });
    let [free, .., enterprise] = bought;
    assert!(free.0 >= 4 && free.2 >= 12, "free users get no value: {bought:?}");
    for (cheaper, dearer) in bought.iter().zip(&bought[1..]) {
        assert!(cheaper.0 <= dearer.0 && cheaper.1 <= dearer.1 && cheaper.2 <= dearer.2, "{bought:?}");
    }
    assert!(free.0 < enterprise.0 && free.1 < enterprise.1 && free.2 < enterprise.2, "{bought:?}");
}

/// Everybody's first message, each on its first connection.
async fn newcomers(stage: &Stage, users: &[TestUser]) -> Vec<Ran> {
    let scenario =
        Scenario::new("first", "What do you need to know to lower my cloud costs, and where do I begin?")
            .expecting(Expect { min_insights: 3, ..Expect::default() });
    let mut runs = Vec::new();
    for user in users {
        let client = stage.enter(user).await;
        let greeting = client.view(|view| view.greeting.clone()).unwrap();
        assert_eq!((greeting.recovered, greeting.offset), (Some(Recovered::Fresh), 0), "not a new user");
        runs.push(stage.ask(&client, &mut stage.prompts(user), &scenario).await);
        client.close().await;
    }
    runs
}

/// Fails when somebody who has not paid yet waits for a first sign of life, misses one of the five events, or gets an
/// answer without figures and actions.
#[tokio::test(flavor = "multi_thread")]
async fn conversion_critical_first_message() {
    let backend = Backend::open().await;
    let ids = [
        "sequence/five-in-order",
        "timing/first-event",
        "timing/cold-start",
        "timing/whole-answer",
        "timing/silence",
        "value/gates",
        "value/demands",
        "value/facts",
    ];
    let (runs, seen) = kept(&backend, &ids, async |stage| {
        let users: Vec<_> = stage.users(4).into_iter().map(|user| user.of_tier("free")).collect();
        newcomers(stage, &users).await
    })
    .await;
    for id in ["sequence/five-in-order", "timing/first-event", "timing/cold-start", "value/facts"] {
        seen.assert_all(id, runs.len());
    }
    assert_eq!(seen.check("timing/first-event").limit, Some(100.0), "another limit was used");
    for run in &runs {
        assert!(seen.answer(run).contains('$'), "no figure for a new customer: {}", seen.answer(run));
    }
}
