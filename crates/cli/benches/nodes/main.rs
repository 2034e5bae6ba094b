//! What several nodes are worth: runs a second of two beside one, a resume of five hundred events, and a thousand users who come
//! back at once to the other node when theirs dies.
//!
//! `cargo bench -p goldenpath-cli --bench nodes`; one alone with `-- runs`, `-- resume` or `-- death`.
//!
//! Nodes are processes of `goldenpath serve`, over one Postgres and one Redis of the bench's own, without persistence. For the runs each
//! node is held to a quarter of a core by a control group, and the driver, which is this process, and the services are not: so a
//! node costs on a machine of two cores what it costs on one of many. Where the kernel offers no such group the bench says so, and fails.

#![allow(clippy::disallowed_methods, reason = "a bench reads the clock and files")]

mod node;
mod quarter;

use goldenpath_harness::{
    Auth, Client, Connect, MintSettings, Minter, Prompts, Recording, Session, Target, TestUser,
    known_scenarios,
};
use goldenpath_protocol::{Recovered, ResumePoint};
use goldenpath_testbed::services::{Database, Postgres, Redis};
use node::{Node, System};
use quarter::Quarter;
use std::error::Error;
use std::net::{IpAddr, Ipv4Addr};
use std::time::Duration;
use tempfile::TempDir;
use tokio::task::JoinSet;
use tokio::time::Instant;

type Outcome<T> = Result<T, Box<dyn Error + Send + Sync>>;

const SEED: u64 = 7;
const PATIENCE: Duration = Duration::from_secs(45);

/// Runs a second of two nodes, of those of one.
const LEAST_RATIO: f64 = 1.7;
const ROUNDS: usize = 3;
/// Users at once, over all nodes: each asks as soon as it was answered.
const USERS: usize = 16;
/// How long runs are counted…
const COUNTED: Duration = Duration::from_secs(8);
/// …after so long.
const WARM: Duration = Duration::from_secs(2);

const RESUMES: usize = 30;
/// The most that is replayed.
const EVENTS: u64 = 500;
/// At the median.
const MOST_TO_RESUME: Duration = Duration::from_millis(100);

const CROWD: usize = 1_000;
/// Of the crowd's users, as many as share an address: below what one may have.
const OF_ONE_ADDRESS: usize = 50;
const MOST_TO_RETURN: Duration = Duration::from_secs(5);

#[tokio::main]
async fn main() -> Outcome<()> {
    let wanted = std::env::args().skip(1).find(|word| !word.starts_with('-'));
    let wants = |name: &str| wanted.as_deref().is_none_or(|wanted| wanted == name);
    let place = Place::new().await?;
    let mut broken = Vec::new();
    if wants("resume") {
        broken.extend(resume(&place).await?);
    }
    if wants("death") {
        broken.extend(death(&place).await?);
    }
    if wants("runs") {
        broken.extend(runs(&place).await?);
    }
    if broken.is_empty() { Ok(()) } else { Err(broken.join("; ").into()) }
}

/// What all nodes of the bench share. It ends with this.
struct Place {
    database: Database,
    log: Redis,
    secret: String,
    folder: TempDir,
    _server: Postgres,
}

impl Place {
    async fn new() -> Outcome<Self> {
        let server = Postgres::own().await?;
        let secret = format!("{}{}", uuid::Uuid::new_v4().simple(), uuid::Uuid::new_v4().simple());
        Ok(Self {
            database: server.database().await?,
            log: Redis::own().await?,
            secret,
            folder: tempfile::tempdir()?,
            _server: server,
        })
    }

    fn node(&self, name: &str) -> Outcome<Node> {
        let (store, log) = (self.database.url(), self.log.url());
        Node::start(&System { store, log, secret: &self.secret, folder: self.folder.path() }, name)
    }

    fn session(&self, target: Target, recording: &Recording) -> Outcome<Session> {
        let minter = Minter::new(MintSettings::default(), self.secret.as_bytes())?;
        Ok(Session::new(target, Auth::mint(minter), recording.recorder()))
    }
}

