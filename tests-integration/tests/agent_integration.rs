//! The answer is the work of a real agent: stream, store and answer tell the same story, with figures its tools computed.

use crate::driving::{ask, assert_kept, connect, events_of, finish, judge};
use goldenpath_checkers::Category;
use goldenpath_harness::{Probe, Prompts, known_scenarios};
use goldenpath_protocol::EventType;
use goldenpath_testbed::{Testbed, testbed};
use rstest::rstest;
use serde_json::Value;
use std::collections::HashMap;

#[rstest]
#[tokio::test]
async fn full_agent_execution_with_events(#[future(awt)] testbed: Testbed) {
    let user = testbed.user(21);
    let client = connect(&testbed, &user).await;
    let (prompt, run_id, _) = ask(&client, &mut Prompts::new(21, "full"), &known_scenarios()[1]).await;
    let token = user.token().unwrap().unwrap();
    let probe = Probe::new(testbed.session.target()).unwrap();
    let stored = probe.get(&format!("/runs/{run_id}"), Some(&token)).await.unwrap();
    let conn = client.conn();
    client.close().await;
    let (_, records) = finish(testbed);

    assert_eq!(stored.status, 200);
    let document: Value = serde_json::from_str(&stored.body).unwrap();
    let mut seen = events_of(&records, conn, &run_id);
    assert_eq!(document["state"], "completed");
    assert_eq!(document["request_id"], prompt.request_id.as_str());
    assert_eq!(document["final_response"], seen.last().unwrap()["final_response"]);
    for event in &mut seen {
        event.as_object_mut().unwrap().remove("offset");
    }
    assert_eq!(document["events"], Value::Array(seen), "the store tells another story than the stream");
}

#[rstest]
#[tokio::test]
async fn all_five_events_in_order(#[future(awt)] testbed: Testbed) {
    let user = testbed.user(22);
    let client = connect(&testbed, &user).await;
    let mut prompts = Prompts::new(22, "order");
    let mut runs = Vec::new();
    for scenario in known_scenarios() {
        runs.push(ask(&client, &mut prompts, &scenario).await.1);
    }
    let conn = client.conn();
    client.close().await;
    let (_, records) = finish(testbed);
    for run in runs {
        let events = events_of(&records, conn, &run);
        let first = EventType::CRITICAL.map(|wanted| {
            events
                .iter()
                .position(|event| event["type"] == wanted.as_str())
                .unwrap_or_else(|| panic!("run {run} has no {}", wanted.as_str()))
        });
        assert!(first.is_sorted(), "run {run}: first occurrences at {first:?}");
        assert_eq!(first[0], 0);
        assert_eq!(first[4], events.len() - 1, "something follows the terminal");
    }
}

#[rstest]
#[tokio::test]
async fn real_agent_execution(#[future(awt)] testbed: Testbed) {
    let users = testbed.users(23, 2);
    let mut answers = Vec::new();
    for user in &users {
        let client = connect(&testbed, user).await;
        let mut prompts = Prompts::new(23, user.name());
        for scenario in known_scenarios() {
            let (_, run, _) = ask(&client, &mut prompts, &scenario).await;
            answers.push((client.conn(), run));
        }
        client.close().await;
    }
    let (header, records) = finish(testbed);
    let texts: Vec<String> = answers
        .iter()
        .map(|(conn, run)| {
            events_of(&records, *conn, run).pop().unwrap()["final_response"].as_str().unwrap().to_owned()
        })
        .collect();
    for (n, text) in texts.iter().enumerate() {
        assert!(text.contains('$'), "no figure in: {text}");
        assert!(!texts[n + 1..].contains(text), "two questions got one answer: {text}");
    }
    assert_kept(
        &judge(&header, &records, &[Category::Integration]),
        &["value/gates", "value/demands", "value/facts", "value/own-prompt"],
    );
}

#[rstest]
#[tokio::test]
async fn multi_agent_workflow_events(#[future(awt)] testbed: Testbed) {
    let user = testbed.user(24).of_tier("enterprise");
    let client = connect(&testbed, &user).await;
    let (_, run_id, _) = ask(&client, &mut Prompts::new(24, "agents"), &known_scenarios()[1]).await;
    let conn = client.conn();
    client.close().await;
    let (_, records) = finish(testbed);
    let events = events_of(&records, conn, &run_id);
    let supervisor = events[0]["agent_name"].clone();
    assert_eq!(events.last().unwrap()["agent_name"], supervisor, "another agent speaks the last word");
    let specialists: Vec<_> = events.iter().filter(|event| event["parent_agent"].is_string()).collect();
    assert!(!specialists.is_empty(), "no specialist spoke");
    for event in specialists {
        assert_eq!(event["parent_agent"], supervisor);
        assert_ne!(event["agent_name"], supervisor);
        assert!(
            ["agent_thinking", "tool_executing", "tool_completed"].contains(&event["type"].as_str().unwrap())
        );
    }
}

#[rstest]
#[tokio::test]
async fn tool_execution_event_integration(#[future(awt)] testbed: Testbed) {
    let user = testbed.user(25);
    let client = connect(&testbed, &user).await;
    let (_, run_id, _) = ask(&client, &mut Prompts::new(25, "tools"), &known_scenarios()[0]).await;
    let conn = client.conn();
    client.close().await;
    let (_, records) = finish(testbed);
    let mut open: HashMap<String, Value> = HashMap::new();
    let mut pairs = 0;
    for event in events_of(&records, conn, &run_id) {
        let id = event["execution_id"].as_str().unwrap_or_default().to_owned();
        match event["type"].as_str().unwrap() {
            "tool_executing" => assert!(open.insert(id, event).is_none(), "an execution id is used twice"),
            "tool_completed" => {
                let opened = open.remove(&id).expect("a result without its call");
                assert_eq!(opened["tool_name"], event["tool_name"]);
                assert_eq!(event["success"], true, "{event}");
                assert!(
                    event["results"]["subject"].is_string() || event["results"]["subject"].is_object(),
                    "{event}"
                );
                pairs += 1;
            }
            _ => {}
        }
    }
    assert!(open.is_empty(), "tools without a result: {open:?}");
    assert!(pairs >= 1);
}
