//! `record`: asks what is always asked and keeps what comes. Judges nothing.

use crate::validate::{Plan, Progress, Stage, Stop, Trouble};
use goldenpath_harness::{Canary, Sampler, Session};
use std::sync::Arc;
use std::time::Duration;
use tokio_util::sync::CancellationToken;

/// Between two looks at the target's memory.
const SAMPLE_EVERY: Duration = Duration::from_secs(1);

/// Lets every user ask every scenario once; gives what cut it off, if anything did.
pub async fn capture(
    plan: Plan,
    session: Session,
    progress: Arc<dyn Progress>,
    cancel: CancellationToken,
) -> Option<Stop> {
    let recorder = session.recorder().clone();
    let timeout = plan.timeout;
    let stage = Stage::new(plan, session, progress);
    let _canary = Canary::start(recorder.clone());
    let _sampler = stage.probe().map(|probe| Sampler::start(probe.clone(), recorder.clone(), SAMPLE_EVERY));
    tokio::select! {
        biased;
        () = cancel.cancelled() => {
            recorder.mark(None, None, "interrupted", None);
            Some(Stop::Interrupted)
        }
        () = tokio::time::sleep(timeout) => {
            recorder.mark(None, None, "timed_out", None);
            Some(Stop::TimedOut)
        }
        done = stage.everybody(ask_everything) => {
            done.err().or_else(|| stage.turned_away()).map(Stop::TargetUnavailable)
        }
    }
}

async fn ask_everything(stage: Stage, n: usize) -> Result<(), Trouble> {
    let user = stage.users()[n].clone();
    let mut prompts = stage.prompts("record", &user);
    let client = stage.enter(&user).await?;
    for scenario in stage.scenarios(n) {
        let done = stage.answer(&client, &prompts.next(&scenario), None).await;
        stage.go_on(&user, done)?;
    }
    client.close().await;
    Ok(())
}
