//! What all categories share: users, connections that are ready to be used, and runs asked for and awaited.

use super::plan::{Plan, Progress};
use goldenpath_harness::{
    AuthMode, Client, Connect, ConnectError, Probe, Prompt, Prompts, Recorder, Scenario, SendError, Session,
    TestUser, View, WaitError,
};
use std::future::Future;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::task::JoinSet;

/// How long the first frame, a pong or an acceptance may take.
pub(crate) const ANSWER: Duration = Duration::from_secs(10);

/// How long the first event of a run that was accepted as a duplicate may take: a target that runs it all the same is
/// judged by what it shows.
const REPLAY: Duration = Duration::from_secs(2);

/// Readings of the server's clock per connection: the least that its offset can be known by.
const PINGS: u64 = 3;

/// Something that did not come about.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Trouble {
    /// The target could not be reached at all: going on is pointless.
    #[error("{0}")]
    Gone(String),
    /// A step did not come about; the record shows what did, and the plan goes on.
    #[error("{0}")]
    Unmet(String),
}

impl From<ConnectError> for Trouble {
    fn from(why: ConnectError) -> Self {
        match why {
            // A target that answers is there, even with nonsense.
            ConnectError::Unreachable { .. } => Self::Gone(why.to_string()),
            ConnectError::Refused { .. } | ConnectError::Credential(_) => Self::Unmet(why.to_string()),
        }
    }
}

impl From<SendError> for Trouble {
    fn from(why: SendError) -> Self {
        Self::Unmet(why.to_string())
    }
}

impl From<WaitError> for Trouble {
    fn from(why: WaitError) -> Self {
        Self::Unmet(why.to_string())
    }
}

/// A run that ended.
#[derive(Debug, Clone)]
pub(crate) struct Ran {
    pub(crate) run_id: String,
    pub(crate) thread_id: Option<String>,
}

/// What all categories share; cheap to clone.
#[derive(Clone)]
pub(crate) struct Stage {
    inner: Arc<Inner>,
    /// Whether the ends of runs are steps of the plan.
    counted: bool,
}

struct Inner {
    plan: Plan,
    session: Session,
    progress: Arc<dyn Progress>,
    users: Vec<TestUser>,
    spare: Option<TestUser>,
    probe: Option<Probe>,
    lost_ends: AtomicU32,
    door: Mutex<Door>,
}

/// Whether anybody was let in with a true credential, and how the first one was refused.
#[derive(Debug, Default)]
struct Door {
    let_in: bool,
    refused: Option<(u16, String)>,
}

impl Stage {
    pub(crate) fn new(plan: Plan, session: Session, progress: Arc<dyn Progress>) -> Self {
        let mut users = TestUser::roster(plan.seed, plan.users + 1, session.auth());
        if let Some(tier) = plan.tier {
            users = users.into_iter().map(|user| user.of_tier(tier)).collect();
        }
        // Given tokens are all needed for the users; minted ones cost nothing.
        let given = matches!(session.auth().mode, AuthMode::Token(_));
        // So may issued ones be.
        let spare = if given || users.len() <= plan.users { None } else { users.pop() };
        users.truncate(plan.users);
        let probe = match Probe::new(session.target()) {
            Ok(probe) => Some(probe),
            Err(why) => {
                progress.note(&why.to_string());
                None
            }
        };
        let (lost_ends, door) = (AtomicU32::new(0), Mutex::default());
        let inner = Inner { plan, session, progress, users, spare, probe, lost_ends, door };
        Self { inner: Arc::new(inner), counted: true }
    }

    /// Whether nobody shows a token: then no two connections are known to be one user's.
    pub(crate) fn tokenless(&self) -> bool {
        matches!(self.session().auth().mode, AuthMode::None)
    }

    /// The same stage for what is one step as a whole, however many runs it has.
    pub(crate) fn uncounted(&self) -> Self {
        Self { counted: false, ..self.clone() }
    }

