//! Nothing is lost when it counts: every event in every tab, and twenty large customers at once.

use crate::backend::Backend;
use crate::driving::{DEADLINE, Seen, kept};
use futures_util::future::join_all;
use goldenpath_harness::known_scenarios;
use goldenpath_protocol::EventType;
use serde_json::Value;

/// Fails when one critical event is missing, doubled or out of order in one tab of one user of any tier.
#[tokio::test(flavor = "multi_thread")]
async fn five_critical_events_always_delivered() {
    let backend = Backend::open().await;
    let ids = [
        "sequence/five-in-order",
        "sequence/tool-pairs",
        "sequence/one-terminal",
        "delivery/no-loss",
        "delivery/unique-ids",
        "delivery/tabs-agree",
    ];
    let (runs, seen) = kept(&backend, &ids, async |stage| {
        let users =
            stage.users(8).into_iter().zip(["free", "early", "mid", "enterprise"].into_iter().cycle());
        let customers = users.enumerate().map(async |(n, (user, tier))| {
            let user = user.of_tier(tier);
            let (client, tab) = (stage.enter(&user).await, stage.enter(&user).await);
            let mut prompts = stage.prompts(&user);
            let mut runs = Vec::new();
            for turn in 0..4 {
                let scenario = &known_scenarios()[(n + turn) % 4];
                runs.push((stage.ask(&client, &mut prompts, scenario).await, tab.conn()));
            }
            let offset = client.view(|view| view.offset);
            tab.wait_for("the same offset", DEADLINE, |view| (view.offset >= offset).then_some(()))
                .await
                .unwrap();
            client.close().await;
            tab.close().await;
            runs
        });
        join_all(customers).await.into_iter().flatten().collect::<Vec<_>>()
    })
    .await;
    seen.assert_all("sequence/five-in-order", 32);
    for (run, tab) in &runs {
        for conn in [run.conn, *tab] {
            let events = seen.events_on(conn, &run.run_id);
            let place = |kind: EventType| events.iter().position(|event| event["type"] == kind.as_str());
            let first: Option<Vec<usize>> = EventType::CRITICAL.into_iter().map(place).collect();
            let first = first.unwrap_or_else(|| panic!("run {} lacks an event: {events:#?}", run.run_id));
            assert!(first.is_sorted(), "run {}: {first:?}", run.run_id);
            let count =
                |kind: EventType| events.iter().filter(|event| event["type"] == kind.as_str()).count();
            assert_eq!((count(EventType::AgentStarted), count(EventType::AgentCompleted)), (1, 1));
            assert_eq!(count(EventType::ToolExecuting), count(EventType::ToolCompleted));
        }
    }
}

/// The most runs that had begun and not ended at one instant, as their users saw them.
fn most_at_once(seen: &Seen, conns: impl Iterator<Item = u32>) -> i32 {
    let mut steps: Vec<(u64, i32)> = Vec::new();
    for conn in conns {
        for (t_ns, frame) in seen.received(conn) {
            match frame["type"].as_str().and_then(EventType::from_name) {
                Some(EventType::AgentStarted) => steps.push((t_ns, 1)),
                Some(kind) if kind.is_terminal() => steps.push((t_ns, -1)),
                _ => {}
            }
        }
    }
    steps.sort_unstable();
    let mut open = 0;
    steps
        .into_iter()
        .map(|(_, step)| {
            open += step;
            open
        })
        .max()
        .unwrap_or(0)
}

/// Fails when one of twenty large customers at work at the same time gets no answer, a worse one, or another's.
#[tokio::test(flavor = "multi_thread")]
async fn scalability_under_enterprise_load() {
    let backend = Backend::open().await;
    let ids = [
        "sequence/five-in-order",
        "sequence/one-terminal",
        "delivery/no-loss",
        "delivery/request-answered",
        "delivery/success-rate",
        "value/gates",
        "value/demands",
        "value/facts",
        "isolation/run-owner",
        "isolation/canary",
    ];
    let (runs, seen) = kept(&backend, &ids, async |stage| {
        let users: Vec<_> = stage.users(20).into_iter().map(|user| user.of_tier("enterprise")).collect();
        stage.everybody_asks(&users, 2).await
    })
    .await;
    for id in ["sequence/five-in-order", "delivery/success-rate", "value/gates", "value/facts"] {
        seen.assert_all(id, 160);
    }
    let specialists = |event: &Value| event["parent_agent"].is_string();
    assert!(runs.iter().all(|run| seen.events(run).iter().any(specialists)), "not what the tier pays for");
    let conns: std::collections::HashSet<u32> = runs.iter().map(|run| run.conn).collect();
    assert_eq!(conns.len(), 20);
    let at_once = most_at_once(&seen, conns.into_iter());
    assert!(at_once >= 10, "at most {at_once} runs overlapped: this was no load");
}
