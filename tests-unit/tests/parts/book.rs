//! A store in memory that answers at once, so that a test may stop the runtime's clock, and goes wrong as planned.

use super::hitches::{Call, Hitches, Trouble};
use async_trait::async_trait;
use goldenpath_protocol::{EventId, RequestId, RunId, RunState, ThreadId, UserId};
use goldenpath_storage::{BeginRun, Begun, NewRun, RunRecord, Store, StoreError, StoredEvent, ThreadRecord};
use std::sync::{Arc, Mutex};
use tokio::time::Instant;

/// What is kept of a run.
#[derive(Debug)]
struct Kept {
    record: RunRecord,
    thread_asked: Option<ThreadId>,
    events: Vec<(EventId, String, Instant)>,
}

/// The store.
#[derive(Debug)]
pub(crate) struct Book {
    hitches: Arc<Hitches>,
    runs: Mutex<Vec<Kept>>,
}

impl Book {
    pub(super) fn new(hitches: Arc<Hitches>) -> Self {
        Self { hitches, runs: Mutex::default() }
    }

    /// How the run of a request stands.
    pub(crate) fn state(&self, request: &str) -> RunState {
        self.of(request, |kept| kept.record.state)
    }

    /// What is kept of the run of a request.
    pub(crate) fn record(&self, request: &str) -> RunRecord {
        self.of(request, |kept| kept.record.clone())
    }

    /// When each event of the run of a request was kept.
    pub(crate) fn times(&self, request: &str) -> Vec<Instant> {
        self.of(request, |kept| kept.events.iter().map(|(_, _, at)| *at).collect())
    }

    /// The envelopes kept of the run of a request.
    pub(crate) fn envelopes(&self, request: &str) -> Vec<String> {
        self.of(request, |kept| kept.events.iter().map(|(_, envelope, _)| envelope.clone()).collect())
    }

    /// Makes what is kept of the run of a request unreadable.
    pub(crate) fn spoil(&self, request: &str) {
        let mut runs = self.runs.lock().unwrap();
        let kept =
            runs.iter_mut().find(|kept| kept.record.request_id.as_str() == request).expect("such a run");
        kept.events.iter_mut().for_each(|(_, envelope, _)| envelope.truncate(7));
    }

    fn of<T>(&self, request: &str, look: impl FnOnce(&Kept) -> T) -> T {
        let runs = self.runs.lock().unwrap();
        look(
            runs.iter()
                .find(|kept| kept.record.request_id.as_str() == request)
                .expect("a run of this request"),
        )
    }

    fn asked<T>(
        &self,
        call: Call,
        work: impl FnOnce(&mut Vec<Kept>) -> Result<T, StoreError>,
    ) -> Result<T, StoreError> {
        let trouble = self.hitches.next(call);
        match trouble {
            Some(Trouble::Silent) => return Err(StoreError::Unavailable),
            Some(Trouble::Broken) => return Err(StoreError::Failed("the disk is gone".to_owned())),
            _ => {}
        }
        let answer = work(&mut self.runs.lock().unwrap());
        match trouble {
            Some(Trouble::Unanswered) => Err(StoreError::Unavailable),
            Some(Trouble::Panic) => panic!("as planned"),
            _ => answer,
        }
    }
}

fn known(runs: &[Kept], request: &NewRun) -> Option<BeginRun> {
    let same = |user: &UserId, id: &RequestId| *user == request.user_id && *id == request.request_id;
    let kept = runs.iter().find(|kept| same(&kept.record.user_id, &kept.record.request_id))?;
    let record = &kept.record;
    if kept.thread_asked != request.thread_id
        || record.agent != request.agent
        || record.message != request.message
    {
        return Some(BeginRun::Conflict);
    }
    Some(BeginRun::Duplicate(Begun { run_id: record.run_id.clone(), thread_id: record.thread_id.clone() }))
}

fn begin(runs: &mut Vec<Kept>, request: NewRun) -> BeginRun {
    if let Some(known) = known(runs, &request) {
        return known;
    }
    let owned = |thread: &ThreadId| {
        runs.iter().any(|kept| kept.record.thread_id == *thread && kept.record.user_id == request.user_id)
    };
    if request.thread_id.as_ref().is_some_and(|thread| !owned(thread)) {
        return BeginRun::UnknownThread;
    }
    let thread_id = request.thread_id.clone().unwrap_or(request.new_thread_id);
    let begun = Begun { run_id: request.run_id.clone(), thread_id: thread_id.clone() };
    let record = RunRecord {
        run_id: request.run_id,
        thread_id,
        user_id: request.user_id,
        request_id: request.request_id,
        agent: request.agent,
        message: request.message,
        state: RunState::Running,
        event_count: 0,
        final_response: None,
        created_at: request.now,
        held_here: true,
    };
    runs.push(Kept { record, thread_asked: request.thread_id, events: Vec::new() });
    BeginRun::Started(begun)
}

