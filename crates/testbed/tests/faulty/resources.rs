//! What is kept, held, or let go too early.

use crate::stage::{DEADLINE, Stage, proves};
use goldenpath_faults::Deed;
use goldenpath_harness::{Connect, Probe, metric};
use goldenpath_protocol::EventType;
use std::time::Duration;
use tokio::time::Instant;

async fn figure(stage: &Stage, name: &str) -> f64 {
    let probe = Probe::new(stage.session.target()).unwrap();
    metric(&probe.metrics().await.unwrap().body, name).unwrap()
}

async fn cycle(stage: &Stage, user: usize, times: usize) {
    for _ in 0..times {
        stage.enter(user).await.close().await;
    }
}

/// Tests share a process, so that a figure of it says little of one backend: what is kept is counted by its receipts, and must be
/// in the figure at the least.
#[tokio::test]
async fn memory_of_connections_is_kept() {
    proves("G01", 1, async |stage: &mut Stage| {
        cycle(stage, 0, 24).await;
        let kept = stage.backend.receipts().len();
        let least = kept as f64 * 512.0 * 1024.0;
        assert!(figure(stage, "process_resident_memory_bytes").await > least);
        kept >= 8
    })
    .await;
}

#[tokio::test]
async fn descriptors_of_connections_are_kept() {
    proves("G03", 1, async |stage: &mut Stage| {
        cycle(stage, 0, 24).await;
        let kept = stage.backend.receipts().len();
        assert!(figure(stage, "process_open_fds").await > kept as f64);
        kept >= 8
    })
    .await;
}

#[tokio::test]
async fn a_cancelled_run_is_worked_on() {
    proves("G02", 1, async |stage: &mut Stage| {
        let client = stage.enter(0).await;
        let prompt = stage.next();
        let run = stage.begin(&client, &prompt).await;
        client.cancel(&run).await.unwrap();
        assert_eq!(stage.end(&client, &prompt).await, Some(EventType::AgentCancelled));
        // That it stays so is what is shown: there is nothing to wait for, so it is looked at all the while.
        let ended = Instant::now();
        while ended.elapsed() < Duration::from_secs(3) {
            if figure(stage, "goldenpath_runs_active").await < 1.0 {
                return false;
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        // Its work may have been all but done when the cancel came; its place is held in any case.
        stage.backend.receipts().iter().all(|receipt| receipt.deed == Deed::Held)
    })
    .await;
}

#[tokio::test]
async fn nobody_is_told_that_the_node_stops() {
    proves("W05", 1, async |stage: &mut Stage| {
        let client = stage.enter(0).await;
        stage.backend.terminate().await;
        let closed = client.wait_for_close(DEADLINE).await.unwrap();
        assert!(matches!(closed.code, None | Some(4001)), "{closed:?}");
        closed.code.is_none()
    })
    .await;
}

/// For so long a connection that is gone may still hold its slot.
const RELEASE: Duration = Duration::from_millis(2_200);

#[tokio::test]
async fn after_ten_cycles_there_is_no_slot() {
    proves("W08", 1, async |stage: &mut Stage| {
        for user in 0..2 {
            cycle(stage, user, 10).await;
        }
        tokio::time::sleep(RELEASE).await;
        let (one, other) = (stage.status(0, Connect::fresh()).await, stage.status(1, Connect::fresh()).await);
        assert!([one, other].iter().all(|status| matches!(status, 101 | 429)), "{one}, {other}");
        one == 429 || other == 429
    })
    .await;
}
