//! What recording costs: events per CPU second of the recording client, history written, against a bare one.
//!
//! Both read the same flood from the same server, in turns. The server has a thread of its own, whose time is taken off.
//! The bare client has the same read buffer, parses each event into a typed struct and checks its order, and keeps nothing.

use futures_util::{SinkExt as _, StreamExt as _};
use goldenpath_harness::{Auth, Connect, Recording, Session, Target, TestUser};
use goldenpath_history::Header;
use serde::Deserialize;
use std::net::SocketAddr;
use std::path::Path;
use std::time::Duration;
use tokio::net::TcpListener;
use tokio::runtime::Runtime;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::protocol::WebSocketConfig;

const EVENTS: u64 = 200_000;
const ROUNDS: usize = 3;
const SERVER: &str = "flood-server";

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

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let server = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(1)
        .thread_name(SERVER)
        .enable_all()
        .build()?;
    let address = server.block_on(server.spawn(listen()))??;
    let clients = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let folder = std::env::temp_dir().join(format!("goldenpath-bench-{}", std::process::id()));
    std::fs::create_dir_all(&folder)?;
    let (mut bare, mut recording) = (Vec::new(), Vec::new());
    for _ in 0..ROUNDS {
        bare.push(rate(|| drive_bare(&clients, address))?);
        recording.push(rate(|| drive_recording(&clients, address, &folder.join("history.jsonl.zst")))?);
    }
    std::fs::remove_dir_all(&folder)?;
    let best = |rates: &[f64]| rates.iter().copied().fold(0.0, f64::max);
    let (bare, recording) = (best(&bare), best(&recording));
    println!("bare      {bare:>9.0} events per CPU second");
    println!("recording {recording:>9.0} events per CPU second");
    println!("ratio     {:>9.2} (promised: at least 0.50)", recording / bare);
    Ok(())
}

/// Floods whoever connects.
async fn listen() -> std::io::Result<SocketAddr> {
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let address = listener.local_addr()?;
    tokio::spawn(async move {
        while let Ok((tcp, _)) = listener.accept().await {
            tokio::spawn(async move {
                let Ok(mut socket) = tokio_tungstenite::accept_async(tcp).await else { return };
                for seq in 1..=EVENTS {
                    let event = format!(
                        "{{\"type\":\"agent_thinking\",\"event_id\":\"0190a1b2-c3d4-7e5f-8a9b-{seq:012}\",\"timestamp\":\"2026-01-31T23:59:59.999Z\",\
                         \"user_id\":\"gp-00000000-1\",\"thread_id\":\"0190a1b2-c3d4-7e5f-8a9b-0c1d2e3f4a5b\",\
                         \"run_id\":\"0190a1b2-c3d4-7e5f-8a9b-0c1d2e3f4a5c\",\"request_id\":\"0190a1b2-c3d4-7e5f-8a9b-0c1d2e3f4a5d\",\
                         \"seq\":{seq},\"offset\":{seq},\"agent_name\":\"analyst\",\"reasoning\":\"Comparing the spend of step {seq} with its list price\",\"step_number\":{seq}}}"
                    );
                    if socket.send(Message::text(event)).await.is_err() {
                        return;
                    }
                }
                while let Some(Ok(_)) = socket.next().await {}
            });
        }
    });
    Ok(address)
}

fn drive_bare(clients: &Runtime, address: SocketAddr) -> Result<(), Box<dyn std::error::Error>> {
    clients.block_on(async {
        let config = WebSocketConfig::default().read_buffer_size(4 << 10);
        let url = format!("ws://{address}/ws");
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

fn drive_recording(
    clients: &Runtime,
    address: SocketAddr,
    path: &Path,
) -> Result<(), Box<dyn std::error::Error>> {
    let header = Header::new("bench", "ws://flood/ws", "goldenpath");
    let recording = Recording::start(&header, Some(path), None)?;
    clients.block_on(async {
        let target = Target::new(&format!("ws://{address}/ws"))?;
        let session = Session::new(target, Auth::none(), recording.recorder());
        let client = session.connect(&TestUser::unauthenticated("ada"), Connect::fresh()).await?;
        let all = |view: &goldenpath_harness::View| (view.events == EVENTS).then_some(());
        client.wait_for("the whole flood", Duration::from_secs(60), all).await?;
        Ok::<(), Box<dyn std::error::Error>>(())
    })?;
    let finished = recording.finish()?;
    if finished.lost > 0 || finished.lines < EVENTS {
        return Err(format!("{} records were lost", finished.lost).into());
    }
    Ok(())
}

/// Events per second of processor time, the server's taken off.
fn rate(
    drive: impl FnOnce() -> Result<(), Box<dyn std::error::Error>>,
) -> Result<f64, Box<dyn std::error::Error>> {
    let before = (process_seconds()?, server_seconds()?);
    drive()?;
    let spent = (process_seconds()? - before.0) - (server_seconds()? - before.1);
    #[allow(clippy::cast_precision_loss, reason = "far below 2^53")]
    Ok(EVENTS as f64 / spent)
}

/// User and system time of the whole process, ended threads included. The kernel counts in hundredths of a second.
fn process_seconds() -> Result<f64, Box<dyn std::error::Error>> {
    let stat = std::fs::read_to_string("/proc/self/stat")?;
    let after_name = stat.rsplit_once(") ").ok_or("no name in /proc/self/stat")?.1;
    let mut fields = after_name.split(' ').skip(11);
    let mut next = || fields.next().ok_or("too few fields in /proc/self/stat");
    Ok((next()?.parse::<f64>()? + next()?.parse::<f64>()?) / 100.0)
}

fn server_seconds() -> Result<f64, Box<dyn std::error::Error>> {
    let mut nanoseconds = 0.0;
    for task in std::fs::read_dir("/proc/self/task")? {
        let task = task?.path();
        if std::fs::read_to_string(task.join("comm"))?.trim() == SERVER {
            let stat = std::fs::read_to_string(task.join("schedstat"))?;
            nanoseconds += stat.split(' ').next().ok_or("an empty schedstat")?.parse::<f64>()?;
        }
    }
    Ok(nanoseconds / 1e9)
}
