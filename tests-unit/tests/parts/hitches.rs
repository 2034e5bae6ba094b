//! Trouble by appointment: which call of a store or a log goes wrong, and how.

use async_trait::async_trait;
use goldenpath_protocol::{EventId, UserId};
use goldenpath_storage::{AppendError, Appended, EventLog};
use goldenpath_testbed::faulty::LogFault;
use std::collections::HashMap;
use std::ops::RangeInclusive;
use std::sync::Mutex;

/// What is asked of a store or a log.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Call {
    /// Begin a run.
    Begin,
    /// Find a request's run.
    Find,
    /// Keep an event.
    Append,
    /// Look a run up.
    Run,
    /// Read a run's events.
    Events,
    /// Log an event.
    Log,
}

/// How a call goes wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Trouble {
    /// Nothing is done, and trying again may help.
    Silent,
    /// Nothing is done, and trying again does not help.
    Broken,
    /// It is done, and its answer is lost.
    Unanswered,
    /// It is done, and whoever asked panics.
    Panic,
}

/// The trouble that is planned; calls are counted from 1, each kind by itself.
#[derive(Debug, Default)]
pub(crate) struct Hitches {
    planned: Mutex<Vec<(Call, RangeInclusive<u64>, Trouble)>>,
    asked: Mutex<HashMap<Call, u64>>,
}

impl Hitches {
    /// The calls of a kind with these numbers go wrong.
    pub(crate) fn plan(&self, call: Call, which: RangeInclusive<u64>, trouble: Trouble) {
        self.planned.lock().unwrap().push((call, which, trouble));
    }

    /// Every call of a kind from this number on goes wrong.
    pub(crate) fn plan_from(&self, call: Call, first: u64, trouble: Trouble) {
        self.plan(call, first..=u64::MAX, trouble);
    }

    /// How often a call was made.
    pub(crate) fn asked(&self, call: Call) -> u64 {
        self.asked.lock().unwrap().get(&call).copied().unwrap_or(0)
    }

    /// What becomes of the next call of a kind.
    pub(super) fn next(&self, call: Call) -> Option<Trouble> {
        let number = {
            let mut asked = self.asked.lock().unwrap();
            let number = asked.entry(call).or_default();
            *number += 1;
            *number
        };
        let planned = self.planned.lock().unwrap();
        planned.iter().find(|(kind, which, _)| *kind == call && which.contains(&number)).map(|one| one.2)
    }
}

#[async_trait]
impl LogFault for Hitches {
    async fn append(
        &self,
        log: &dyn EventLog,
        user: &UserId,
        id: &EventId,
        envelope: &str,
    ) -> Result<Appended, AppendError> {
        let trouble = self.next(Call::Log);
        match trouble {
            Some(Trouble::Silent) => return Err(AppendError::Unavailable),
            Some(Trouble::Broken) => return Err(AppendError::Failed("the log is gone".to_owned())),
            _ => {}
        }
        let appended = log.append(user, id, envelope).await;
        match trouble {
            Some(Trouble::Unanswered) => Err(AppendError::Unavailable),
            Some(Trouble::Panic) => panic!("as planned"),
            _ => appended,
        }
    }
}
