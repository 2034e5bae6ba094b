//! What an idle connection costs: resident memory of a server with thousands of them, the server in a process of its own.
//!
//! Every connection is another user's, the dearest case. The server has its default limits: clients come from many
//! loopback addresses. Memory is read when all are greeted, and again when each has had a heartbeat and answered a ping.
//!
//! `cargo bench -p goldenpath-gateway --bench idle`. Needs Linux, for `/proc`.

use futures_util::StreamExt as _;
use goldenpath_agent::{Analyst, GeneratedBilling};
use goldenpath_gateway::auth::TokenVerifier;
use goldenpath_gateway::{Clock as _, GatewayConfig, Parts, Server, SystemClock};
use goldenpath_storage::{LogLimits, MemoryEventLog, SqliteStore};
use rustix::process::{Resource, getrlimit, setrlimit};
use std::error::Error;
use std::io::{BufRead as _, BufReader, Read as _};
use std::net::{Ipv4Addr, SocketAddr};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::time::Duration;
use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::client::IntoClientRequest as _;
use tokio_tungstenite::tungstenite::protocol::WebSocketConfig;

type Outcome<T> = Result<T, Box<dyn Error + Send + Sync>>;

const CONNECTIONS: u32 = 5_000;
/// Beside those of the connections: files of the runtime and the store.
const OTHER_FILES: u64 = 100;
const MOST_KIB: f64 = 12.0;
const PER_ADDRESS: u32 = 100;
const SERVE: &str = "serve";
const SECRET: &[u8] = b"a secret of a bench: thirty-two bytes";
const NAME: &str = "goldenpath";
/// For all connections together: greetings, or heartbeats.
const PATIENCE: Duration = Duration::from_secs(90);

fn main() -> Outcome<()> {
    raise_file_limit()?;
    let runtime = tokio::runtime::Runtime::new()?;
    if std::env::args().any(|argument| argument == SERVE) {
        return runtime.block_on(serve());
    }
    runtime.block_on(measure())
}

/// A socket is an open file, in either process.
fn raise_file_limit() -> Outcome<()> {
    let needed = u64::from(CONNECTIONS) + OTHER_FILES;
    let mut limit = getrlimit(Resource::Nofile);
    if limit.current.is_some_and(|current| current < needed) {
        limit.current = limit.maximum;
        setrlimit(Resource::Nofile, limit)?;
    }
    match getrlimit(Resource::Nofile).current {
        Some(current) if current < needed => {
            Err(format!("failed to measure: {current} open files are allowed, {needed} are needed (hint: `ulimit -Hn {needed}` as root)").into())
        }
        _ => Ok(()),
    }
}

/// The server process: tells its port, and lives until nobody holds its input.
async fn serve() -> Outcome<()> {
    let parts = Parts {
        store: Arc::new(SqliteStore::in_memory().await?),
        log: Arc::new(MemoryEventLog::new(LogLimits::default(), Arc::new(|| SystemClock.now()))),
        agent: Arc::new(Analyst::new(Arc::new(GeneratedBilling::default()))),
        verifier: Arc::new(TokenVerifier::hs256(SECRET, NAME, NAME)),
        tls: None,
        config: GatewayConfig::default(),
        clock: Arc::new(SystemClock),
    };
    let server = Server::start(TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?, parts).await?;
    println!("{}", server.addr());
    tokio::task::spawn_blocking(|| std::io::stdin().read_to_end(&mut Vec::new())).await??;
    Ok(())
}

async fn measure() -> Outcome<()> {
    let (server, address) = ServerProcess::start()?;
    let mut clients = Clients::of(address);
    // Whatever is made once, for the first connection, is not the price of one more.
    clients.connect(0).await?;
    clients.wait_for(Seen::Greetings, 1).await?;
    let before = server.resident_kib()?;
    for user in 1..=CONNECTIONS {
        clients.connect(user).await?;
    }
    clients.wait_for(Seen::Greetings, CONNECTIONS + 1).await?;
    let greeted = server.resident_kib()?;
    clients.wait_for(Seen::Heartbeats, CONNECTIONS + 1).await?;
    let rested = server.resident_kib()?;

    let each = |after: u64| after.saturating_sub(before) as f64 / f64::from(CONNECTIONS);
    println!("connections     {CONNECTIONS:>8}, each another user's");
    println!("before          {before:>8} KiB resident");
    println!("all greeted     {greeted:>8} KiB resident, {:>5.2} KiB each", each(greeted));
    println!("a heartbeat on  {rested:>8} KiB resident, {:>5.2} KiB each", each(rested));
    let most = each(greeted).max(each(rested));
    println!("idle connection {most:>8.2} KiB (promised: at most {MOST_KIB})");
    if most > MOST_KIB {
        return Err(format!("an idle connection costs {most:.2} KiB, {MOST_KIB} are promised").into());
    }
    Ok(())
}

