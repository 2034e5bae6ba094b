//! What contracts promise in figures: 100 ms to the first sign of life, 45 s to the answer, 99.9 % of events delivered.

use crate::backend::Backend;
use crate::driving::{Ran, Seen, Stage, kept, kept_in_sla};
use goldenpath_history::RecordKind;

/// The least number of events that an SLA run needs, with some to spare.
const EVENTS: u64 = 10_500;

/// From the intended send of a run's request to an instant, in milliseconds.
fn since_request(seen: &Seen, run: &Ran, t_ns: u64) -> f64 {
    let asked = seen.records.iter().find_map(|record| match &record.kind {
        RecordKind::Request { request_id, intended_t_ns, .. } if *request_id == run.prompt.request_id => {
            Some(*intended_t_ns)
        }
        _ => None,
    });
    (t_ns - asked.expect("the request was recorded")) as f64 / 1e6
}

async fn three_users(stage: &Stage) -> Vec<Ran> {
    stage.everybody_asks(&stage.users(3), 4).await
}

/// Fails when a user waits longer than 100 ms for the first sign of life, on a new connection or an old one.
#[tokio::test(flavor = "multi_thread")]
async fn first_response_under_100_ms() {
    let backend = Backend::open().await;
    let ids = ["timing/first-event", "timing/agent-started", "timing/cold-start"];
    let (runs, seen) = kept(&backend, &ids, three_users).await;
    // The judge's own figure, taken again by other arithmetic.
    let slowest = runs.iter().map(|run| since_request(&seen, run, run.view.first_ns)).fold(0.0, f64::max);
    let check = seen.check("timing/first-event");
    assert_eq!(check.limit, Some(100.0), "another limit was used");
    assert_eq!((runs.len(), check.of), (48, 48), "under 200 samples none may be outside");
    assert!((check.value.unwrap() - slowest).abs() < 0.1, "{slowest} ms, and the judge says {check:?}");
    assert!(slowest <= 100.0, "the first event came after {slowest} ms");
}

/// Fails when one single answer takes longer than 45 s, never comes, or 5 % take longer than 30 s.
#[tokio::test(flavor = "multi_thread")]
async fn completion_under_45_s() {
    let backend = Backend::open().await;
    let ids = [
        "timing/whole-answer",
        "timing/agent-completed",
        "sequence/one-terminal",
        "delivery/request-answered",
    ];
    let (runs, seen) = kept(&backend, &ids, three_users).await;
    seen.assert_all("timing/whole-answer", 48);
    seen.assert_all("sequence/one-terminal", 48);
    assert_eq!(seen.check("timing/whole-answer").limit, Some(45_000.0), "another limit was used");
    assert_eq!(seen.check("timing/agent-completed").limit, Some(30_000.0), "another limit was used");
    for run in &runs {
        let took = since_request(&seen, run, run.view.last_ns);
        assert!(took <= 45_000.0, "run {} took {took} ms", run.run_id);
    }
}

/// Fails when of ten thousand events more than ten are lost, in the middle or at the end of a run.
#[tokio::test(flavor = "multi_thread")]
async fn event_delivery_success_99_9() {
    let backend = Backend::open().await;
    let ids =
        ["delivery/no-loss", "delivery/unique-ids", "delivery/request-answered", "delivery/success-rate"];
    let (runs, seen) = kept_in_sla(&backend, &ids, async |stage| {
        let users: Vec<_> = stage.users(10).into_iter().map(|user| user.of_tier("enterprise")).collect();
        let mut runs = Vec::new();
        while runs.iter().map(|run: &Ran| run.view.seq).sum::<u64>() < EVENTS {
            runs.extend(stage.everybody_asks(&users, 1).await);
        }
        runs
    })
    .await;
    let check = seen.check("delivery/no-loss");
    assert_eq!(check.limit, Some(99.9), "another limit was used");
    assert!(check.value.unwrap() >= 99.9, "{check:?}");
    // The same figure from what each run's end says that it had.
    let (mut owed, mut came) = (0, 0);
    for run in &runs {
        let events = seen.events(run);
        owed += events.last().unwrap()["event_count"].as_u64().unwrap();
        came += events.len() as u64;
    }
    assert!(owed >= EVENTS && came * 1_000 >= owed * 999, "{came} of {owed} events came");
}
