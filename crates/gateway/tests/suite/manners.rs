//! Agents that say less, or other things, than they should: their users still get whole events.

use crate::world::{Node, kinds, memory_log};
use async_trait::async_trait;
use goldenpath_agent::{Agent, Answer, Step, StepSink, Task, TaskEnd};
use goldenpath_gateway::GatewayConfig;
use goldenpath_storage::SqliteStore;
use serde_json::Value;
use std::sync::Arc;
use tokio_util::sync::CancellationToken;

/// Begins under another name, begins again, and ends with an answer that is as short as its prompt says.
#[derive(Debug)]
struct Mumbler;

#[async_trait]
impl Agent for Mumbler {
    fn names(&self) -> Vec<String> {
        vec!["mumbler".to_owned()]
    }

    async fn run(&self, task: Task, steps: StepSink, _: CancellationToken) -> TaskEnd {
        for task_description in ["mumbles", "mumbles again"] {
            let (agent, task_description) = ("director".to_owned(), task_description.to_owned());
            let _ = steps.send(Step::Started { agent, task_description }).await;
        }
        let final_response = match task.message.as_str() {
            "much" => "so much".repeat(50_000),
            _ => "\nFirst line.\nSecond line.".to_owned(),
        };
        TaskEnd::Completed(Answer {
            agent: "director".to_owned(),
            final_response,
            summary: " ".to_owned(),
            degraded: true,
            limitations: vec![" ".to_owned()],
        })
    }
}

async fn told(message: &str) -> Vec<Value> {
    let store = Arc::new(SqliteStore::in_memory().await.unwrap());
    let node = Node::of(Arc::new(Mumbler), GatewayConfig::default(), store, memory_log()).await;
    let mut client = node.connect("ada").await;
    client.ask("q-1", message).await;
    client.until_terminal().await
}

#[tokio::test]
async fn an_agent_is_called_what_it_calls_itself_and_what_it_leaves_out_is_filled_in() {
    let frames = told("little").await;
    assert_eq!(kinds(&frames), ["request_accepted", "agent_started", "agent_completed"]);
    assert!(frames[1..].iter().all(|event| event["agent_name"] == "director"));
    assert_eq!(frames[1]["task_description"], "mumbles");
    let end = &frames[2];
    assert_eq!(end["summary"], "First line.");
    assert_eq!(end["degraded"], true);
    let limitations = end["limitations"].as_array().unwrap();
    assert!(
        !limitations.is_empty() && limitations.iter().all(|text| !text.as_str().unwrap().trim().is_empty())
    );
}

#[tokio::test]
async fn an_answer_beyond_the_limit_of_an_event_fails_its_run() {
    let frames = told("much").await;
    let end = frames.last().unwrap();
    assert_eq!(
        (end["type"].as_str(), end["error"]["code"].as_str()),
        (Some("agent_failed"), Some("result_too_large"))
    );
}