/// Runs a second of one node and of two, by turns.
async fn runs(place: &Place) -> Outcome<Option<String>> {
    let quarters = [Quarter::new("first")?, Quarter::new("second")?];
    let (mut one, mut two) = (Vec::new(), Vec::new());
    for round in 0..ROUNDS {
        for (count, rates) in [(1, &mut one), (2, &mut two)] {
            let mut nodes = Vec::new();
            for (n, quarter) in quarters.iter().take(count).enumerate() {
                let node = place.node(&format!("runs-{round}-{count}-{n}"))?;
                quarter.hold(node.pid())?;
                nodes.push(node);
            }
            let throttled = waits(&quarters)?;
            rates.push(rate(place, &nodes, (round * 2 + count) as u64).await?);
            if waits(&quarters)? == throttled {
                return Err(
                    "no node ever used up its quarter of a core: what was measured is the driver".into()
                );
            }
        }
    }
    let (one, two) = (median(&one), median(&two));
    println!(
        "runs a second, a quarter of a core each, {USERS} users   one node {one:.1}   two {two:.1}   ratio {:.2}   promised: at least {LEAST_RATIO}",
        two / one
    );
    Ok((two / one < LEAST_RATIO).then(|| format!("two nodes make {:.2} times the runs of one", two / one)))
}

fn waits(quarters: &[Quarter]) -> Outcome<u64> {
    quarters.iter().map(|quarter| Ok(quarter.throttled()?)).sum()
}

/// Runs a second that these nodes end, the users spread over them.
async fn rate(place: &Place, nodes: &[Node], round: u64) -> Outcome<f64> {
    let recording = Recording::in_memory()?;
    let begun = Instant::now();
    let (from, until) = (begun + WARM, begun + WARM + COUNTED);
    let mut asking = JoinSet::new();
    let sessions: Vec<Session> =
        nodes.iter().map(|node| place.session(node.target()?, &recording)).collect::<Outcome<_>>()?;
    let users = TestUser::roster(SEED + round, USERS, sessions[0].auth());
    for (n, user) in users.into_iter().enumerate() {
        let session = sessions[n % sessions.len()].clone();
        asking.spawn(async move { ask_on(&session, &user, from, until).await });
    }
    let mut ended = 0;
    while let Some(runs) = asking.join_next().await {
        ended += runs??;
    }
    Ok(f64::from(ended) / COUNTED.as_secs_f64())
}

/// One run after another; gives how many ended in the time that counts.
async fn ask_on(session: &Session, user: &TestUser, from: Instant, until: Instant) -> Outcome<u32> {
    let client = session.connect(user, Connect::fresh()).await?;
    client.wait_for_greeting(PATIENCE).await?;
    let mut prompts = Prompts::new(SEED, user.name());
    let mut ended = 0;
    for scenario in known_scenarios().iter().cycle() {
        let prompt = prompts.next(scenario);
        client.ask(&prompt, None).await?;
        client.wait_for_end(&prompt.request_id, PATIENCE).await?.ok_or("a request was refused")?;
        let now = Instant::now();
        if now >= until {
            break;
        }
        ended += u32::from(now >= from);
    }
    client.close().await;
    Ok(ended)
}

