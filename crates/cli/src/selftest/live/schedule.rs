//! Which sessions are driven, and how many side by side: slow ones wait, and disturb nobody; quick ones compute.

use super::script::{Script, Unable};
use super::site::Site;
use super::sitting::{NoSession, Seeds, sit};
use crate::progress::Meter;
use goldenpath_checkers::{JudgeConfig, Reason, Witness};
use goldenpath_detection::{Alarm, Attempt, FaultResult, Session, alarms, assess, witness};
use goldenpath_faults::FaultInfo;
use goldenpath_harness::Canary;
use goldenpath_history::{Direction, RecordKind};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::sync::Semaphore;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

/// How many sessions go on at once: quick ones, most of which is waiting for one another's events, and slow ones beside them,
/// most of which is waiting for nothing.
#[derive(Debug, Clone, Copy)]
struct Lanes {
    quick: usize,
    slow: usize,
}

/// Where only what comes is judged.
const MANY: Lanes = Lanes { quick: 4, slow: 12 };

/// Where it is judged when it comes: a busy client could not tell who was late.
const FEW: Lanes = Lanes { quick: 2, slow: 6 };

/// Further attempts at what this machine was too busy to judge, one after the other, with nothing beside them.
const AGAIN: u64 = 2;

/// For how long further attempts are begun: a machine that stays busy will not do better.
const AGAIN_FOR: Duration = Duration::from_secs(60);

/// Before each of them a moment is waited for in which this machine is no later than this…
const CALM: Duration = Duration::from_millis(20);

/// …but no longer than this.
const CALM_WITHIN: Duration = Duration::from_secs(10);

/// What is driven.
#[derive(Debug, Clone)]
pub(crate) struct Live {
    /// Where.
    pub(crate) site: Site,
    /// Which faults.
    pub(crate) rows: Vec<&'static FaultInfo>,
    /// Whether healthy sessions are driven as well: each that a row needs, without its fault.
    pub(crate) healthy: bool,
    /// The first seed…
    pub(crate) seed: u64,
    /// …of so many.
    pub(crate) seeds: u64,
    /// Whether witnesses are wanted.
    pub(crate) witnesses: bool,
    /// Ends it early.
    pub(crate) cancel: CancellationToken,
    /// Is told of every session.
    pub(crate) meter: Meter,
}

