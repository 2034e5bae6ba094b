//! `serve`: the reference backend as a process, and the same backend inside another command.

mod auth;
mod tls;

use crate::args::{Format, ServeArgs};
use crate::data_dir::DataDir;
use crate::exit::{CommandError, Exit};
use crate::interrupt::Interrupt;
use crate::nearest::unknown;
use crate::output::Output;
use crate::thinking::Thinker;
use crate::validate::{Doing, OwnTarget};
use goldenpath_agent::{Agent, Analyst, BillingSource, GeneratedBilling, ImportedBilling};
use goldenpath_gateway::auth::{Authenticator, TokenVerifier, secret};
use goldenpath_gateway::{
    Clock, GatewayConfig, InvalidNetwork, Network, Parts, Server, ServerHandle, SystemClock,
};
use goldenpath_storage::{
    EventLog, LogLimits, MemoryEventLog, OpenError, OpenLogError, RedisEventLog, RedisLogSettings, SCHEMES,
    SqliteStore, Store, open_store,
};
use rand::Rng;
use rustls::ServerConfig;
use serde_json::json;
use std::io::{ErrorKind, Write};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;
use tokio::net::TcpListener;
use tokio::sync::Mutex;
use tokio::time::Instant;

/// Issuer and audience of the embedded default.
const ISSUER: &str = "goldenpath";

/// How long the address of a server that stopped may still be held, and how often it is looked at.
const RELEASE: Duration = Duration::from_secs(5);
const LOOK: Duration = Duration::from_millis(20);

/// What cannot be served by this version, and says so.
fn check(args: &ServeArgs) -> Result<(), CommandError> {
    let known = |kind, value: &str, known: &[&str], later: &[&str]| {
        let first = value.split(':').next().unwrap_or(value);
        if known.contains(&first) {
            return Ok(());
        }
        if later.contains(&first) {
            let valid = known.join(", ");
            return Err(CommandError::Usage(format!(
                "the {kind} `{first}` is not supported by this version (valid: {valid})"
            )));
        }
        // What follows a scheme may be a password.
        Err(CommandError::Usage(unknown(kind, first, known)))
    };
    known("role", &args.role, &["all", "gateway", "auth"], &[])?;
    if args.auth.auth_listen.is_some() && args.role != "all" {
        let hint = "(hint: role `auth` listens where `--listen` says)";
        return Err(CommandError::Usage(format!("`--auth-listen` goes with `--role all` {hint}")));
    }
    known("log", &args.log, &["memory", "redis", "rediss"], &[])?;
    known("auth state", &args.auth.auth_state, &["memory", "redis", "rediss"], &[])?;
    args.store.as_deref().map_or(Ok(()), |store| known("store", store, SCHEMES, &[]))
}

/// Runs the reference backend until SIGTERM or Ctrl-C, then drains it.
pub(crate) async fn serve(args: &ServeArgs) -> Result<Exit, CommandError> {
    check(args)?;
    if args.role == "auth" {
        return serve_auth(args).await;
    }
    let thinker = Thinker::named(&args.model)?;
    let config = GatewayConfig { trusted_proxies: proxies(&args.trusted_proxy)?, ..GatewayConfig::default() };
    let usage = |what: String| {
        move |why: &dyn std::fmt::Display| CommandError::Usage(format!("failed to {what}: {why}"))
    };
    // First what leaves nothing behind when it is refused.
    let listener = TcpListener::bind(&args.listen)
        .await
        .map_err(|why| usage(format!("listen on `{}`", args.listen))(&why))?;
    let tls = tls::load(&args.tls)?;
    let imported = args.billing.as_deref().map(import).transpose()?;
    let given = std::env::var(secret::VARIABLE).ok();
    // Where everything lies elsewhere there is nothing to hold.
    let secret_elsewhere = given.is_some() || args.auth.auth_jwks_url.is_some();
    let unused =
        imported.is_some() && secret_elsewhere && args.store.is_some() && args.auth.auth_listen.is_none();
    let _held = if unused { None } else { Some(DataDir::hold(&args.data_dir)?) };
    let billing: Arc<dyn BillingSource> = match imported {
        Some(imported) => Arc::new(imported),
        None => {
            let truth = args.data_dir.join("truth");
            std::fs::create_dir_all(&truth)
                .map_err(|why| usage(format!("create `{}`", truth.display()))(&why))?;
            Arc::new(GeneratedBilling::with_truth_in(truth))
        }
    };
    let service = match &args.auth.auth_listen {
        Some(listen) => Some(auth::start(&args.auth, listen, &args.data_dir, tls.clone()).await?),
        None => None,
    };
    let verifier = match auth::by_published_keys(&args.auth, service.as_ref())? {
        Some(verifier) => verifier,
        None => {
            let key = secret::load(given, &args.data_dir)
                .map_err(|why| usage("read the signing key".to_owned())(&why))?;
            auth::by_secret(&args.auth, &key, ISSUER)
        }
    };
    let store = open(args).await.map_err(|why| usage("open the store".to_owned())(&why))?;
    let log = open_log(args).await.map_err(|why| usage("open the event log".to_owned())(&why))?;
    let agent = thinker.on(billing)?;
    let scheme = if tls.is_some() { "s" } else { "" };
    let server = start(listener, store, log, agent, verifier, tls, config).await?;
    // Before anybody knows that it is ready: who starts it may stop it right away.
    let interrupt = Interrupt::listen(Output::new(Format::Text), "draining (once more: at once)")?;
    ready(&server, scheme, service.as_ref())?;
    interrupt.token().cancelled().await;
    if !server.drain().await {
        tracing::warn!("not everything ended in time");
    }
    if let Some(service) = service {
        service.handle.stop().await;
    }
    Ok(Exit::Approved)
}

