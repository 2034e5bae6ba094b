//! A log whose answer to the end of a cancelled run comes long after everybody has read it: the run's task, and the place it
//! holds, stay for as long.

use super::LogFault;
use crate::faulty::desk::{Choice, Desk};
use async_trait::async_trait;
use goldenpath_faults::Deed;
use goldenpath_protocol::{EventId, RunId, UserId};
use goldenpath_storage::{AppendError, Appended, EventLog};
use serde::Deserialize;
use std::time::Duration;

#[derive(Debug)]
pub(in crate::faulty) struct EndsLate {
    desk: Desk,
    by: Duration,
}

impl EndsLate {
    pub(in crate::faulty) fn new(desk: Desk, seed: u64) -> Self {
        Self { desk, by: Duration::from_secs(6 + Choice::all(seed).pick(20) as u64) }
    }
}

#[derive(Deserialize)]
struct Envelope {
    r#type: String,
    run_id: RunId,
}

#[async_trait]
impl LogFault for EndsLate {
    async fn append(
        &self,
        log: &dyn EventLog,
        user: &UserId,
        id: &EventId,
        envelope: &str,
    ) -> Result<Appended, AppendError> {
        let appended = log.append(user, id, envelope).await?;
        let run = serde_json::from_str::<Envelope>(envelope)
            .ok()
            .filter(|event| event.r#type == "agent_cancelled")
            .map(|event| event.run_id);
        if let Some(run) = run {
            let what = "a cancelled run holds its place while its work goes on";
            self.desk.sign(Deed::Held, Some(user.as_str()), Some(&run), what);
            tokio::time::sleep(self.by).await;
        }
        Ok(appended)
    }
}