/// From asking to come back until the end of a replay of five hundred events.
async fn resume(place: &Place) -> Outcome<Option<String>> {
    let node = place.node("resume")?;
    let recording = Recording::in_memory()?;
    let session = place.session(node.target()?, &recording)?;
    let user = TestUser::roster(SEED, 1, session.auth()).remove(0);
    let client = session.connect(&user, Connect::fresh()).await?;
    client.wait_for_greeting(PATIENCE).await?;
    let mut prompts = Prompts::new(SEED, "resume");
    for scenario in known_scenarios().iter().cycle() {
        if client.view(|view| view.offset) >= EVENTS {
            break;
        }
        let prompt = prompts.next(scenario);
        client.ask(&prompt, None).await?;
        client.wait_for_end(&prompt.request_id, PATIENCE).await?.ok_or("a request was refused")?;
    }
    let head = client.view(goldenpath_harness::View::resume_point).ok_or("no epoch was told")?;
    let from = ResumePoint { offset: head.offset - EVENTS, ..head };
    let mut took = Vec::new();
    for _ in 0..RESUMES {
        let begun = Instant::now();
        let back = session.connect(&user, Connect::fresh().resuming(&from)).await?;
        back.wait_for("the end of the replay", PATIENCE, |view| view.replay_end).await?;
        took.push(begun.elapsed());
        let came = back.view(|view| view.events);
        if came != EVENTS {
            return Err(format!("{came} events were replayed instead of {EVENTS}").into());
        }
        back.close().await;
    }
    took.sort_unstable();
    let (half, longest) = (took[RESUMES / 2], took[RESUMES - 1]);
    println!(
        "resume of {EVENTS} events, {RESUMES} times   median {half:.1?}   longest {longest:.1?}   promised: {MOST_TO_RESUME:?} at the median"
    );
    Ok((half > MOST_TO_RESUME).then(|| format!("a resume of {EVENTS} events takes {half:?}")))
}

/// A node with a thousand users is killed; each comes back to the other as soon as it is gone.
async fn death(place: &Place) -> Outcome<Option<String>> {
    let (mut first, second) = (place.node("first")?, place.node("second")?);
    let recording = Recording::in_memory()?;
    let (there, here) =
        (place.session(first.target()?, &recording)?, place.session(second.target()?, &recording)?);
    let mut crowd = Vec::new();
    for (n, user) in TestUser::roster(SEED, CROWD, there.auth()).into_iter().enumerate() {
        let client = there.connect(&user, leaving(n)).await?;
        client.wait_for_greeting(PATIENCE).await?;
        crowd.push((n, user, client));
    }
    let begun = Instant::now();
    first.kill()?;
    let mut returning = JoinSet::new();
    for (n, user, client) in crowd {
        let here = here.clone();
        returning.spawn(async move { come_back(&here, &user, n, client, begun).await });
    }
    let (mut took, mut clients) = (Vec::new(), Vec::new());
    while let Some(back) = returning.join_next().await {
        let (client, when) = back??;
        took.push(when);
        // They stay until all are back.
        clients.push(client);
    }
    took.sort_unstable();
    let (half, last) = (took[CROWD / 2], took[CROWD - 1]);
    println!(
        "{CROWD} users whose node was killed   half are back after {half:.2?}   all after {last:.2?}   promised: {MOST_TO_RETURN:?}"
    );
    Ok((last > MOST_TO_RETURN).then(|| format!("{CROWD} users are back after {last:?}")))
}

async fn come_back(
    here: &Session,
    user: &TestUser,
    n: usize,
    gone: Client,
    begun: Instant,
) -> Outcome<(Client, Duration)> {
    gone.wait_for_close(PATIENCE).await?;
    let point = gone.view(goldenpath_harness::View::resume_point).ok_or("no epoch was told")?;
    let client = here.connect(user, leaving(n).resuming(&point)).await?;
    let greeting = client.wait_for_greeting(PATIENCE).await?;
    let took = begun.elapsed();
    if greeting.recovered != Some(Recovered::Full) {
        return Err(format!("user `{}` came back to {:?}", user.name(), greeting.recovered).into());
    }
    Ok((client, took))
}

/// From an address that few share.
fn leaving(n: usize) -> Connect {
    let of = u8::try_from(n / OF_ONE_ADDRESS).unwrap_or(u8::MAX);
    Connect::fresh().leaving_from(IpAddr::V4(Ipv4Addr::new(127, 1, of, 1)))
}

fn median(figures: &[f64]) -> f64 {
    let mut sorted = figures.to_vec();
    sorted.sort_by(f64::total_cmp);
    sorted.get(sorted.len() / 2).copied().unwrap_or_default()
}
