//! Connect, ask, wait for the end, judge: the steps of every session, against whatever backend there is.

use crate::backend::Backend;
use futures_util::future::join_all;
use goldenpath_checkers::{
    Category, CheckResult, Judge, JudgeConfig, Judgement, Reason, Verdict, check_info,
};
use goldenpath_harness::{
    Canary, Client, Connect, Probe, Prompt, Prompts, Recording, RunView, Scenario, Session, TestUser,
    known_scenarios,
};
use goldenpath_history::{Direction, Header, Record, RecordKind};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;
use tokio::time::Instant;

/// The deadline of every wait, for what hangs. Past every limit of the product: those the judge holds, who also knows whether
/// this machine itself was late.
pub(crate) const DEADLINE: Duration = Duration::from_secs(120);

/// For so long a session is measured again while this machine is too busy to tell.
const MEASURING: Duration = Duration::from_secs(180);

/// A second of a calm machine is late by no more: each way, out and back, may be late by it before the tightest limit, 100 ms, is.
const CALM: Duration = Duration::from_millis(50);

/// Who waits longer for a calm machine may as well measure on this one: most sessions are in time on busy machines, too.
const CALM_WITHIN: Duration = Duration::from_secs(15);

/// The name of the canary's samples.
pub(crate) const LAG: &str = "scheduler_lag_ms";

/// One recorded session.
pub(crate) struct Stage {
    pub(crate) session: Session,
    recording: Recording,
    seed: u64,
    streams: AtomicU32,
    canary: Canary,
}

/// A run that ended.
#[derive(Debug, Clone)]
pub(crate) struct Ran {
    pub(crate) prompt: Prompt,
    pub(crate) run_id: String,
    pub(crate) thread_id: String,
    pub(crate) user: String,
    pub(crate) conn: u32,
    pub(crate) view: RunView,
}

impl Stage {
    fn open(backend: &Backend) -> Self {
        let recording = Recording::in_memory().unwrap();
        let session = Session::new(backend.target.clone(), backend.auth.clone(), recording.recorder());
        let canary = Canary::start(recording.recorder());
        Self { session, recording, seed: backend.next_seed(), streams: AtomicU32::new(0), canary }
    }

    /// `count` users whom this backend has not seen yet.
    pub(crate) fn users(&self, count: usize) -> Vec<TestUser> {
        TestUser::roster(self.seed, count, self.session.auth())
    }

    /// Questions of one user, with other ids and references each time they are asked for.
    pub(crate) fn prompts(&self, user: &TestUser) -> Prompts {
        let stream = self.streams.fetch_add(1, Ordering::Relaxed);
        Prompts::new(self.seed, &format!("{stream}/{}", user.name()))
    }

    /// Connects, waits for the greeting and reads the server's clock three times.
    pub(crate) async fn enter(&self, user: &TestUser) -> Client {
        self.enter_as(user, Connect::fresh()).await
    }

    pub(crate) async fn enter_as(&self, user: &TestUser, how: Connect) -> Client {
        let client = self.session.connect(user, how).await.unwrap();
        client.wait_for_greeting(DEADLINE).await.unwrap();
        for n in 1..=3 {
            client.ping(n).await.unwrap();
            client
                .wait_for("a pong", DEADLINE, |view| (view.last_pong >= Some(n)).then_some(()))
                .await
                .unwrap();
        }
        client
    }

    /// Asks in a new thread and waits until the run ended.
    pub(crate) async fn ask(&self, client: &Client, prompts: &mut Prompts, scenario: &Scenario) -> Ran {
        let prompt = prompts.next(scenario);
        client.ask(&prompt, None).await.unwrap();
        self.end_of(client, prompt).await
    }

    /// Waits until the run of a request ended.
    pub(crate) async fn end_of(&self, client: &Client, prompt: Prompt) -> Ran {
        let ended = client.wait_for_end(&prompt.request_id, DEADLINE).await.unwrap();
        let (run_id, view) =
            ended.unwrap_or_else(|| panic!("request refused: {:?}", client.view(|v| v.errors.clone())));
        let thread_id = client.view(|view| view.accepted(&prompt.request_id)?.thread_id.clone()).unwrap();
        Ran { prompt, run_id, thread_id, user: client.user().to_owned(), conn: client.conn(), view }
    }

    /// Every user asks the four known questions, `rounds` times, all users at once. Nobody asks before all are in.
    pub(crate) async fn everybody_asks(&self, users: &[TestUser], rounds: usize) -> Vec<Ran> {
        let clients = join_all(users.iter().map(|user| self.enter(user))).await;
        let sessions = users.iter().zip(&clients).enumerate().map(async |(n, (user, client))| {
            let (mut prompts, mut scenarios) = (self.prompts(user), known_scenarios());
            scenarios.rotate_left(n % 4);
            let mut runs = Vec::new();
            for scenario in scenarios.iter().cycle().take(4 * rounds) {
                runs.push(self.ask(client, &mut prompts, scenario).await);
            }
            runs
        });
        let runs = join_all(sessions).await.into_iter().flatten().collect();
        join_all(clients.iter().map(Client::close)).await;
        runs
    }