/// This program again, as the server; it ends when this is dropped.
struct ServerProcess(Child);

impl ServerProcess {
    fn start() -> Outcome<(Self, SocketAddr)> {
        let mut child = Command::new(std::env::current_exe()?)
            .arg(SERVE)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()?;
        let told = child.stdout.take().ok_or("the server has no output")?;
        let this = Self(child);
        let mut address = String::new();
        BufReader::new(told).read_line(&mut address)?;
        Ok((this, address.trim().parse()?))
    }

    fn resident_kib(&self) -> Outcome<u64> {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.0.id()))?;
        let line =
            status.lines().find_map(|line| line.strip_prefix("VmRSS:")).ok_or("no `VmRSS` in `/proc`")?;
        Ok(line.trim().trim_end_matches("kB").trim().parse()?)
    }
}

impl Drop for ServerProcess {
    fn drop(&mut self) {
        drop(self.0.stdin.take());
        // Either ends it; one that ended already cannot be killed.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// What all clients saw together.
#[derive(Debug, Clone, Copy)]
enum Seen {
    Greetings,
    Heartbeats,
}

/// Clients that read and answer pings, and ask nothing.
struct Clients {
    address: SocketAddr,
    seen: watch::Sender<[u32; 2]>,
    reading: JoinSet<()>,
}

impl Clients {
    fn of(address: SocketAddr) -> Self {
        Self { address, seen: watch::Sender::new([0; 2]), reading: JoinSet::new() }
    }

    async fn connect(&mut self, user: u32) -> Outcome<()> {
        let socket = TcpSocket::new_v4()?;
        let [high, low] = u16::try_from(user / PER_ADDRESS + 1)?.to_be_bytes();
        socket.bind((Ipv4Addr::new(127, 1, high, low), 0).into())?;
        let stream = socket.connect(self.address).await?;
        let mut request = format!("ws://{}/ws", self.address).into_client_request()?;
        let bearer = format!("Bearer {}", token(&format!("user-{user}"))?);
        request.headers_mut().insert("authorization", bearer.parse()?);
        let small = WebSocketConfig::default().read_buffer_size(1 << 10).write_buffer_size(0);
        let (socket, _) = tokio_tungstenite::client_async_with_config(request, stream, Some(small)).await?;
        self.reading.spawn(read(socket, self.seen.clone()));
        Ok(())
    }

    /// Waits until `count` of them have been seen; a client that ends is one that will never see anything.
    async fn wait_for(&mut self, what: Seen, count: u32) -> Outcome<()> {
        let mut seen = self.seen.subscribe();
        let reached = seen.wait_for(|seen| seen[what as usize] >= count);
        tokio::select! {
            reached = tokio::time::timeout(PATIENCE, reached) => {
                reached.map_err(|_| format!("waited {PATIENCE:?} for {count} {what:?}"))??;
                Ok(())
            }
            Some(_) = self.reading.join_next() => Err("the server closed a connection".into()),
        }
    }
}

/// Counts the first of each kind until the server closes. Reading answers the pings.
async fn read(mut socket: WebSocketStream<TcpStream>, seen: watch::Sender<[u32; 2]>) {
    let mut had = [false; 2];
    while let Some(Ok(message)) = socket.next().await {
        let Message::Text(text) = message else { continue };
        let what = if text.contains(r#""connection_established""#) {
            Seen::Greetings
        } else if text.contains(r#""heartbeat""#) {
            Seen::Heartbeats
        } else {
            continue;
        };
        if !std::mem::replace(&mut had[what as usize], true) {
            seen.send_modify(|seen| seen[what as usize] += 1);
        }
    }
}

fn token(user: &str) -> Outcome<String> {
    let now = SystemClock.now().unix_ms() / 1_000;
    let claims = serde_json::json!({
        "iss": NAME, "aud": NAME, "sub": user, "iat": now, "exp": now + 900, "jti": format!("jti-{user}"),
        "scope": "chat agents", "tier": "mid"
    });
    let key = jsonwebtoken::EncodingKey::from_secret(SECRET);
    Ok(jsonwebtoken::encode(&jsonwebtoken::Header::new(jsonwebtoken::Algorithm::HS256), &claims, &key)?)
}
