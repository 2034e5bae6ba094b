//! What it costs to judge many small histories: ten thousand of them, simulated, by every check.
//!
//! The golden path and every healthy variation in turn, one user each, the seeds from 0 on. They are simulated and judged
//! in batches, by as many threads as there are processors, at most two; the wall and processor time of both are told apart. What a
//! judge takes to begin and to end shows here and not in a history of a million events. Fails when judging takes longer than
//! promised, or finds fault with a healthy history.
//!
//! `cargo bench -p goldenpath-checkers --bench histories`. With `-- rows` the time of each variation instead, in one thread, the
//! dearest first; with `-- some NUMBER` only so many histories, in one thread (for a profiler). Needs Linux, for `/proc`.

#![allow(clippy::disallowed_methods, reason = "a bench reads the clock and files")]

use goldenpath_checkers::{Category, Judge, JudgeConfig, Judgement, Verdict};
use goldenpath_simulator::{History, Scenario, healthy_trials, healthy_variations, simulate};
use std::error::Error;
use std::ops::Range;
use std::process::ExitCode;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::Instant;

type Outcome<T> = Result<T, Box<dyn Error + Send + Sync>>;

const HISTORIES: usize = 10_000;
/// Histories held at once.
const BATCH: usize = 250;
const MOST_THREADS: usize = 2;
/// Histories of each row, where rows are compared.
const OF_A_ROW: u64 = 40;
const MOST_SECONDS: f64 = 5.0;
/// What `/proc` counts a process's time in, on every Linux.
const TICKS_PER_SECOND: f64 = 100.0;

fn main() -> Outcome<ExitCode> {
    let arguments: Vec<String> = std::env::args().skip(1).filter(|argument| argument != "--bench").collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let kept = match arguments.as_slice() {
        ["rows"] => {
            compare_rows();
            true
        }
        ["some", number] => compare(number.parse()?, 1)?,
        _ => compare(HISTORIES, thread::available_parallelism()?.get().min(MOST_THREADS))?,
    };
    Ok(if kept { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// Simulates and judges so many histories, and says what both took; whether the promise is kept.
fn compare(number: usize, threads: usize) -> Outcome<bool> {
    let scenarios = scenarios();
    let (mut simulating, mut judging, mut records) = (Cost::default(), Cost::default(), 0);
    for first in (0..number).step_by(BATCH) {
        let batch = first..(first + BATCH).min(number);
        let histories = simulating.of(|| simulated(&scenarios, batch, threads))?;
        records += histories.iter().map(|history| history.records.len()).sum::<usize>();
        let blamed = judging.of(|| blamed(&histories, threads))?;
        if let Some(blamed) = blamed.first() {
            return Err(format!("a healthy history is blamed: {blamed}").into());
        }
    }
    println!("{number} histories, {records} records, {threads} threads");
    println!("              wall   processor");
    for (name, cost) in [("simulating", simulating), ("judging", judging)] {
        println!("{name:10} {:>5.2} s {:>9.2} s", cost.wall, cost.cpu);
    }
    println!("judging {:.2} s (promised: at most {MOST_SECONDS})", judging.wall);
    Ok(judging.wall <= MOST_SECONDS)
}

/// The golden path, then every healthy variation of it.
fn scenarios() -> Vec<Scenario> {
    let variations = healthy_variations().map(|(_, scenario)| scenario);
    std::iter::once(Scenario::golden_path()).chain(variations).collect()
}

/// The histories of these numbers: scenarios in turn, the number as the seed.
fn simulated(scenarios: &[Scenario], numbers: Range<usize>, threads: usize) -> Outcome<Vec<History>> {
    let tell = |number: usize| {
        let scenario = scenarios[number % scenarios.len()].clone().users(1);
        Some(simulate(&scenario, number as u64))
    };
    side_by_side(numbers, threads, tell)
}

/// What is said against them.
fn blamed(histories: &[History], threads: usize) -> Outcome<Vec<String>> {
    let blame = |number: usize| {
        let failed =
            judge(&histories[number]).checks.into_iter().find(|check| check.verdict == Verdict::Fail)?;
        Some(format!("seed {}: {}", histories[number].header.seed, failed.id))
    };
    side_by_side(0..histories.len(), threads, blame)
}

/// All that the judge says of a history, by every category.
fn judge(history: &History) -> Judgement {
    let config = JudgeConfig { categories: Category::ALL.to_vec(), ..JudgeConfig::default() };
    let mut judge = Judge::new(&history.header, config);
    for (line, record) in history.numbered() {
        judge.observe(line, record);
    }
    judge.finish()
}

/// What the work makes of each number, in no order; each thread takes the next one when it is done with one.
fn side_by_side<T: Send>(
    numbers: Range<usize>,
    threads: usize,
    work: impl Fn(usize) -> Option<T> + Sync,
) -> Outcome<Vec<T>> {
    let (next, made) = (AtomicUsize::new(numbers.start), Mutex::new(Vec::new()));
    let take = || loop {
        let number = next.fetch_add(1, Ordering::Relaxed);
        if !numbers.contains(&number) {
            return;
        }
        if let (Some(item), Ok(mut made)) = (work(number), made.lock()) {
            made.push(item);
        }
    };
    thread::scope(|scope| {
        (0..threads).for_each(|_| drop(scope.spawn(take)));
    });
    made.into_inner().map_err(|_| "a thread panicked".into())
}

/// The time of each row in milliseconds a history, the dearest to judge first.
fn compare_rows() {
    let golden = std::iter::once(("golden path", Scenario::golden_path().users(3)));
    let mut rows = Vec::new();
    for (row, scenario) in golden.chain(healthy_variations()).chain(healthy_trials()) {
        let begun = Instant::now();
        let histories: Vec<History> = (0..OF_A_ROW).map(|seed| simulate(&scenario, seed)).collect();
        let simulated = begun.elapsed();
        for history in &histories {
            std::hint::black_box(judge(history));
        }
        let judged = begun.elapsed() - simulated;
        rows.push((judged / OF_A_ROW as u32, simulated / OF_A_ROW as u32, histories[0].records.len(), row));
    }
    rows.sort();
    println!("  judging simulating records");
    for (judged, simulated, records, row) in rows.iter().rev() {
        let ms = |time: &std::time::Duration| time.as_secs_f64() * 1_000.0;
        println!("{:>6.2} ms {:>6.2} ms {records:>7}  {row}", ms(judged), ms(simulated));
    }
}

/// Time that passed, and time on processors.
#[derive(Debug, Clone, Copy, Default)]
struct Cost {
    wall: f64,
    cpu: f64,
}

impl Cost {
    /// Does the work, and adds what it took.
    fn of<T>(&mut self, work: impl FnOnce() -> Outcome<T>) -> Outcome<T> {
        let (begun, before) = (Instant::now(), own_seconds()?);
        let made = work()?;
        self.wall += begun.elapsed().as_secs_f64();
        self.cpu += own_seconds()? - before;
        Ok(made)
    }
}

/// The time that this process spent on processors, ended threads included.
fn own_seconds() -> Outcome<f64> {
    let said = std::fs::read_to_string("/proc/self/stat")?;
    // Behind the name, which may hold anything but is in brackets: the state, then figures.
    let figures = said.rsplit_once(')').ok_or("no name in `/proc/self/stat`")?.1;
    let ticks = figures.split_whitespace().skip(11).take(2).map(str::parse::<f64>).sum::<Result<f64, _>>()?;
    Ok(ticks / TICKS_PER_SECOND)
}