fn append(runs: &mut [Kept], event: StoredEvent) -> Result<(), StoreError> {
    let refused = |why: &str| Err(StoreError::Failed(why.to_owned()));
    let Some(kept) = runs.iter_mut().find(|kept| kept.record.run_id == event.run_id) else {
        return refused("no such run");
    };
    let place = usize::try_from(event.seq).unwrap() - 1;
    match kept.events.get(place) {
        Some((id, _, _)) if *id == event.event_id => return Ok(()),
        Some(_) => return refused("another event has this number"),
        None => {}
    }
    if kept.record.state != RunState::Running || place != kept.events.len() {
        return refused("nothing may follow here");
    }
    kept.events.push((event.event_id, event.envelope, Instant::now()));
    kept.record.event_count = event.seq;
    if let Some((state, answer)) = event.ends {
        (kept.record.state, kept.record.final_response) = (state, answer);
    }
    Ok(())
}

#[async_trait]
impl Store for Book {
    async fn begin_run(&self, request: NewRun) -> Result<BeginRun, StoreError> {
        self.asked(Call::Begin, |runs| Ok(begin(runs, request)))
    }

    async fn find_run(&self, request: &NewRun) -> Result<Option<BeginRun>, StoreError> {
        self.asked(Call::Find, |runs| Ok(known(runs, request)))
    }

    async fn append_event(&self, event: StoredEvent) -> Result<(), StoreError> {
        self.asked(Call::Append, |runs| append(runs, event))
    }

    async fn run(&self, user: &UserId, run: &RunId) -> Result<Option<RunRecord>, StoreError> {
        self.asked(Call::Run, |runs| {
            let own = runs.iter().find(|kept| kept.record.run_id == *run && kept.record.user_id == *user);
            Ok(own.map(|kept| kept.record.clone()))
        })
    }

    async fn events(&self, user: &UserId, run: &RunId) -> Result<Vec<String>, StoreError> {
        self.asked(Call::Events, |runs| {
            let own = runs.iter().find(|kept| kept.record.run_id == *run && kept.record.user_id == *user);
            let events =
                own.map(|kept| kept.events.iter().map(|(_, envelope, _)| envelope.clone()).collect());
            Ok(events.unwrap_or_default())
        })
    }

    async fn threads(&self, user: &UserId) -> Result<Vec<ThreadRecord>, StoreError> {
        let runs = self.runs.lock().unwrap();
        let mut threads: Vec<ThreadRecord> = Vec::new();
        for RunRecord { thread_id, user_id, run_id, created_at, .. } in runs.iter().map(|kept| &kept.record) {
            if user_id != user {
                continue;
            }
            match threads.iter_mut().find(|thread| thread.thread_id == *thread_id) {
                Some(thread) => thread.runs.push(run_id.clone()),
                None => threads.push(ThreadRecord {
                    thread_id: thread_id.clone(),
                    user_id: user_id.clone(),
                    created_at: *created_at,
                    updated_at: *created_at,
                    runs: vec![run_id.clone()],
                }),
            }
        }
        Ok(threads)
    }

    async fn thread(&self, user: &UserId, thread: &ThreadId) -> Result<Option<ThreadRecord>, StoreError> {
        Ok(self.threads(user).await?.into_iter().find(|one| one.thread_id == *thread))
    }

    async fn keep_alive(&self) -> Result<Vec<RunId>, StoreError> {
        Ok(Vec::new())
    }

    async fn ask_to_cancel(&self, _: &UserId, _: &RunId) -> Result<(), StoreError> {
        Ok(())
    }

    async fn take_over(&self) -> Result<Vec<RunRecord>, StoreError> {
        let runs = self.runs.lock().unwrap();
        let records = runs.iter().map(|kept| &kept.record);
        Ok(records.filter(|record| record.state == RunState::Running).cloned().collect())
    }

    async fn ready(&self) -> Result<(), StoreError> {
        Ok(())
    }
}
