//! What recording costs: events per CPU second of the recording client, history written, against a bare one.
//!
//! Both read the same flood from the same server, in turns. The server is a process of its own, so what this process
//! spends, ended threads included, is the clients'. The bare client has the same read buffer, parses each event into a
//! typed struct and checks its order, and keeps nothing; the recording one writes each to a compressed history on disk.
//! `-- bare` or `-- recording` drives only the one, for a profiler.

use futures_util::{SinkExt as _, StreamExt as _};
use goldenpath_harness::{Auth, Connect, Recording, Session, Target, TestUser};
use goldenpath_history::{Header, HistoryReader};
use serde::Deserialize;
use std::error::Error;
use std::io::{BufRead as _, BufReader, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;
use tokio::net::{TcpListener, TcpStream};
use tokio::runtime::Runtime;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::protocol::WebSocketConfig;

/// Enough that the kernel's hundredths of a second are a percent of the shortest measurement.
const EVENTS: u64 = 1_000_000;
const ROUNDS: usize = 5;
const PROMISED: f64 = 0.5;

/// The argument that makes this program the server.
const SERVE: &str = "--serve";

#[derive(Deserialize)]
#[allow(dead_code, reason = "the fields are there to be parsed")]
struct Event<'a> {
    #[serde(rename = "type")]
    kind: &'a str,
    run_id: &'a str,
    event_id: &'a str,
    timestamp: &'a str,
    reasoning: &'a str,
    seq: u64,
    offset: u64,
}

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let asked = |name: &str| arguments.iter().any(|argument| argument == name);
    if asked(SERVE) {
        return serve();
    }
    let both = !asked("bare") && !asked("recording");
    let server = Server::start()?;
    let clients = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let folder = Folder::create()?;
    let history = folder.0.join("history.jsonl.zst");
    let (mut bare, mut recording, mut ratios) = (Vec::new(), Vec::new(), Vec::new());
    for _ in 0..ROUNDS {
        if both || asked("bare") {
            bare.push(rate(|| drive_bare(&clients, &server.url))?);
        }
        if both || asked("recording") {
            recording.push(rate(|| drive_recording(&clients, &server.url, &history))?);
        }
        // What else the machine does weighs on both of a round; rounds are not compared with each other.
        if let (true, Some(bare), Some(recording)) = (both, bare.last(), recording.last()) {
            ratios.push(recording / bare);
        }
    }
    if !recording.is_empty() {
        holds_everything(&history)?;
        println!("recording {:>9.0} events per CPU second", median(&mut recording));
    }
    if !bare.is_empty() {
        println!("bare      {:>9.0} events per CPU second", median(&mut bare));
    }
    if both {
        let ratio = median(&mut ratios);
        println!("ratio     {ratio:>9.2} (promised: at least {PROMISED:.2})");
        if ratio < PROMISED {
            return Err("recording costs more than is promised".into());
        }
    }
    Ok(())
}

fn median(values: &mut [f64]) -> f64 {
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or_default()
}

/// The flood's process; ended with this value.
struct Server {
    process: Child,
    url: String,
}