/// Who may say where a request comes from.
fn proxies(given: &[String]) -> Result<Vec<Network>, CommandError> {
    let named = |text: &String| text.trim().parse();
    given
        .iter()
        .map(named)
        .collect::<Result<_, InvalidNetwork>>()
        .map_err(|why| CommandError::Usage(format!("failed to use `--trusted-proxy`: {why}")))
}

/// Runs the auth service alone until SIGTERM or Ctrl-C.
async fn serve_auth(args: &ServeArgs) -> Result<Exit, CommandError> {
    let _held = DataDir::hold(&args.data_dir)?;
    let tls = tls::load(&args.tls)?;
    let service = auth::start(&args.auth, &args.listen, &args.data_dir, tls).await?;
    let interrupt = Interrupt::listen(Output::new(Format::Text), "stopping (once more: at once)")?;
    say(&json!({"ready": true, "http": service.url(), "pid": std::process::id()}))?;
    interrupt.token().cancelled().await;
    service.handle.stop().await;
    Ok(Exit::Approved)
}

/// The store that was named, else the one in the data directory.
async fn open(args: &ServeArgs) -> Result<Arc<dyn Store>, OpenError> {
    match &args.store {
        Some(url) => open_store(url).await,
        None => Ok(Arc::new(SqliteStore::open_file(&args.data_dir.join("goldenpath.db")).await?)),
    }
}

/// The event log that was named.
async fn open_log(args: &ServeArgs) -> Result<Arc<dyn EventLog>, OpenLogError> {
    if args.log == "memory" {
        return Ok(memory_log());
    }
    Ok(Arc::new(RedisEventLog::open(&args.log, RedisLogSettings::default()).await?))
}

fn memory_log() -> Arc<dyn EventLog> {
    Arc::new(MemoryEventLog::new(LogLimits::default(), Arc::new(|| SystemClock.now())))
}

fn import(path: &Path) -> Result<ImportedBilling, CommandError> {
    let billing = ImportedBilling::open(path).map_err(|why| {
        CommandError::Usage(format!("failed to read the billing data `{}`: {why}", path.display()))
    })?;
    for wrong in billing.rejected() {
        tracing::warn!("{}: line {}: {}", path.display(), wrong.line, wrong.why);
    }
    Ok(billing)
}

/// One line on stdout, when requests are answered; `s` as in `wss` and `https`, or nothing.
fn ready(server: &ServerHandle, s: &str, service: Option<&auth::Service>) -> Result<(), CommandError> {
    let mut line = json!({
        "ready": true,
        "ws": format!("ws{s}://{}/ws", server.addr()),
        "http": format!("http{s}://{}", server.addr()),
        "pid": std::process::id(),
    });
    if let Some(service) = service {
        line["auth"] = service.url().into();
    }
    say(&line)
}

fn say(line: &serde_json::Value) -> Result<(), CommandError> {
    let mut out = std::io::stdout().lock();
    writeln!(out, "{line}")
        .and_then(|()| out.flush())
        .map_err(|why| CommandError::Outside(format!("failed to say that the backend is ready: {why}")))
}

async fn start(
    listener: TcpListener,
    store: Arc<dyn Store>,
    log: Arc<dyn EventLog>,
    agent: Arc<dyn Agent>,
    verifier: Arc<dyn Authenticator>,
    tls: Option<Arc<ServerConfig>>,
    config: GatewayConfig,
) -> Result<ServerHandle, CommandError> {
    let parts = Parts { store, log, agent, verifier, tls, config, clock: Arc::new(SystemClock) };
    Server::start(listener, parts).await.map_err(|why| CommandError::Outside(why.to_string()))
}

