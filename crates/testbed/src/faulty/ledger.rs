//! What passed through the decorated parts of one backend: whose runs and whose streams there are. Each part alone sees too little
//! of that: an agent is not told the id of its run, and the door not who owns a stream.

use super::desk::locked;
use goldenpath_agent::Task;
use goldenpath_protocol::{Epoch, RunId, UserId};
use goldenpath_storage::NewRun;
use std::collections::HashMap;
use std::sync::Mutex;

/// Shared by the decorators of one backend.
#[derive(Debug, Default)]
pub(super) struct Ledger(Mutex<Known>);

#[derive(Debug, Default)]
struct Known {
    owners: HashMap<RunId, UserId>,
    /// The latest run of a user's prompt.
    by_prompt: HashMap<(String, String), RunId>,
    streams: HashMap<String, UserId>,
}

impl Ledger {
    pub(super) fn run_begun(&self, request: &NewRun, run: &RunId) {
        let mut known = locked(&self.0);
        known.owners.insert(run.clone(), request.user_id.clone());
        let prompt = (request.user_id.as_str().to_owned(), request.message.clone());
        known.by_prompt.insert(prompt, run.clone());
    }

    pub(super) fn stream(&self, epoch: &Epoch, user: &UserId) {
        locked(&self.0).streams.insert(epoch.to_string(), user.clone());
    }

    /// Whose run it is.
    pub(super) fn owner(&self, run: &RunId) -> Option<UserId> {
        locked(&self.0).owners.get(run).cloned()
    }

    /// The run that a task is the work of.
    pub(super) fn run_of(&self, task: &Task) -> Option<RunId> {
        locked(&self.0).by_prompt.get(&(task.user_id.clone(), task.message.clone())).cloned()
    }

    /// Whose stream has this epoch.
    pub(super) fn stream_owner(&self, epoch: &Epoch) -> Option<UserId> {
        locked(&self.0).streams.get(&epoch.to_string()).cloned()
    }
}