impl Server {
    fn start() -> Result<Self, Box<dyn Error>> {
        let mut process = Command::new(std::env::current_exe()?).arg(SERVE).stdout(Stdio::piped()).spawn()?;
        let stdout = process.stdout.take().ok_or("the server has no output")?;
        let mut server = Self { process, url: String::new() };
        BufReader::new(stdout).read_line(&mut server.url)?;
        server.url.truncate(server.url.trim_end().len());
        Ok(server)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // It may be gone already, and then there is nothing to end.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// The history's folder; removed with this value.
struct Folder(PathBuf);

impl Folder {
    fn create() -> std::io::Result<Self> {
        let path = std::env::temp_dir().join(format!("goldenpath-bench-{}", std::process::id()));
        std::fs::create_dir_all(&path)?;
        Ok(Self(path))
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

/// Says its address and floods whoever connects.
fn serve() -> Result<(), Box<dyn Error>> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        println!("ws://{}/ws", listener.local_addr()?);
        std::io::stdout().flush()?;
        loop {
            let (tcp, _) = listener.accept().await?;
            tokio::spawn(flood(tcp));
        }
    })
}

/// One run of events as a backend sends them: each in a frame of its own, flushed, with ids that no compressor foresees.
async fn flood(tcp: TcpStream) {
    let Ok(mut socket) = tokio_tungstenite::accept_async(tcp).await else { return };
    let mut random: u64 = 0x9e37_79b9_7f4a_7c15;
    for seq in 1..=EVENTS {
        random = random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        let (id, ms) = (random >> 16, seq / 7 % 1000);
        let event = format!(
            "{{\"type\":\"agent_thinking\",\"event_id\":\"0190a1b2-c3d4-7e5f-8a9b-{id:012x}\",\"timestamp\":\"2026-01-31T23:59:59.{ms:03}Z\",\
             \"user_id\":\"gp-00000000-1\",\"thread_id\":\"0190a1b2-c3d4-7e5f-8a9b-0c1d2e3f4a5b\",\
             \"run_id\":\"0190a1b2-c3d4-7e5f-8a9b-0c1d2e3f4a5c\",\"request_id\":\"0190a1b2-c3d4-7e5f-8a9b-0c1d2e3f4a5d\",\
             \"seq\":{seq},\"offset\":{seq},\"agent_name\":\"analyst\",\"reasoning\":\"Comparing the spend of step {seq} with its list price\",\"step_number\":{seq}}}"
        );
        if socket.send(Message::text(event)).await.is_err() {
            return;
        }
    }
    while let Some(Ok(_)) = socket.next().await {}
}

fn drive_bare(clients: &Runtime, url: &str) -> Result<(), Box<dyn Error>> {
    clients.block_on(async {
        let config = WebSocketConfig::default().read_buffer_size(4 << 10);
        let (mut socket, _) = tokio_tungstenite::connect_async_with_config(url, Some(config), true).await?;
        let mut last = 0;
        while last < EVENTS {
            let Some(message) = socket.next().await else { return Err("the flood ended early".into()) };
            if let Message::Text(text) = message? {
                let event: Event<'_> = serde_json::from_str(&text)?;
                if event.seq != last + 1 || event.offset != event.seq {
                    return Err("the flood is out of order".into());
                }
                last = event.seq;
            }
        }
        Ok(())
    })
}

fn drive_recording(clients: &Runtime, url: &str, path: &Path) -> Result<(), Box<dyn Error>> {
    let header = Header::new("bench", "ws://flood/ws", "goldenpath");
    let recording = Recording::start(&header, Some(path), None)?;
    clients.block_on(async {
        let session = Session::new(Target::new(url)?, Auth::none(), recording.recorder());
        let client = session.connect(&TestUser::unauthenticated("ada"), Connect::fresh()).await?;
        let all = |view: &goldenpath_harness::View| (view.events == EVENTS).then_some(());
        client.wait_for("the whole flood", Duration::from_secs(120), all).await?;
        Ok::<(), Box<dyn Error>>(())
    })?;
    let finished = recording.finish()?;
    if finished.lost > 0 || finished.lines < EVENTS {
        return Err(format!("{} records were lost", finished.lost).into());
    }
    Ok(())
}

/// The file of the last round, read back: speed that loses a record is worth nothing.
fn holds_everything(path: &Path) -> Result<(), Box<dyn Error>> {
    let mut reader = HistoryReader::open(BufReader::new(std::fs::File::open(path)?))?;
    let (mut frames, mut last) = (0, 0);
    while let Some(record) = reader.next() {
        let (_, record) = record?;
        if record.t_ns < last {
            return Err("the history goes back in time".into());
        }
        last = record.t_ns;
        if let goldenpath_history::RecordKind::Frame { raw, .. } = &record.kind {
            frames += 1;
            if serde_json::from_str::<Event<'_>>(raw)?.seq != frames {
                return Err(format!("frame {frames} is not where it belongs").into());
            }
        }
    }
    println!("history   {:>9} frames in {} bytes", frames, std::fs::metadata(path)?.len());
    if frames == EVENTS { Ok(()) } else { Err("the history is not whole".into()) }
}

/// Events per second of this process's time.
fn rate(drive: impl FnOnce() -> Result<(), Box<dyn Error>>) -> Result<f64, Box<dyn Error>> {
    let before = process_seconds()?;
    drive()?;
    #[allow(clippy::cast_precision_loss, reason = "far below 2^53")]
    Ok(EVENTS as f64 / (process_seconds()? - before))
}

/// User and system time of the whole process, ended threads included. The kernel counts in hundredths of a second.
fn process_seconds() -> Result<f64, Box<dyn Error>> {
    let stat = std::fs::read_to_string("/proc/self/stat")?;
    let after_name = stat.rsplit_once(") ").ok_or("no name in /proc/self/stat")?.1;
    let mut fields = after_name.split(' ').skip(11);
    let mut next = || fields.next().ok_or("too few fields in /proc/self/stat");
    Ok((next()?.parse::<f64>()? + next()?.parse::<f64>()?) / 100.0)
}