/// The reference backend in this process: a free port, data in a directory of its own, a random secret. It is ours, so it
/// can be stopped and started again.
#[derive(Debug)]
pub(crate) struct EmbeddedBackend {
    addr: SocketAddr,
    secret: Vec<u8>,
    /// `None` while it is stopped.
    server: Mutex<Option<ServerHandle>>,
    data: ScratchDir,
    config: GatewayConfig,
    agent: Arc<dyn Agent>,
}

impl EmbeddedBackend {
    /// Starts it. Patience is the only thing in which it differs: a session waits for peers that are gone.
    pub(crate) async fn start() -> Result<Self, CommandError> {
        let agent = Analyst::new(Arc::new(GeneratedBilling::default()));
        let config = GatewayConfig {
            ping_interval: Duration::from_secs(5),
            pong_timeout: Duration::from_secs(3),
            write_stall: Duration::from_secs(5),
            ..GatewayConfig::default()
        };
        Self::start_with(config, Arc::new(agent)).await
    }

    /// Starts it with other limits and intervals, which its greeting tells, and with another agent.
    pub(crate) async fn start_with(
        config: GatewayConfig,
        agent: Arc<dyn Agent>,
    ) -> Result<Self, CommandError> {
        let outside = |why: &dyn std::fmt::Display| {
            CommandError::Outside(format!("failed to start the embedded backend: {why}"))
        };
        let data = ScratchDir::create().map_err(|why| outside(&why))?;
        let mut secret = vec![0_u8; 32];
        rand::rng().fill(secret.as_mut_slice());
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.map_err(|why| outside(&why))?;
        let server = Self::serve(listener, &data, &secret, config.clone(), agent.clone()).await?;
        Ok(Self { addr: server.addr(), secret, server: Mutex::new(Some(server)), data, config, agent })
    }

    async fn serve(
        listener: TcpListener,
        data: &ScratchDir,
        secret: &[u8],
        config: GatewayConfig,
        agent: Arc<dyn Agent>,
    ) -> Result<ServerHandle, CommandError> {
        let store = SqliteStore::open_file(&data.0.join("goldenpath.db")).await.map_err(|why| {
            CommandError::Outside(format!("failed to open the store of the embedded backend: {why}"))
        })?;
        let verifier = Arc::new(TokenVerifier::hs256(secret, ISSUER, ISSUER));
        start(listener, Arc::new(store), memory_log(), agent, verifier, None, config).await
    }

    /// Where it listens.
    pub(crate) fn url(&self) -> String {
        format!("ws://{}/ws", self.addr)
    }

    /// What its tokens are signed with.
    pub(crate) fn secret(&self) -> &[u8] {
        &self.secret
    }

    /// Stops it where it stands: nobody is connected any more. Its data go with it.
    pub(crate) async fn end(&self) {
        drop(self.server.lock().await.take());
    }
}

impl OwnTarget for EmbeddedBackend {
    fn stop(&self) -> Doing<'_, bool> {
        Box::pin(async {
            // Taken out, so that it is gone when this returns.
            let server = self.server.lock().await.take();
            match server {
                Some(server) => server.drain().await,
                None => true,
            }
        })
    }

    fn start(&self) -> Doing<'_, Result<(), String>> {
        Box::pin(async {
            let mut server = self.server.lock().await;
            if server.is_none() {
                let listener = listen_again(self.addr).await.map_err(|why| why.to_string())?;
                let started =
                    Self::serve(listener, &self.data, &self.secret, self.config.clone(), self.agent.clone())
                        .await;
                *server = Some(started.map_err(|why| why.to_string())?);
            }
            Ok(())
        })
    }
}

/// Listens where a server has just stopped to: the task that held the address may still be ending.
async fn listen_again(addr: SocketAddr) -> std::io::Result<TcpListener> {
    let until = Instant::now() + RELEASE;
    loop {
        match TcpListener::bind(addr).await {
            Err(why) if why.kind() == ErrorKind::AddrInUse && Instant::now() < until => {
                tokio::time::sleep(LOOK).await;
            }
            bound => return bound,
        }
    }
}

/// A directory that is removed with its owner.
#[derive(Debug)]
struct ScratchDir(PathBuf);

impl ScratchDir {
    fn create() -> std::io::Result<Self> {
        let path = std::env::temp_dir().join(format!("goldenpath-{}", uuid::Uuid::new_v4().simple()));
        let mut builder = std::fs::DirBuilder::new();
        #[cfg(unix)]
        std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
        builder.create(&path)?;
        Ok(Self(path))
    }
}

impl Drop for ScratchDir {
    fn drop(&mut self) {
        if let Err(why) = std::fs::remove_dir_all(&self.0) {
            tracing::debug!(%why, path = %self.0.display(), "failed to remove the embedded backend's data");
        }
    }
}