    /// Asks the backend over HTTP, as `user`: the status and the body.
    pub(crate) async fn read(&self, path: &str, user: &TestUser) -> (u16, String) {
        let probe = Probe::new(self.session.target()).unwrap();
        let answer = probe.get(path, user.token().unwrap().as_ref()).await.unwrap();
        (answer.status, answer.body)
    }

    /// Reads a run back from the store, for the checks that hold the stream against it.
    pub(crate) async fn read_back(&self, run: &Ran, user: &TestUser) -> Value {
        self.read_back_run(&run.run_id, user).await
    }

    /// The same by the run's id.
    pub(crate) async fn read_back_run(&self, run_id: &str, user: &TestUser) -> Value {
        let (status, body) = self.read(&format!("runs/{run_id}"), user).await;
        let note = json!({"run_id": run_id, "status": status, "body": body});
        self.mark(None, user, "store", &note);
        assert_eq!(status, 200, "{body}");
        serde_json::from_str(&body).unwrap()
    }

    /// Waits until the store says that a run is over.
    pub(crate) async fn stored_end(&self, run_id: &str, user: &TestUser) {
        let until = Instant::now() + DEADLINE;
        loop {
            let (status, body) = self.read(&format!("runs/{run_id}"), user).await;
            assert_eq!(status, 200, "{body}");
            let document: Value = serde_json::from_str(&body).unwrap();
            if document["state"] != "running" {
                return;
            }
            assert!(Instant::now() < until, "run {run_id} did not end in time: {body}");
        }
    }

    /// Keeps what a probe did and got.
    pub(crate) fn mark(&self, client: Option<&Client>, user: &TestUser, name: &'static str, note: &Value) {
        let conn = client.map(Client::conn);
        self.session.recorder().mark(conn, Some(user.name()), name, Some(note.to_string()));
    }

    fn finish(self, sla: bool) -> (Header, Vec<Record<'static>>) {
        let target = self.session.target();
        let header = Header {
            seed: self.seed,
            t0_unix_ms: Some(self.session.recorder().clock().t0_unix_ms()),
            auth_mode: Some(self.session.auth().mode.name().to_owned()),
            sla,
            ..Header::new("suite", target.safe_url(), target.profile())
        };
        // It records what it noticed last.
        drop(self.canary);
        let finished = self.recording.finish().unwrap();
        assert_eq!(finished.lost, 0, "the recording itself lost records");
        let opened = |record: &Record<'_>| matches!(record.kind, RecordKind::Open { status: Some(101), .. });
        assert!(finished.records.iter().any(opened), "no connection was opened");
        let came = |record: &Record<'_>| matches!(record.kind, RecordKind::Frame { dir: Direction::In, .. });
        assert!(finished.records.iter().any(came), "no frame came");
        (header, finished.records)
    }
}

/// What was recorded of a session, and what the judge says of it.
pub(crate) struct Seen {
    pub(crate) header: Header,
    pub(crate) records: Vec<Record<'static>>,
    pub(crate) judgement: Judgement,
}

/// Drives a session and judges it: none of the checks in the categories of `ids` may fail, and each of `ids` must
/// have looked at something and passed.
///
/// What this machine was too busy to judge is driven and measured again, after a wait for a calmer moment; a broken promise never
/// is. What is still not judged when the time for that is over fails the test: nobody knows whether the promise holds.
pub(crate) async fn kept<T>(backend: &Backend, ids: &[&str], act: impl AsyncFn(&Stage) -> T) -> (T, Seen) {
    kept_as(backend, ids, &Terms::default(), act).await
}

/// The same where something is broken on purpose: `excused` names what this makes impossible to judge, with why.
pub(crate) async fn kept_despite<T>(
    backend: &Backend,
    ids: &[&str],
    excused: &[(&str, &str)],
    act: impl AsyncFn(&Stage) -> T,
) -> (T, Seen) {
    let excused = excused.iter().map(|(id, why)| ((*id).to_owned(), (*why).to_owned())).collect();
    kept_as(backend, ids, &Terms { excused, ..Terms::default() }, act).await
}

/// The same as an SLA run: 99.9 % of at least ten thousand events must be delivered.
pub(crate) async fn kept_in_sla<T>(
    backend: &Backend,
    ids: &[&str],
    act: impl AsyncFn(&Stage) -> T,
) -> (T, Seen) {
    kept_as(backend, ids, &Terms { sla: true, ..Terms::default() }, act).await
}

/// How strictly a session is judged.
#[derive(Debug, Default)]
struct Terms {
    sla: bool,
    excused: BTreeMap<String, String>,
}

