//! How long one user waits: from the request to the first event and to the end of the run, against the real backend.
//!
//! One user asks the four known prompts in turn, one run after another, over one connection: real agent, SQLite in a
//! file, event log, sockets, and the recording harness, all in this process. Times are the recording client's own.
//!
//! `cargo bench -p goldenpath-testbed --bench golden_path`.

use goldenpath_harness::{Client, Connect, Prompts, Scenario, known_scenarios};
use goldenpath_testbed::Testbed;
use std::error::Error;
use std::time::Duration;

type Outcome<T> = Result<T, Box<dyn Error>>;

const RUNS: usize = 30;
const SEED: u64 = 7;
/// At the median.
const MOST_TO_FIRST: Duration = Duration::from_millis(20);
/// Of every run.
const MOST_TO_END: Duration = Duration::from_secs(2);
const PATIENCE: Duration = Duration::from_secs(45);

#[tokio::main]
async fn main() -> Outcome<()> {
    let testbed = Testbed::builder().start().await?;
    let user = testbed.user(SEED);
    let client = testbed.session.connect(&user, Connect::fresh()).await?;
    client.wait_for_greeting(PATIENCE).await?;
    let mut prompts = Prompts::new(SEED, user.name());
    let (mut first, mut end) = (Waits::default(), Waits::default());
    for scenario in known_scenarios().iter().cycle().take(RUNS) {
        let (to_first, to_end) = run(&testbed, &client, &mut prompts, scenario).await?;
        first.0.push(to_first);
        end.0.push(to_end);
    }
    client.close().await;

    println!("{RUNS} runs of one user, one after another; the limits are those of the golden path");
    println!("to the first event  {first}   promised: {MOST_TO_FIRST:?} at the median");
    println!("to the end          {end}   promised: {MOST_TO_END:?}, every run");
    if first.share(50) > MOST_TO_FIRST {
        return Err(format!("the first event takes {:?} at the median", first.share(50)).into());
    }
    if end.share(100) > MOST_TO_END {
        return Err(format!("a run takes {:?}", end.share(100)).into());
    }
    Ok(())
}

/// One run; gives the times from its request to its first event and to its terminal one.
async fn run(
    testbed: &Testbed,
    client: &Client,
    prompts: &mut Prompts,
    scenario: &Scenario,
) -> Outcome<(Duration, Duration)> {
    let prompt = prompts.next(scenario);
    let asked_ns = testbed.session.recorder().now_ns();
    client.ask(&prompt, None).await?;
    let ended = client.wait_for_end(&prompt.request_id, PATIENCE).await?;
    let (_, run) = ended.ok_or("the request was refused")?;
    let since = |ns: u64| Duration::from_nanos(ns.saturating_sub(asked_ns));
    Ok((since(run.first_ns), since(run.last_ns)))
}

/// Times of all runs.
#[derive(Default)]
struct Waits(Vec<Duration>);

impl Waits {
    /// The time within which `percent` of the runs lie.
    fn share(&self, percent: usize) -> Duration {
        let mut sorted = self.0.clone();
        sorted.sort_unstable();
        let rank = (sorted.len() * percent).div_ceil(100).max(1);
        sorted.get(rank - 1).copied().unwrap_or_default()
    }
}

impl std::fmt::Display for Waits {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let ms = |percent| self.share(percent).as_secs_f64() * 1_000.0;
        write!(f, "median {:>8.2} ms, p95 {:>8.2} ms, longest {:>8.2} ms", ms(50), ms(95), ms(100))
    }
}
