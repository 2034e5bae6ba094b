//! What judging costs: time and memory for a million events of a hundred users, against merely reading them.
//!
//! A simulated history is streamed into a file. Then it is read four ways, in turns, each in a process of its own:
//! lines parsed into a typed struct; that and the frame's inner text parsed into a typed struct; the history reader
//! of `goldenpath-history` alone; and the judge with every check. Seconds are the processor's; the best of the rounds counts.
//!
//! `cargo bench -p goldenpath-checkers --bench judge`. With `-- only KIND FILE` one reading is made of a file that is
//! already there (for a profiler): `lines`, `events`, `reader` or `judge`; `-- keep FILE` writes one.

#![allow(clippy::disallowed_methods, reason = "a bench reads the clock and files")]

use goldenpath_checkers::{CHECKS, Judge, JudgeConfig, Verdict};
use goldenpath_history::{Direction, HistoryReader, HistoryWriter, RecordKind};
use goldenpath_protocol::EventType;
use goldenpath_simulator::{Scenario, Simulation};
use serde::Deserialize;
use std::borrow::Cow;
use std::error::Error;
use std::fs::File;
use std::io::{BufRead as _, BufReader, BufWriter};
use std::path::{Path, PathBuf};
use std::process::Command;

type Outcome<T> = Result<T, Box<dyn Error>>;

const EVENTS: u64 = 1_000_000;
const USERS: u32 = 100;
/// Runs of each user: with eighteen events a run a little more than are needed.
const RUNS: u32 = 700;
const SEED: u64 = 7;
const ROUNDS: usize = 3;
/// As the command line reads a history.
const READ_BUFFER: usize = 128 << 10;
const READINGS: [&str; 4] = ["lines", "events", "reader", "judge"];
const MOST_RATIO: f64 = 3.0;
const MOST_MIB: f64 = 128.0;

/// A text that borrows where its spelling holds no escapes. (`Option<Cow>` alone never borrows.)
#[derive(Deserialize)]
#[serde(transparent)]
#[allow(dead_code, reason = "the text is there to be parsed")]
struct Text<'a>(#[serde(borrow)] Cow<'a, str>);

/// A line of the history, as somebody would type it who wants what is in it.
#[derive(Deserialize)]
#[allow(dead_code, reason = "the fields are there to be parsed")]
struct Line<'a> {
    #[serde(borrow)]
    k: Text<'a>,
    t_ns: u64,
    conn: Option<u32>,
    #[serde(borrow)]
    user: Option<Text<'a>>,
    #[serde(borrow)]
    dir: Option<Text<'a>>,
    #[serde(borrow)]
    raw: Option<Text<'a>>,
    #[serde(borrow)]
    request_id: Option<Text<'a>>,
    #[serde(borrow)]
    prompt: Option<Text<'a>>,
    #[serde(borrow)]
    name: Option<Text<'a>>,
    #[serde(borrow)]
    note: Option<Text<'a>>,
    value: Option<f64>,
}

/// The raw text of a frame.
#[derive(Deserialize)]
#[allow(dead_code, reason = "the fields are there to be parsed")]
struct Event<'a> {
    #[serde(borrow, rename = "type")]
    kind: Text<'a>,
    #[serde(borrow)]
    event_id: Option<Text<'a>>,
    #[serde(borrow)]
    timestamp: Option<Text<'a>>,
    #[serde(borrow)]
    user_id: Option<Text<'a>>,
    #[serde(borrow)]
    thread_id: Option<Text<'a>>,
    #[serde(borrow)]
    run_id: Option<Text<'a>>,
    #[serde(borrow)]
    request_id: Option<Text<'a>>,
    seq: Option<u64>,
    offset: Option<u64>,
    #[serde(borrow)]
    agent_name: Option<Text<'a>>,
    #[serde(borrow)]
    text: Option<Text<'a>>,
    #[serde(borrow)]
    reasoning: Option<Text<'a>>,
    #[serde(borrow)]
    final_response: Option<Text<'a>>,
}

fn main() -> Outcome<()> {
    let arguments: Vec<String> = std::env::args().skip(1).filter(|argument| argument != "--bench").collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match arguments.as_slice() {
        ["only", reading, file] => {
            let (seconds, peak) = (timed(reading, Path::new(file))?, peak_mib()?);
            println!("{seconds} {peak}");
        }
        ["keep", file] => println!("{} lines", write_history(Path::new(file))?),
        _ => compare()?,
    }
    Ok(())
}

/// Makes the file, reads it in each way and says how they compare.
fn compare() -> Outcome<()> {
    let file = Kept(std::env::temp_dir().join(format!("goldenpath-judge-{}.jsonl", std::process::id())));
    let lines = write_history(&file.0)?;
    let bytes = std::fs::metadata(&file.0)?.len();
    println!("{EVENTS} events of {USERS} users: {lines} lines, {:.0} MiB", bytes as f64 / 1_048_576.0);
    let mut best = READINGS.map(|_| (f64::INFINITY, 0.0_f64));
    for _ in 0..ROUNDS {
        for (reading, (seconds, peak)) in READINGS.iter().zip(&mut best) {
            let (took, held) = in_own_process(reading, &file.0)?;
            *seconds = seconds.min(took);
            *peak = peak.max(held);
        }
    }
    for (reading, (seconds, peak)) in READINGS.iter().zip(&best) {
        println!("{reading:8} {seconds:>7.3} s   {peak:>6.1} MiB resident at most");
    }
    let [lines, events, reader, judge] = best.map(|(seconds, _)| seconds);
    println!("judge / lines   {:>5.2} (promised: at most {MOST_RATIO})", judge / lines);
    println!("judge / events  {:>5.2}", judge / events);
    println!("judge / reader  {:>5.2}", judge / reader);
    println!("resident        {:>5.1} MiB (promised: at most {MOST_MIB})", best[3].1);
    Ok(())
}