async fn kept_as<T>(
    backend: &Backend,
    ids: &[&str],
    terms: &Terms,
    act: impl AsyncFn(&Stage) -> T,
) -> (T, Seen) {
    let until = Instant::now() + MEASURING;
    loop {
        let stage = Stage::open(backend);
        let done = act(&stage).await;
        let (header, records) = stage.finish(terms.sla);
        let judgement = judge_excusing(&header, &records, ids, &terms.excused);
        let seen = Seen { header, records, judgement };
        // Shown with a failure: how near to their limits all measured quantities were.
        for check in seen.judgement.checks.iter().filter(|check| check.value.is_some()) {
            println!("{}: {:?} of {:?}, {:?}", check.id, check.value, check.limit, check.verdict);
        }
        seen.assert_none_failed();
        let Some(check) = seen.overloaded(ids) else {
            seen.assert_kept(ids);
            return (done, seen);
        };
        let said = format!(
            "{} could not be judged, {:?} of {:?}: this machine is too busy, up to {} ms late",
            check.id,
            check.value,
            check.limit,
            seen.worst_lag()
        );
        assert!(Instant::now() < until, "{said}");
        println!("{said}; calmer now: {:?}", Canary::calm(CALM, CALM_WITHIN).await);
    }
}

/// What the judge says of a history in the categories of `ids`.
pub(crate) fn judge(header: &Header, records: &[Record<'_>], ids: &[&str]) -> Judgement {
    judge_excusing(header, records, ids, &BTreeMap::new())
}

fn judge_excusing(
    header: &Header,
    records: &[Record<'_>],
    ids: &[&str],
    excused: &BTreeMap<String, String>,
) -> Judgement {
    let mut categories: Vec<Category> = ids.iter().map(|id| check_info(id).unwrap().category).collect();
    categories.sort_unstable();
    categories.dedup();
    Judge::new(header, JudgeConfig { categories, not_observable: excused.clone(), ..JudgeConfig::default() })
        .judge_all(records)
}

impl Seen {
    /// What one check says.
    pub(crate) fn check(&self, id: &str) -> &CheckResult {
        self.judgement.checks.iter().find(|check| check.id == id).unwrap()
    }

    fn assert_none_failed(&self) {
        let checks = &self.judgement.checks;
        let failed: Vec<_> = checks.iter().filter(|check| check.verdict == Verdict::Fail).collect();
        assert!(failed.is_empty(), "broken promises: {failed:#?}");
    }

    fn assert_kept(&self, ids: &[&str]) {
        for id in ids {
            let check = self.check(id);
            assert_eq!(check.verdict, Verdict::Pass, "{id} was not judged to pass: {check:?}");
            assert!(check.of > 0, "{id} passed without a look at anything: {check:?}");
        }
    }

    /// A check whose limit was broken by no more than this machine kept the session's own tasks waiting: the session tells nothing
    /// about it.
    fn overloaded(&self, ids: &[&str]) -> Option<&CheckResult> {
        let overloaded = Verdict::Inconclusive(Reason::ClientOverloaded);
        ids.iter().map(|id| self.check(id)).find(|check| check.verdict == overloaded)
    }

    /// The worst lag that the canary recorded, milliseconds.
    pub(crate) fn worst_lag(&self) -> f64 {
        let lag = |record: &Record<'_>| match &record.kind {
            RecordKind::Sample { name, value } if name == LAG => Some(*value),
            _ => None,
        };
        self.records.iter().filter_map(lag).fold(0.0, f64::max)
    }

    /// Asserts that a check looked at exactly `count` things and found every one right.
    pub(crate) fn assert_all(&self, id: &str, count: usize) {
        let check = self.check(id);
        assert_eq!((check.n, check.of), (count as u64, count as u64), "{check:?}");
    }

    /// All frames that one connection received, as JSON, with their instants.
    pub(crate) fn received(&self, conn: u32) -> impl Iterator<Item = (u64, Value)> {
        let here = self.records.iter().filter(move |record| record.conn == Some(conn));
        here.filter_map(|record| match &record.kind {
            RecordKind::Frame { dir: Direction::In, raw, .. } => {
                Some((record.t_ns, serde_json::from_str(raw).unwrap()))
            }
            _ => None,
        })
    }

    /// The events of one run on the connection that asked, in the order of their arrival.
    pub(crate) fn events(&self, run: &Ran) -> Vec<Value> {
        self.events_on(run.conn, &run.run_id)
    }

    /// The events of one run on one connection, in the order of their arrival.
    pub(crate) fn events_on(&self, conn: u32, run_id: &str) -> Vec<Value> {
        self.received(conn)
            .map(|(_, frame)| frame)
            .filter(|frame| frame["run_id"] == run_id && frame["seq"].is_u64())
            .collect()
    }

    /// The answer of a run.
    pub(crate) fn answer(&self, run: &Ran) -> String {
        let last = self.events(run).pop().unwrap();
        assert_eq!(last["type"], "agent_completed", "run {} was not answered", run.run_id);
        last["final_response"].as_str().unwrap().to_owned()
    }
}