/// What came of it.
#[derive(Debug, Default)]
pub(crate) struct LiveFound {
    /// Faults of which at least one session was driven, or could not be; in the order asked for.
    pub(crate) faults: Vec<(&'static FaultInfo, Tried)>,
    /// Witnesses of first attempts.
    pub(crate) witnesses: Vec<(&'static str, Witness<'static>)>,
    /// Why there is none.
    pub(crate) without: Vec<String>,
    /// Healthy sessions: what users did, the seed, and the checks that failed, with what they say.
    pub(crate) healthy: Vec<(&'static str, u64, Vec<Alarm>)>,
}

/// What became of one fault.
#[derive(Debug)]
pub(crate) enum Tried {
    /// Sessions with it, by seed.
    Attempts(Vec<Attempt>),
    /// None, and why.
    Not(FaultResult, String),
}

/// One session.
#[derive(Debug, Clone)]
struct Job {
    row: Option<&'static FaultInfo>,
    script: Script,
    seeds: Seeds,
}

/// What became of one.
#[derive(Debug)]
struct Done {
    job: Job,
    outcome: Outcome,
}

#[derive(Debug)]
enum Outcome {
    Assessed(Box<Attempt>, Option<Box<Result<Witness<'static>, String>>>),
    /// Nothing in it could be seen of the fault, because this target never did what it needs.
    NotThere(String),
    Healthy(Vec<Alarm>),
}

impl Live {
    /// Drives everything; what was done when somebody cancels is what there is.
    ///
    /// # Errors
    /// When a backend cannot be started or reached, or lets nobody in.
    pub(crate) async fn run(&self) -> Result<LiveFound, NoSession> {
        let mut found = LiveFound::default();
        let jobs = self.jobs(&mut found);
        self.meter.stage("live", jobs.len() as u64);
        let (timed, untimed): (Vec<Job>, Vec<Job>) = jobs.into_iter().partition(|job| job.script.timed);
        let mut done = self.side_by_side(untimed, MANY).await?;
        done.extend(self.side_by_side(timed, FEW).await?);
        let until = Instant::now() + AGAIN_FOR;
        for attempt in 1..=AGAIN {
            for done in &mut done {
                self.again(done, attempt, until).await?;
            }
        }
        self.collect(done, &mut found);
        Ok(found)
    }

    /// The sessions, and the rows that have none.
    fn jobs(&self, found: &mut LiveFound) -> Vec<Job> {
        let mut jobs: Vec<Job> = Vec::new();
        // Each with the first row that has such a session: names of sessions need not differ, and users must.
        let mut healthy: Vec<(&str, Script)> = Vec::new();
        for row in &self.rows {
            match Script::of(row, &self.site) {
                Ok(script) => {
                    for by in 0..self.seeds {
                        let seeds = Seeds::of(row.id, self.seed.wrapping_add(by), 0);
                        jobs.push(Job { row: Some(row), script: script.clone(), seeds });
                    }
                    match healthy.iter_mut().find(|(_, known)| known.does_the_same(&script)) {
                        Some((_, known)) => known.judged_too(&script),
                        None => healthy.push((row.id, script)),
                    }
                }
                Err(Unable::DriverMissing(why)) => {
                    found.faults.push((row, Tried::Not(FaultResult::DriverMissing, why)));
                }
                Err(Unable::EmbeddedOnly(why)) => {
                    found.faults.push((row, Tried::Not(FaultResult::NotApplicable, why)));
                }
            }
        }
        for (id, script) in healthy.into_iter().filter(|_| self.healthy) {
            for by in 0..self.seeds {
                let seeds = Seeds::of(&format!("healthy {id}"), self.seed.wrapping_add(by), 0);
                jobs.push(Job { row: None, script: script.clone(), seeds });
            }
        }
        // The slow ones first: the others fit beside them.
        jobs.sort_by_key(|job| !job.script.slow);
        jobs
    }

    async fn side_by_side(&self, jobs: Vec<Job>, lanes: Lanes) -> Result<Vec<Done>, NoSession> {
        let (quick, slow) = (Arc::new(Semaphore::new(lanes.quick)), Arc::new(Semaphore::new(lanes.slow)));
        let mut sessions = JoinSet::new();
        for job in jobs {
            let turns = if job.script.slow { slow.clone() } else { quick.clone() };
            let this = self.clone();
            sessions.spawn(async move {
                // Never closed.
                let _turn = turns.acquire_owned().await;
                this.one(job).await
            });
        }
        let mut done = Vec::new();
        loop {
            let joined = tokio::select! {
                biased;
                () = self.cancel.cancelled() => break,
                joined = sessions.join_next() => joined,
            };
            match joined {
                None => break,
                Some(Ok(one)) => done.push(one?),
                Some(Err(why)) if why.is_panic() => std::panic::resume_unwind(why.into_panic()),
                Some(Err(_)) => {}
            }
            self.meter.step();
        }
        Ok(done)
    }

    /// Drives one session and assesses it.
    async fn one(&self, job: Job) -> Result<Done, NoSession> {
        let begun = Instant::now();
        let session = sit(&self.site, &job.script, job.row, job.seeds).await?;
        let driven = begun.elapsed();
        let (seed, witnesses, remote) = (self.seed, self.witnesses, !self.site.is_embedded());
        let assessed = tokio::task::spawn_blocking(move || {
            let outcome = match job.row {
                None => Outcome::Healthy(alarms(&session.history)),
                Some(row) => assessed(row, &session, &job, witnesses && job.seeds.fault == seed, remote),
            };
            let row = job.row.map_or(job.script.name, |row| row.id);
            tracing::debug!(row, seed = job.seeds.fault, ?driven, judged = ?(begun.elapsed() - driven), "a session is over");
            Done { job, outcome }
        });
        assessed.await.map_err(|why| match why.try_into_panic() {
            Ok(panic) => std::panic::resume_unwind(panic),
            Err(why) => NoSession::Command(crate::exit::CommandError::Bug(why.to_string())),
        })
    }

    /// Measures again, alone, what this machine was too busy to judge; what was judged stays as it is. The result says so.
    async fn again(&self, done: &mut Done, attempt: u64, until: Instant) -> Result<(), NoSession> {
        let Some(why) = unjudged(&done.outcome) else { return Ok(()) };
        if self.cancel.is_cancelled() || Instant::now() >= until {
            return Ok(());
        }
        // A machine that stays busy is measured all the same: the session tells by how much it was late.
        let _ = Canary::calm(CALM, CALM_WITHIN).await;
        let mut job = done.job.clone();
        if let Some(row) = job.row {
            job.seeds = Seeds::of(row.id, job.seeds.fault, attempt);
        }
        *done = self.one(job).await?;
        if let Outcome::Assessed(assessed, _) = &mut done.outcome
            && assessed.result != FaultResult::Inconclusive
        {
            let said = assessed.reason.take().map(|said| format!("{said}; ")).unwrap_or_default();
            assessed.reason = Some(format!("{said}measured again, alone: at first {why}"));
        }
        Ok(())
    }

    fn collect(&self, done: Vec<Done>, found: &mut LiveFound) {
        for row in &self.rows {
            let (mut attempts, mut absent) = (Vec::new(), None);
            let mut own: Vec<&Done> =
                done.iter().filter(|done| done.job.row.is_some_and(|known| known.id == row.id)).collect();
            own.sort_by_key(|done| done.job.seeds.fault);
            for done in own {
                match &done.outcome {
                    Outcome::Assessed(attempt, witness) => {
                        attempts.push((**attempt).clone());
                        match witness.as_deref() {
                            Some(Ok(witness)) => found.witnesses.push((row.id, witness.clone())),
                            Some(Err(why)) => found.without.push(format!("{}: {why}", row.id)),
                            None => {}
                        }
                    }
                    Outcome::NotThere(why) => absent = Some(why.clone()),
                    Outcome::Healthy(_) => {}
                }
            }
            let tried = match (attempts.is_empty(), absent) {
                (false, _) => Some(Tried::Attempts(attempts)),
                (true, absent) => absent.map(|why| Tried::Not(FaultResult::NotApplicable, why)),
            };
            found.faults.extend(tried.map(|tried| (*row, tried)));
        }
        let order = |row: &'static FaultInfo| self.rows.iter().position(|known| known.id == row.id);
        found.faults.sort_by_key(|(row, _)| order(row));
        for done in done {
            if let Outcome::Healthy(alarms) = done.outcome {
                found.healthy.push((done.job.script.name, done.job.seeds.fault, alarms));
            }
        }
    }
}

fn assessed(row: &'static FaultInfo, session: &Session, job: &Job, wanted: bool, remote: bool) -> Outcome {
    let config = JudgeConfig::default();
    let attempt = assess(row, session, &config);
    let absent = match attempt.result {
        FaultResult::NotFired => job.script.shows_from.is_zero(),
        FaultResult::CaughtByOther | FaultResult::Missed => longest_touched(session) < job.script.shows_from,
        _ => false,
    };
    if let (true, true, Some(why)) = (absent, remote, job.script.hoped) {
        return Outcome::NotThere(why.to_owned());
    }
    let witness = (wanted && attempt.result == FaultResult::Caught)
        .then(|| Box::new(witness(row, session, &attempt, &config)));
    Outcome::Assessed(Box::new(attempt), witness)
}

/// How long the longest of the runs lasted that the fault touched, as its users saw it.
fn longest_touched(session: &Session) -> Duration {
    let touched: BTreeSet<&str> =
        session.receipts.iter().filter_map(|receipt| receipt.run_id.as_deref()).collect();
    let mut seen: BTreeMap<String, (u64, u64)> = BTreeMap::new();
    for record in &session.history.records {
        let RecordKind::Frame { dir: Direction::In, raw, .. } = &record.kind else { continue };
        let Ok(frame) = serde_json::from_str::<serde_json::Value>(raw) else { continue };
        let Some(run) = frame["run_id"].as_str().filter(|run| touched.contains(run)) else { continue };
        seen.entry(run.to_owned()).or_insert((record.t_ns, record.t_ns)).1 = record.t_ns;
    }
    Duration::from_nanos(seen.values().map(|(first, last)| last - first).max().unwrap_or_default())
}

/// What the owner says where it could not judge because of this machine.
fn unjudged(outcome: &Outcome) -> Option<String> {
    let Outcome::Assessed(attempt, _) = outcome else { return None };
    let uncertain = attempt.result.is_bad() && attempt.unsure == Some(Reason::ClockUncertain);
    (uncertain || attempt.result == FaultResult::Inconclusive)
        .then(|| attempt.reason.clone().unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::{Live, LiveFound, Site, longest_touched};
    use crate::progress::Meter;
    use goldenpath_detection::Session;
    use goldenpath_faults::{Deed, Receipt, catalogue};
    use goldenpath_history::{Direction, Record, RecordKind};
    use goldenpath_simulator::{Scenario, simulate};
    use std::collections::BTreeSet;
    use std::time::Duration;

    /// Two sessions with the same users would look, to a backend that outlives them, like one that is told twice.
    #[test]
    fn no_two_sessions_have_the_same_users() {
        let live = Live {
            site: Site::Embedded,
            rows: catalogue().collect(),
            healthy: true,
            seed: 7,
            seeds: 2,
            witnesses: false,
            cancel: Default::default(),
            meter: Meter::new(true),
        };
        let jobs = live.jobs(&mut LiveFound::default());
        let users: BTreeSet<u64> = jobs.iter().map(|job| job.seeds.users).collect();
        assert!(jobs.len() > 250 && jobs.iter().any(|job| job.row.is_none()));
        assert_eq!(users.len(), jobs.len());
    }

    #[test]
    fn a_touched_run_lasts_from_its_first_frame_to_its_last() {
        let touched = Receipt {
            fault: "S04".to_owned(),
            t_ns: 0,
            deed: Deed::Altered,
            conn: None,
            user: None,
            run_id: Some("a".to_owned()),
            other_run: None,
            what: String::new(),
        };
        let frame = |run: &str, ms: u64| Record {
            t_ns: ms * 1_000_000,
            conn: Some(1),
            user: Some("ada".into()),
            kind: RecordKind::Frame {
                dir: Direction::In,
                raw: format!(r#"{{"type":"agent_thinking","run_id":"{run}"}}"#).into(),
                opcode: None,
            },
        };
        let mut history = simulate(&Scenario::golden_path(), 1);
        history.records = vec![frame("a", 10), frame("b", 11), frame("a", 35), frame("b", 90)];
        let mut session = Session { history, receipts: vec![touched] };
        assert_eq!(longest_touched(&session), Duration::from_millis(25));
        session.receipts.clear();
        assert_eq!(longest_touched(&session), Duration::ZERO);
    }
}