/// A file that goes when it is done with.
struct Kept(PathBuf);

impl Drop for Kept {
    fn drop(&mut self) {
        // Left behind in the folder for temporary files at worst.
        let _ = std::fs::remove_file(&self.0);
    }
}

/// Streams a history of [`EVENTS`] run events to `path`, and says how many lines it has.
fn write_history(path: &Path) -> Outcome<u64> {
    let scenario = Scenario::golden_path()
        .users(USERS)
        .runs(RUNS)
        .in_categories(JudgeConfig::JUDGED.map(|c| c.as_str()));
    let simulation = Simulation::new(&scenario, SEED);
    let header = simulation.header().clone();
    let mut writer = HistoryWriter::plain(BufWriter::new(File::create(path)?), &header)?;
    let (mut events, mut lines) = (0, 1);
    for record in simulation {
        if let RecordKind::Frame { dir: Direction::In, raw, .. } = &record.kind {
            let named = |kind: &EventType| raw.contains(&format!("\"type\":\"{}\"", kind.as_str()));
            events += u64::from(EventType::ALL.iter().any(named));
        }
        lines = writer.write(&record)?;
        if events == EVENTS {
            break;
        }
    }
    writer.finish()?;
    if events < EVENTS {
        return Err(format!("the scenario has only {events} events").into());
    }
    Ok(lines)
}

fn in_own_process(reading: &str, file: &Path) -> Outcome<(f64, f64)> {
    let output = Command::new(std::env::current_exe()?).arg("only").arg(reading).arg(file).output()?;
    if !output.status.success() {
        return Err(String::from_utf8_lossy(&output.stderr).into_owned().into());
    }
    let said = String::from_utf8(output.stdout)?;
    let (seconds, peak) = said.trim().split_once(' ').ok_or("no figures")?;
    Ok((seconds.parse()?, peak.parse()?))
}

fn timed(reading: &str, file: &Path) -> Outcome<f64> {
    match reading {
        "lines" => parse(file, false)?,
        "events" => parse(file, true)?,
        "reader" => read(file)?,
        "judge" => judge(file)?,
        other => return Err(format!("no reading is called `{other}`").into()),
    }
    cpu_seconds()
}

/// Reads and parses, and does nothing else.
fn parse(file: &Path, inner: bool) -> Outcome<()> {
    let mut input = BufReader::with_capacity(READ_BUFFER, File::open(file)?);
    let mut line = String::new();
    input.read_line(&mut line)?;
    loop {
        line.clear();
        if input.read_line(&mut line)? == 0 {
            return Ok(());
        }
        let parsed: Line<'_> = serde_json::from_str(&line)?;
        if let Some(raw) = parsed.raw.as_ref().filter(|_| inner) {
            let event: Event<'_> = serde_json::from_str(&raw.0)?;
            std::hint::black_box(event);
        }
        std::hint::black_box(parsed);
    }
}

fn read(file: &Path) -> Outcome<()> {
    let mut reader = HistoryReader::open(BufReader::with_capacity(READ_BUFFER, File::open(file)?))?;
    while let Some(item) = reader.next() {
        std::hint::black_box(item?);
    }
    Ok(())
}

fn judge(file: &Path) -> Outcome<()> {
    let mut reader = HistoryReader::open(BufReader::with_capacity(READ_BUFFER, File::open(file)?))?;
    let mut judge = Judge::new(reader.header(), JudgeConfig::default());
    while let Some(item) = reader.next() {
        let (line, record) = item?;
        judge.observe(line, &record);
    }
    let said = judge.finish();
    let failed: Vec<&str> =
        said.checks.iter().filter(|check| check.verdict == Verdict::Fail).map(|check| check.id).collect();
    if said.checks.len() != CHECKS.len() || !failed.is_empty() {
        return Err(format!("a healthy history was judged wrongly: {failed:?} failed").into());
    }
    Ok(())
}

/// The time that this process spent on a processor: what other programs do beside it counts for little.
fn cpu_seconds() -> Outcome<f64> {
    let said = std::fs::read_to_string("/proc/self/schedstat")?;
    let ns: f64 = said.split_whitespace().next().ok_or("no time on the processor")?.parse()?;
    Ok(ns / 1e9)
}

/// The most memory that this process ever held, in MiB.
fn peak_mib() -> Outcome<f64> {
    let status = std::fs::read_to_string("/proc/self/status")?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).ok_or("no VmHWM")?;
    let kib: f64 = line.trim().trim_end_matches("kB").trim().parse()?;
    Ok(kib / 1_024.0)
}