    /// Why nothing can be driven here: everybody was refused at the door.
    pub(crate) fn turned_away(&self) -> Option<String> {
        let door = self.inner.door.lock().unwrap_or_else(PoisonError::into_inner);
        let (status, why) = door.refused.as_ref().filter(|_| !door.let_in)?;
        let hint = match (*status, &self.session().auth().mode) {
            (401 | 403, AuthMode::None) => {
                " (hint: it wants tokens: `--auth mint --auth-key-env VAR`, or `--auth token --auth-token-env VAR`)"
            }
            (401 | 403, AuthMode::Mint(_)) => {
                " (hint: are the key, `--auth-alg`, `--issuer` and `--audience` those of the target?)"
            }
            (401 | 403, AuthMode::OAuth(_)) => {
                " (hint: does the target take tokens of this issuer, with this audience and scope?)"
            }
            (401 | 403, AuthMode::Token(_)) => " (hint: are the tokens of this target, and not expired?)",
            (404, _) => " (hint: is the path of the address right?)",
            _ => "",
        };
        Some(format!("it refused every connection: {why}{hint}"))
    }

    pub(crate) fn plan(&self) -> &Plan {
        &self.inner.plan
    }

    pub(crate) fn session(&self) -> &Session {
        &self.inner.session
    }

    pub(crate) fn recorder(&self) -> &Recorder {
        self.inner.session.recorder()
    }

    pub(crate) fn users(&self) -> &[TestUser] {
        &self.inner.users
    }

    /// A user of whom nothing else is asked, for probes that may cost a connection; the first one where there is no other.
    pub(crate) fn spare(&self) -> Option<&TestUser> {
        self.inner.spare.as_ref().or_else(|| self.inner.users.first())
    }

    pub(crate) fn probe(&self) -> Option<&Probe> {
        self.inner.probe.as_ref()
    }

    pub(super) fn step(&self) {
        self.inner.progress.step();
    }

    pub(crate) fn note(&self, who: &str, text: &str) {
        tracing::warn!(user = who, "{text}");
        self.inner.progress.note(&format!("{who}: {text}"));
    }

    /// The prompts of a user in one part of the plan.
    pub(crate) fn prompts(&self, part: &str, user: &TestUser) -> Prompts {
        Prompts::new(self.inner.plan.seed, &format!("{part}/{}", user.name()))
    }

    /// The scenarios in a user's own order, so that not all ask the same at once.
    pub(crate) fn scenarios(&self, user: usize) -> Vec<Scenario> {
        let mut scenarios = self.inner.plan.scenarios.clone();
        if !scenarios.is_empty() {
            let by = (self.inner.plan.seed % 1_000) as usize + user;
            scenarios.rotate_left(by % self.inner.plan.scenarios.len());
        }
        scenarios
    }

    /// Connects, awaits the greeting and reads the server's clock.
    pub(crate) async fn enter(&self, user: &TestUser) -> Result<Client, Trouble> {
        self.enter_as(user, Connect::fresh()).await
    }

    pub(crate) async fn enter_as(&self, user: &TestUser, how: Connect) -> Result<Client, Trouble> {
        let client = self.inner.session.connect(user, how).await;
        self.note_door(&client);
        let client = client?;
        client.wait_for_greeting(ANSWER).await?;
        for n in 1..=PINGS {
            client.ping(n).await?;
            client
                .wait_for(&format!("`pong` {n}"), ANSWER, |view| (view.last_pong >= Some(n)).then_some(()))
                .await?;
        }
        Ok(client)
    }

    fn note_door(&self, came: &Result<Client, ConnectError>) {
        let mut door = self.inner.door.lock().unwrap_or_else(PoisonError::into_inner);
        match came {
            Ok(_) => door.let_in = true,
            Err(why @ ConnectError::Refused { status, .. }) => {
                door.refused.get_or_insert_with(|| (*status, why.to_string()));
            }
            Err(_) => {}
        }
    }

    /// Asks, and waits for the run's end. A refusal is unmet.
    pub(crate) async fn answer(
        &self,
        client: &Client,
        prompt: &Prompt,
        thread: Option<&str>,
    ) -> Result<Ran, Trouble> {
        client.ask(prompt, thread).await?;
        self.end_of(client, prompt).await
    }

