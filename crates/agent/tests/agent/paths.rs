//! Tiers, failing sources, missing data, cancellation.

use crate::run::{PROMPTS, analyst, answer, assert_every_tool_is_closed, run, task};
use async_trait::async_trait;
use goldenpath_agent::{
    Agent, Analyst, BillingError, BillingSource, Dataset, GeneratedBilling, ImportedBilling, Registry, Step,
    TaskEnd, Tool, ToolFailure, Turns,
};
use rstest::rstest;
use serde_json::{Map, Value};
use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

/// Fails the calls whose number `fails` says.
#[derive(Debug)]
struct Unreliable<F> {
    inner: GeneratedBilling,
    calls: AtomicU32,
    fails: F,
}

// A closure has no name to print.
#[derive(Clone, Copy)]
struct When(fn(u32) -> bool);
impl std::fmt::Debug for When {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.write_str("When")
    }
}

#[async_trait]
impl BillingSource for Unreliable<When> {
    async fn billing(&self, user_id: &str, turns: &Turns) -> Result<Arc<Dataset>, BillingError> {
        let call = self.calls.fetch_add(1, Ordering::Relaxed) + 1;
        if (self.fails.0)(call) {
            return Err(BillingError::Unavailable("the billing service did not answer".to_owned()));
        }
        self.inner.billing(user_id, turns).await
    }
}

fn unreliable(fails: fn(u32) -> bool) -> Analyst {
    let inner = GeneratedBilling::default();
    Analyst::new(Arc::new(Unreliable { inner, calls: AtomicU32::new(0), fails: When(fails) }))
}

fn calls(steps: &[Step]) -> Vec<(&str, &str, Option<&str>)> {
    steps
        .iter()
        .filter_map(|step| match step {
            Step::ToolExecuting { agent, parent, tool, .. } => {
                Some((agent.as_str(), tool.as_str(), parent.as_deref()))
            }
            _ => None,
        })
        .collect()
}

#[rstest]
#[case("free", 3, 0)]
#[case("early", 4, 0)]
#[case("mid", 5, 2)]
#[case("enterprise", 7, 3)]
#[case("unheard of", 3, 0)]
#[tokio::test]
async fn a_tier_buys_tools_and_specialists(
    #[case] tier: &str,
    #[case] tools: usize,
    #[case] specialists: usize,
) {
    let (steps, _) = answer(&analyst(), task("user-1", PROMPTS[0], tier)).await;
    assert!(matches!(steps[0], Step::Started { .. }) && matches!(steps[1], Step::Thinking { .. }));
    let calls = calls(&steps);
    assert_eq!(calls.len(), tools, "{calls:?}");
    let speakers: BTreeSet<_> =
        calls.iter().filter_map(|(agent, _, parent)| parent.map(|_| *agent)).collect();
    assert_eq!(speakers.len(), specialists);
    assert!(calls.iter().all(|(_, _, parent)| parent.is_none_or(|parent| parent == "analyst")));
}

#[tokio::test]
async fn a_source_that_fails_once_is_asked_again() {
    let (steps, answer) = answer(&unreliable(|call| call == 1), task("user-1", PROMPTS[0], "mid")).await;
    assert!(!answer.degraded);
    let calls = calls(&steps);
    assert_eq!((calls[0].1, calls[1].1), ("cost_analyzer", "cost_analyzer"));
}

#[tokio::test]
async fn an_answer_without_one_tool_is_degraded_and_says_so() {
    let (_, answer) = answer(&unreliable(|call| call <= 2), task("user-1", PROMPTS[0], "free")).await;
    assert!(answer.degraded);
    assert_eq!(answer.limitations.len(), 1);
    assert!(answer.final_response.contains("cost_analyzer failed"), "{}", answer.final_response);
}

#[tokio::test]
async fn a_run_that_can_judge_nothing_fails() {
    let (_, end) = run(&unreliable(|_| true), task("user-1", PROMPTS[0], "enterprise")).await;
    let TaskEnd::Failed(failure) = end else { panic!("{end:?}") };
    assert_eq!((failure.code.as_str(), failure.retryable), ("billing_unavailable", true));
}

#[rstest]
#[case("What does BigQuery cost us?", "service `BigQuery`")]
#[case("What do we pay in eu-north-9?", "region `eu-north-9`")]
#[case("What did team=nobody spend on data processing?", "tag `team=nobody`")]
#[case("What was our bill in January 2019?", "2019-01-01 to 2019-01-31")]
#[tokio::test]
async fn what_the_data_lack_is_said_and_the_rest_answered(#[case] prompt: &str, #[case] named: &str) {
    let (_, answer) = answer(&analyst(), task("user-1", prompt, "mid")).await;
    assert!(answer.degraded);
    assert!(answer.limitations[0].contains(named), "{:?}", answer.limitations);
    assert!(answer.final_response.contains(named));
}

