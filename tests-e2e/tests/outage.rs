//! Users who keep asking while something breaks and heals: behind the backend, where it is ours, or else on the way to it.

use crate::backend::Backend;
use crate::driving::{Seen, Stage, kept_despite};
use crate::network::Network;
use crate::returning::{Asked, Returning};
use crate::stand_in::{Whole, Wishes};
use futures_util::future::join_all;
use goldenpath_harness::{Scenario, Session, known_scenarios};
use goldenpath_history::{Expect, Outcome, Trial};
use std::cell::Cell;
use std::time::Duration;
use tokio::sync::Semaphore;
use tokio::time::Instant;

/// What the backend promises after whatever had broken works again.
const RECOVERY: Duration = Duration::from_secs(10);

/// How many users ask: as many on each node.
pub(crate) const USERS: usize = 4;

/// For how long something is away, or stands still.
const AWAY: Duration = Duration::from_secs(5);

/// People read before they ask on.
const BETWEEN_QUESTIONS: Duration = Duration::from_millis(250);

/// What must hold whatever breaks.
pub(crate) const IDS: &[&str] = &[
    "sequence/one-terminal",
    "sequence/nothing-after-terminal",
    "sequence/seq-dense",
    "sequence/terminal-true",
    "delivery/request-answered",
    "delivery/one-run-per-request",
    "delivery/no-loss",
    "delivery/unique-ids",
    "delivery/stream-equals-store",
    "isolation/run-owner",
    "isolation/canary",
    "isolation/identity",
    "resources/recovers",
];

/// What nobody can judge meanwhile.
pub(crate) const EXCUSED: &[(&str, &str)] = &[
    (
        "timestamps/monotone",
        "what was made in one millisecond is received seconds apart when its way stands still",
    ),
    ("value/confidence", "users wait for what is broken on purpose"),
    ("value/continue", "users wait for what is broken on purpose"),
];

/// What breaks, and heals.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Trouble {
    RedisStandsStill,
    RedisStartsAgain,
    RedisIsEmptied,
    RedisIsAway,
    PostgresStartsAgain,
    PostgresIsAway,
    NodeDies,
    /// Of any backend.
    WayStandsStill,
    /// Of any backend.
    WayIsAway,
}

impl Trouble {
    const ANYWHERE: [Self; 2] = [Self::WayStandsStill, Self::WayIsAway];

    fn is_on_the_way(self) -> bool {
        Self::ANYWHERE.contains(&self)
    }

    /// Breaks it, and returns when it is healed.
    async fn befall(self, whole: Option<&Whole>, way: Option<&Network>) {
        let redis = || whole.expect("ours").servers.redis();
        let postgres = || whole.expect("ours").servers.postgres();
        let process = || match self {
            Self::NodeDies => whole.expect("ours").nodes[0].process(),
            _ => way.expect("made for this").process(),
        };
        match self {
            Self::RedisStandsStill => {
                redis().pause().unwrap();
                tokio::time::sleep(AWAY).await;
                redis().resume().unwrap();
            }
            Self::RedisStartsAgain => redis().restart().await.unwrap(),
            Self::RedisIsEmptied => redis().command::<()>(&["FLUSHALL"]).await.unwrap(),
            Self::RedisIsAway => {
                redis().kill().unwrap();
                tokio::time::sleep(AWAY).await;
                redis().start_again().await.unwrap();
            }
            Self::PostgresStartsAgain => postgres().restart().await.unwrap(),
            Self::PostgresIsAway => {
                postgres().kill().unwrap();
                tokio::time::sleep(AWAY).await;
                postgres().start_again().await.unwrap();
            }
            Self::WayStandsStill => {
                process().pause().unwrap();
                tokio::time::sleep(AWAY).await;
                process().resume().unwrap();
            }
            Self::NodeDies | Self::WayIsAway => {
                process().kill().unwrap();
                tokio::time::sleep(AWAY).await;
                process().start_again().await.unwrap();
            }
        }
    }
}

/// What one user asked before, during and after a trouble.
#[derive(Debug)]
pub(crate) struct Course {
    pub(crate) before: Asked,
    pub(crate) during: Vec<Asked>,
    pub(crate) after: Asked,
}

impl Course {
    /// Everything, in its order.
    pub(crate) fn all(&self) -> impl Iterator<Item = &Asked> {
        [&self.before].into_iter().chain(&self.during).chain([&self.after])
    }
}

/// A backend that troubles may befall.
pub(crate) async fn breakable() -> Backend {
    Backend::with(&Wishes { breaks_servers: true, ..Wishes::default() }).await
}

/// Lets a trouble befall while users ask, and judges what they saw: the courses of all users. Of a backend that is somebody
/// else's nothing is broken but the way to it, which must be withstood just so; `None` says that this was not that.
pub(crate) async fn withstood(backend: &Backend, trouble: Trouble) -> Option<Vec<Course>> {
    if backend.whole().is_none() && !trouble.is_on_the_way() {
        println!("{trouble:?}: not tried, since `{}` is not ours to break", backend.target.safe_url());
        return None;
    }
    let way = match trouble.is_on_the_way() {
        true => Some(Network::with(&[], backend).await),
        false => None,
    };
    let ordeal = Ordeal { what: format!("{trouble:?}"), way: way.as_ref(), ..Ordeal::default() };
    let befall = async || trouble.befall(backend.whole(), way.as_ref()).await;
    Some(withstands(backend, &ordeal, befall).await.0)
}