    /// Waits for the end of a run that was asked for.
    pub(crate) async fn end_of(&self, client: &Client, prompt: &Prompt) -> Result<Ran, Trouble> {
        let ended = tokio::select! {
            biased;
            ended = client.wait_for_end(&prompt.request_id, self.patience()) => ended,
            seed = self.used_before(client, prompt) => return Err(Trouble::Gone(seed)),
        };
        if self.counted {
            self.step();
        }
        let id = &prompt.request_id;
        match ended {
            Ok(Some((run_id, _))) => {
                let thread_id =
                    client.view(|view| view.accepted(id).and_then(|taken| taken.thread_id.clone()));
                Ok(Ran { run_id, thread_id })
            }
            Ok(None) => {
                let why = client.view(|view| view.refusal(id).map(|refusal| refusal.code.clone()));
                Err(Trouble::Unmet(format!("request `{id}` was refused: {}", why.unwrap_or_default())))
            }
            Err(why) => {
                self.inner.lost_ends.fetch_add(1, Ordering::Relaxed);
                Err(why.into())
            }
        }
    }

    /// Ends only when the target knows this request from an earlier session and shows nothing of its run.
    async fn used_before(&self, client: &Client, prompt: &Prompt) -> String {
        let id = &prompt.request_id;
        let what = format!("a second acceptance of request `{id}`");
        let run = |view: &View| Some(view.accepted(id).filter(|taken| taken.duplicate)?.run_id.clone());
        let Ok(run) = client.wait_for(&what, self.plan().patience, run).await else {
            return std::future::pending().await;
        };
        let what = format!("an event of run `{run}`");
        match client.wait_for(&what, REPLAY, |view| view.run(&run).map(|_| ())).await {
            Ok(()) => std::future::pending().await,
            Err(_) => {
                // From here on nothing of this session's runs is to come.
                self.recorder().mark(None, None, "interrupted", Some("the seed was used before".to_owned()));
                format!(
                    "it has answered request `{id}` before and shows nothing of it again: seed {} was used on it \
                     (hint: another `--seed`)",
                    self.plan().seed
                )
            }
        }
    }

    /// The whole time for the first ends that stay away, so that they can be judged; less for the rest of a target that
    /// loses many, so that the whole run stays bounded.
    fn patience(&self) -> Duration {
        let whole = self.plan().patience;
        match self.inner.lost_ends.load(Ordering::Relaxed) {
            0 => whole,
            1..=4 => whole / 4,
            _ => whole / 16,
        }
    }

    /// Does `act` for every user at once. Only an unreachable target ends it early.
    pub(crate) async fn everybody<F, A>(&self, act: A) -> Result<(), String>
    where
        A: Fn(Stage, usize) -> F,
        F: Future<Output = Result<(), Trouble>> + Send + 'static,
    {
        let mut acts = JoinSet::new();
        for user in 0..self.users().len() {
            let done = act(self.clone(), user);
            acts.spawn(async move { (user, done.await) });
        }
        while let Some(joined) = acts.join_next().await {
            match joined {
                Ok((user, done)) => self.settle(self.users()[user].name(), done)?,
                // A bug of ours must not look like a quiet target.
                Err(why) if why.is_panic() => std::panic::resume_unwind(why.into_panic()),
                Err(why) => self.note("driver", &format!("a step of the plan ended early: {why}")),
            }
        }
        Ok(())
    }

    /// Notes what is unmet and goes on; passes an unreachable target up.
    pub(crate) fn go_on<T>(&self, user: &TestUser, done: Result<T, Trouble>) -> Result<Option<T>, Trouble> {
        match done {
            Ok(done) => Ok(Some(done)),
            Err(Trouble::Unmet(why)) => {
                self.note(user.name(), &why);
                Ok(None)
            }
            Err(gone) => Err(gone),
        }
    }

    /// Notes what is unmet, under this name; an error says that the target is gone.
    pub(crate) fn settle(&self, who: &str, done: Result<(), Trouble>) -> Result<(), String> {
        match done {
            Ok(()) => Ok(()),
            Err(Trouble::Unmet(why)) => {
                self.note(who, &why);
                Ok(())
            }
            Err(Trouble::Gone(why)) => Err(why),
        }
    }
}