#[tokio::test]
async fn a_named_service_is_looked_at_alone() {
    let (steps, answer) = answer(&analyst(), task("user-1", "How can we cut EC2 costs?", "mid")).await;
    assert!(!answer.degraded, "{:?}", answer.limitations);
    let subjects = steps.iter().filter_map(|step| match step {
        Step::ToolCompleted { outcome: Ok(found), .. } => Some(&found["subject"]["service"]),
        _ => None,
    });
    assert!(subjects.into_iter().all(|service| service == "Amazon Elastic Compute Cloud"));
}

#[tokio::test]
async fn an_imported_export_is_answered_with_what_it_lacks() {
    let sample = include_bytes!("../../data/focus_sample.csv");
    let agent = Analyst::new(Arc::new(ImportedBilling::read(&sample[..]).unwrap()));
    let (_, answer) = answer(&agent, task("user-1", "What does our cloud cost?", "enterprise")).await;
    assert!(answer.degraded, "one row for most resources: nothing says what is usual");
    assert!(answer.limitations.iter().any(|it| it.contains("usage_anomalies")), "{:?}", answer.limitations);
    assert!(answer.final_response.contains('$'));
}

/// Works until it is told to stop.
#[derive(Debug)]
struct Endless(Arc<AtomicU32>);

impl Tool for Endless {
    fn name(&self) -> &'static str {
        "cost_analyzer"
    }

    fn description(&self) -> &'static str {
        "Looks for costs without an end"
    }

    fn look(
        &self,
        _: &Dataset,
        _: &Map<String, Value>,
        stop: &CancellationToken,
    ) -> Result<Map<String, Value>, ToolFailure> {
        self.0.store(1, Ordering::Release);
        while !stop.is_cancelled() {
            std::thread::yield_now();
        }
        self.0.store(2, Ordering::Release);
        Err(ToolFailure::Cancelled)
    }
}

#[tokio::test]
async fn a_cancel_inside_a_tool_closes_it_first_and_stops_the_work() {
    let stopped = Arc::new(AtomicU32::new(0));
    let tools = Registry::default().with(Arc::new(Endless(Arc::clone(&stopped))));
    let agent = Analyst::with_tools(Arc::new(GeneratedBilling::default()), tools);
    let (sender, mut receiver) = mpsc::channel(16);
    let cancel = CancellationToken::new();
    let collect = async {
        let mut steps = Vec::new();
        while let Some(step) = receiver.recv().await {
            steps.push(step);
        }
        steps
    };
    let reach = |state: u32| {
        let stopped = Arc::clone(&stopped);
        async move {
            while stopped.load(Ordering::Acquire) < state {
                tokio::task::yield_now().await;
            }
        }
    };
    let cancel_at_work = async {
        reach(1).await;
        cancel.cancel();
    };
    let run = agent.run(task("user-1", PROMPTS[0], "free"), sender, cancel.clone());
    let (end, steps, ()) = tokio::join!(run, collect, cancel_at_work);
    assert_eq!(end, TaskEnd::Cancelled);
    assert_every_tool_is_closed(&steps);
    let Some(Step::ToolCompleted { outcome: Err(failure), .. }) = steps.last() else { panic!("{steps:?}") };
    assert_eq!(failure.code, "cancelled");
    reach(2).await;
}

#[tokio::test]
async fn a_cancel_between_tools_ends_the_run() {
    for after in 1..20 {
        let agent = analyst();
        let (sender, mut receiver) = mpsc::channel(1);
        let cancel = CancellationToken::new();
        let collect = async {
            let mut steps = Vec::new();
            while let Some(step) = receiver.recv().await {
                steps.push(step);
                if steps.len() == after {
                    cancel.cancel();
                }
            }
            steps
        };
        let task = task("user-1", PROMPTS[0], "enterprise");
        let (end, steps) = tokio::join!(agent.run(task, sender, cancel.clone()), collect);
        assert_eq!(end, TaskEnd::Cancelled);
        assert_every_tool_is_closed(&steps);
    }
}

#[tokio::test]
async fn a_run_without_a_listener_ends() {
    let (sender, receiver) = mpsc::channel(1);
    drop(receiver);
    let end = analyst().run(task("user-1", PROMPTS[0], "free"), sender, CancellationToken::new()).await;
    assert_eq!(end, TaskEnd::Cancelled);
}
