//! Runs an agent to its end and keeps every step.

use goldenpath_agent::{Agent, Analyst, Answer, GeneratedBilling, Step, Task, TaskEnd};
use std::sync::Arc;
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

pub(crate) const PROMPTS: [&str; 4] = [
    "I'm spending $50k/month on AI infrastructure. Help me optimize costs.",
    "Analyze my entire AI infrastructure and provide cost optimization",
    "Review my model training pipeline for efficiency improvements",
    "Audit my data processing costs and recommend alternatives",
];

pub(crate) fn task(user: &str, message: &str, tier: &str) -> Task {
    Task {
        user_id: user.to_owned(),
        message: message.to_owned(),
        agent: "analyst".to_owned(),
        tier: tier.to_owned(),
    }
}

pub(crate) fn analyst() -> Analyst {
    Analyst::new(Arc::new(GeneratedBilling::default()))
}

pub(crate) async fn run(agent: &dyn Agent, task: Task) -> (Vec<Step>, TaskEnd) {
    let (sender, mut receiver) = mpsc::channel(16);
    let collect = async {
        let mut steps = Vec::new();
        while let Some(step) = receiver.recv().await {
            steps.push(step);
        }
        steps
    };
    let (end, steps) = tokio::join!(agent.run(task, sender, CancellationToken::new()), collect);
    assert_every_tool_is_closed(&steps);
    (steps, end)
}

pub(crate) async fn answer(agent: &dyn Agent, task: Task) -> (Vec<Step>, Answer) {
    let (steps, end) = run(agent, task).await;
    match end {
        TaskEnd::Completed(answer) => (steps, answer),
        other => panic!("expected an answer, got {other:?} after {steps:#?}"),
    }
}

pub(crate) fn assert_every_tool_is_closed(steps: &[Step]) {
    let mut open = Vec::new();
    for step in steps {
        match step {
            Step::ToolExecuting { call, tool, .. } => open.push((*call, tool.clone())),
            Step::ToolCompleted { call, tool, .. } => {
                let at = open.iter().position(|known| *known == (*call, tool.clone()));
                open.remove(at.expect("a tool is opened before it is closed"));
            }
            _ => {}
        }
    }
    assert!(open.is_empty(), "left open: {open:?}");
}

/// The results of every successful call, by tool.
pub(crate) fn results<'s>(
    steps: &'s [Step],
    wanted: &str,
) -> Vec<&'s serde_json::Map<String, serde_json::Value>> {
    steps
        .iter()
        .filter_map(|step| match step {
            Step::ToolCompleted { tool, outcome: Ok(found), .. } if tool == wanted => Some(found),
            _ => None,
        })
        .collect()
}