/// Something that users go through.
pub(crate) struct Ordeal<'a> {
    /// What reports call it.
    pub(crate) what: String,
    /// How many users.
    pub(crate) users: usize,
    /// By which way; `None`: the backend's own.
    pub(crate) way: Option<&'a Network>,
    /// The checks that cannot be held against what befalls, with why.
    pub(crate) excused: Vec<(&'a str, &'a str)>,
}

impl Default for Ordeal<'_> {
    fn default() -> Self {
        Self { what: String::new(), users: USERS, way: None, excused: EXCUSED.to_vec() }
    }
}

/// Lets something befall while users ask, and judges what they saw: the courses of all users, and the history.
pub(crate) async fn withstands(
    backend: &Backend,
    ordeal: &Ordeal<'_>,
    befall: impl AsyncFn(),
) -> (Vec<Course>, Seen) {
    let what = &ordeal.what;
    let ((courses, healed), seen) = kept_despite(backend, IDS, &ordeal.excused, async |stage| {
        let (auth, recorder) = (stage.session.auth().clone(), stage.session.recorder().clone());
        let target = ordeal.way.map_or_else(|| backend.target.clone(), Network::target);
        let session = Session::new(target, auth, recorder);
        through(stage, &session, ordeal.users, &befall).await
    })
    .await;
    let recovered = courses.iter().map(|course| course.after.ended - healed).max().unwrap();
    let all = || courses.iter().flat_map(|course| &course.during);
    println!(
        "{what}: {} runs meanwhile, {} failed, {} were refused first, {} lost their stream; all answered {recovered:?} after",
        all().count(),
        all().filter(|asked| asked.state == "failed").count(),
        all().filter(|asked| asked.refused > 0).count(),
        all().filter(|asked| asked.gap).count(),
    );
    // On a machine that keeps its own tasks waiting, nobody is back sooner than that.
    let lag = Duration::from_secs_f64(seen.worst_lag() / 1e3);
    assert!(recovered <= RECOVERY + lag, "{what}: back {recovered:?} after it was healed");
    (courses, seen)
}

/// What befalls a backend that is not ours, in place of what cannot.
pub(crate) async fn on_the_way(backend: &Backend) {
    for trouble in Trouble::ANYWHERE {
        withstood(backend, trouble).await.expect("the way is always ours");
    }
}

/// Every user asks once, then again and again while `breaks` is under way, then once more; gives when it was healed, too.
async fn through(
    stage: &Stage,
    session: &Session,
    count: usize,
    breaks: impl AsyncFnOnce(),
) -> (Vec<Course>, Instant) {
    let (healed, taken) = (Cell::new(None), Semaphore::new(0));
    let (begun, asked) = (Semaphore::new(0), Semaphore::new(0));
    let scenarios = known_scenarios();
    let users = stage.users(count).into_iter().zip(scenarios.iter().cycle()).map(async |(user, scenario)| {
        let mut prompts = stage.prompts(&user);
        let mut user = Returning::new(session, user);
        let mut before = user.ask(&prompts.next(scenario), || ()).await;
        asked.add_permits(1);
        begun.acquire().await.unwrap().forget();
        let mut during = Vec::new();
        while healed.get().is_none() {
            during.push(user.ask(&prompts.next(&any_outcome(scenario)), || taken.add_permits(1)).await);
            tokio::time::sleep(BETWEEN_QUESTIONS).await;
        }
        let mut after = user.ask(&prompts.next(scenario), || ()).await;
        for asked in during.iter_mut().chain([&mut before, &mut after]) {
            let document = stage.read_back_run(&asked.run_id, &user.user).await;
            asked.state = document["state"].as_str().unwrap_or_default().to_owned();
        }
        user.leave().await;
        Course { before, during, after }
    });
    let all = u32::try_from(count).unwrap();
    let breaking = async {
        asked.acquire_many(all).await.unwrap().forget();
        tell(stage, Trial::OutageBegun);
        begun.add_permits(count);
        // In the middle of everybody's run.
        taken.acquire_many(all).await.unwrap().forget();
        breaks().await;
        tell(stage, Trial::OutageHealed);
        healed.set(Some(Instant::now()));
    };
    let (courses, ()) = tokio::join!(join_all(users), breaking);
    (courses, healed.get().expect("it was broken, and healed"))
}

/// The same question, where any honest end will do.
pub(crate) fn any_outcome(scenario: &Scenario) -> Scenario {
    Scenario::new(&scenario.name, &scenario.message)
        .expecting(Expect { outcome: Outcome::Any, ..scenario.expect.clone() })
}

/// Records a step of the trial.
pub(crate) fn tell(stage: &Stage, step: Trial) {
    let (name, note) = step.words();
    stage.session.recorder().mark(None, None, name, Some(note.to_owned()));
}
