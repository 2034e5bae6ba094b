//! What the store says of a run: read as its owner, and kept as a mark.

use super::stage::Stage;
use goldenpath_harness::{HttpAnswer, TestUser};
use serde_json::{Value, json};
use std::time::Duration;
use tokio::time::Instant;

/// Between two looks at a run that goes on.
const LOOK: Duration = Duration::from_millis(100);

/// Reads a run back and records what the store said; a target without a store shows that in the mark.
pub(crate) async fn read_back(stage: &Stage, user: &TestUser, run: &str) {
    // Without a token nobody's runs can be told from anybody's.
    if stage.probe().is_none() || stage.tokenless() {
        return;
    }
    let answer = ask(stage, user, run).await;
    record(stage, user, run, answer.as_ref());
}

/// Waits until the store says that a run has ended, and records that. Gives whether it said so in time: at once where
/// it cannot be asked, or does not know the run.
pub(crate) async fn ends(stage: &Stage, user: &TestUser, run: &str, within: Duration) -> bool {
    let until = Instant::now() + within;
    if stage.probe().is_none() || stage.tokenless() {
        return false;
    }
    loop {
        let answer = ask(stage, user, run).await;
        let goes_on = answer.as_ref().is_some_and(|answer| answer.status == 200 && !has_ended(answer));
        if goes_on && Instant::now() < until {
            tokio::time::sleep(LOOK).await;
            continue;
        }
        // A run that goes on is nothing to hold against anybody.
        if !goes_on {
            record(stage, user, run, answer.as_ref());
        }
        return answer.is_some_and(|answer| has_ended(&answer));
    }
}

fn has_ended(answer: &HttpAnswer) -> bool {
    let body: Value = serde_json::from_str(&answer.body).unwrap_or_default();
    answer.status == 200 && matches!(body["state"].as_str(), Some("completed" | "failed" | "cancelled"))
}

async fn ask(stage: &Stage, user: &TestUser, run: &str) -> Option<HttpAnswer> {
    let answer = match user.token() {
        Ok(token) => stage.probe()?.get(&format!("runs/{run}"), token.as_ref()).await,
        Err(why) => {
            stage.note(user.name(), &why.to_string());
            return None;
        }
    };
    answer.inspect_err(|why| stage.note(user.name(), &why.to_string())).ok()
}

fn record(stage: &Stage, user: &TestUser, run: &str, answer: Option<&HttpAnswer>) {
    let note = json!({
        "run_id": run,
        "status": answer.map(|answer| answer.status),
        "body": answer.map(|answer| &answer.body),
    });
    stage.recorder().mark(None, Some(user.name()), "store", Some(note.to_string()));
}
