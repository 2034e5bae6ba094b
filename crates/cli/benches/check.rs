//! What `goldenpath check` costs: time and memory for a million events of a hundred users, against merely reading them.
//!
//! A simulated history is streamed into a file. Then it is read in turns, each time by a process of its own, which is
//! watched from outside: lines parsed into a typed struct; that and the frame's inner text parsed into a typed struct;
//! the history reader of `goldenpath-history` alone; the judge with every check in one thread, as it judges live; and
//! the command itself. The best of the rounds counts. Fails when the command takes more time or memory than promised, or
//! finds fault with the history.
//!
//! `cargo bench -p goldenpath-cli --bench check`. With `-- only KIND FILE` one reading is made of a file that is already
//! there (for a profiler): `lines`, `events`, `reader` or `judge`; `-- keep FILE` writes one. Needs Linux, for `/proc`.

#![allow(clippy::disallowed_methods, reason = "a bench reads the clock and files")]

use goldenpath_checkers::{Judge, JudgeConfig, Seen};
use goldenpath_history::{Direction, HistoryReader, HistoryWriter, RecordKind};
use goldenpath_simulator::{Scenario, Simulation};
use serde::Deserialize;
use std::borrow::Cow;
use std::error::Error;
use std::fs::File;
use std::io::{BufRead as _, BufReader, BufWriter};
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode, Stdio};
use std::thread;
use std::time::{Duration, Instant};

type Outcome<T> = Result<T, Box<dyn Error>>;

const EVENTS: u64 = 1_000_000;
const USERS: u32 = 100;
/// Runs of each user: with eighteen events a run a little more than are needed.
const RUNS: u32 = 700;
const SEED: u64 = 7;
const ROUNDS: usize = 5;
/// As the command line reads a history.
const READ_BUFFER: usize = 256 << 10;
/// How the command ends when nothing failed and something could not be judged.
const INCONCLUSIVE: i32 = 3;
const LINES: &str = "lines";
const CHECK: &str = "check";
const READINGS: [&str; 5] = [LINES, "events", "reader", "judge", CHECK];
/// How often the memory of a reading is looked at. What it holds only grows.
const LOOK: Duration = Duration::from_millis(10);
/// What `/proc` counts a process's time in, on every Linux.
const TICKS_PER_SECOND: f64 = 100.0;
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

fn main() -> Outcome<ExitCode> {
    let arguments: Vec<String> = std::env::args().skip(1).filter(|argument| argument != "--bench").collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match arguments.as_slice() {
        ["only", reading, file] => read_as(reading, Path::new(file))?,
        ["keep", file] => println!("{} lines", write_history(Path::new(file))?),
        _ if compare()? => {}
        _ => return Ok(ExitCode::FAILURE),
    }
    Ok(ExitCode::SUCCESS)
}

/// What a reading took.
#[derive(Debug, Clone, Copy)]
struct Cost {
    wall: f64,
    cpu: f64,
    mib: f64,
}

/// Makes the file, reads it in each way and says how they compare; whether the promises are kept.
fn compare() -> Outcome<bool> {
    let file = Kept(std::env::temp_dir().join(format!("goldenpath-check-{}.jsonl", std::process::id())));
    let lines = write_history(&file.0)?;
    let bytes = std::fs::metadata(&file.0)?.len();
    println!("{EVENTS} events of {USERS} users: {lines} lines, {:.0} MiB", bytes as f64 / 1_048_576.0);
    let mut costs =
        READINGS.map(|reading| (reading, Cost { wall: f64::INFINITY, cpu: f64::INFINITY, mib: 0.0 }));
    for _ in 0..ROUNDS {
        for (reading, cost) in &mut costs {
            let took = in_own_process(reading, &file.0)?;
            cost.wall = cost.wall.min(took.wall);
            cost.cpu = cost.cpu.min(took.cpu);
            cost.mib = cost.mib.max(took.mib);
        }
    }
    let of = |name: &str| {
        costs.iter().find(|(reading, _)| *reading == name).map(|(_, cost)| *cost).ok_or("no such reading")
    };
    let (base, check) = (of(LINES)?, of(CHECK)?);
    println!("           wall        processor      resident");
    for (reading, Cost { wall, cpu, mib }) in costs {
        let (walls, cpus) = (wall / base.wall, cpu / base.cpu);
        println!("{reading:6} {wall:>6.2} s {walls:>4.2}   {cpu:>6.2} s {cpus:>4.2}   {mib:>6.1} MiB");
    }
    let ratio = check.wall / base.wall;
    println!("check / lines {ratio:.2} of wall time (promised: at most {MOST_RATIO})");
    println!("resident {:.1} MiB (promised: at most {MOST_MIB})", check.mib);
    Ok(ratio <= MOST_RATIO && check.mib > 0.0 && check.mib <= MOST_MIB)
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
            events += u64::from(Seen::received(raw, None).event().is_some());
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

/// Reads the file once, watched from outside.
fn in_own_process(reading: &str, file: &Path) -> Outcome<Cost> {
    let mut command = if reading == CHECK {
        let mut command = Command::new(env!("CARGO_BIN_EXE_goldenpath"));
        command.arg("check");
        command
    } else {
        let mut command = Command::new(std::env::current_exe()?);
        command.args(["only", reading]);
        command
    };
    let before = ended_children_seconds()?;
    let begun = Instant::now();
    let mut child = command.arg(file).stdin(Stdio::null()).stdout(Stdio::null()).spawn()?;
    let status = PathBuf::from(format!("/proc/{}/status", child.id()));
    // It ends when the process has: then it holds no memory.
    let watch = thread::spawn(move || {
        let mut peak = 0.0;
        while let Some(now) = peak_mib(&status) {
            peak = now;
            thread::sleep(LOOK);
        }
        peak
    });
    let ended = child.wait()?;
    let wall = begun.elapsed().as_secs_f64();
    let mib = watch.join().map_err(|_| "the watch panicked")?;
    // Such a history shows nothing wrong, but not all that a release needs.
    let well = ended.success() || reading == CHECK && ended.code() == Some(INCONCLUSIVE);
    if !well {
        return Err(format!("`{reading}` ended with {ended}").into());
    }
    Ok(Cost { wall, cpu: ended_children_seconds()? - before, mib })
}

/// The time that all processes which this one started and saw end spent on a processor.
fn ended_children_seconds() -> Outcome<f64> {
    let said = std::fs::read_to_string("/proc/self/stat")?;
    // Behind the name, which may hold anything but is in brackets: the state, then figures.
    let figures = said.rsplit_once(')').ok_or("no name in `/proc/self/stat`")?.1;
    let ticks = figures.split_whitespace().skip(13).take(2).map(str::parse::<f64>).sum::<Result<f64, _>>()?;
    Ok(ticks / TICKS_PER_SECOND)
}

/// The most memory that a process ever held, in MiB, while there is such a process.
fn peak_mib(status: &Path) -> Option<f64> {
    let status = std::fs::read_to_string(status).ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    let kib: f64 = line.trim().trim_end_matches("kB").trim().parse().ok()?;
    Some(kib / 1_024.0)
}

fn read_as(reading: &str, file: &Path) -> Outcome<()> {
    match reading {
        LINES => parse(file, false),
        "events" => parse(file, true),
        "reader" => read(file),
        "judge" => judge(file),
        other => Err(format!("no reading is called `{other}`").into()),
    }
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
    std::hint::black_box(judge.finish());
    Ok(())
}
