//! One session: a backend, a proxy with a fault in front of it or with none, users, and the record of what they saw.

use super::script::Script;
use super::site::{Place, Site};
use crate::exit::CommandError;
use crate::validate::{CategoryEnd, Progress, Stage};
use goldenpath_checkers::Category;
use goldenpath_detection::Session as Sat;
use goldenpath_faults::{FaultInfo, Plan, Proxy, Receipt, ToxicSpec};
use goldenpath_harness::{Canary, Recorder, Recording, Sampler, Session, SessionClock};
use goldenpath_history::{FaultPhase, HISTORY_VERSION, Header, RecordKind};
use goldenpath_simulator::History;
use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::net::{TcpListener, TcpSocket};

/// Between two looks at the target's memory.
const SAMPLE_EVERY: Duration = Duration::from_secs(1);

/// The longest that a session may take.
const BOUND: Duration = Duration::from_secs(240);

/// What the kernel holds for one client of the proxy, in bytes…
const SEND_BUFFER: u32 = 64 << 10;

/// …and how many may wait to be accepted.
const BACKLOG: u32 = 256;

/// Why there is no session to judge.
#[derive(Debug, thiserror::Error)]
pub(crate) enum NoSession {
    /// Something of ours or of this machine.
    #[error("{0}")]
    Command(#[from] CommandError),
    /// The backend could not be reached, or let nobody in.
    #[error("{0}")]
    TargetUnavailable(String),
    /// Its users did not come to an end in time.
    #[error("the users of a session were not done after {} s", BOUND.as_secs())]
    TimedOut,
}

/// What a session's choices are made from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Seeds {
    /// The fault's, which the session is named by.
    pub(super) fault: u64,
    /// The users': another one for each row and attempt, so that no request id comes twice to one backend.
    pub(super) users: u64,
}

impl Seeds {
    /// Those of the `attempt`th session of that name.
    pub(super) fn of(name: &str, seed: u64, attempt: u64) -> Self {
        // FNV-1a: the same on every machine.
        let bytes = name.bytes().chain(seed.to_le_bytes()).chain(attempt.to_le_bytes());
        let users = bytes.fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
            (hash ^ u64::from(byte)).wrapping_mul(0x100_0000_01b3)
        });
        Self { fault: seed, users }
    }
}

/// What happened beside the record.
#[derive(Debug)]
pub(super) struct Notes(Mutex<Vec<String>>);

impl Progress for Notes {
    fn began(&self, _: Category, _: u64) {}
    fn step(&self) {}
    fn ended(&self, _: Category, _: &CategoryEnd) {}
    fn note(&self, text: &str) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).push(text.to_owned());
    }
    fn go_on(&self, _: Category) -> bool {
        true
    }
}

/// Drives one session, with the fault of a row or with none.
pub(super) async fn sit(
    site: &Site,
    script: &Script,
    row: Option<&'static FaultInfo>,
    seeds: Seeds,
) -> Result<Sat, NoSession> {
    let place = site.open(script, row.is_some(), seeds.fault).await?;
    let clock = SessionClock::start();
    let header = header(&place, script, row, seeds.fault, &clock);
    let recording = Recording::in_memory_at(clock).map_err(outside)?;
    let receipts: Arc<Mutex<Vec<Receipt>>> = Arc::default();
    let driven = drive(&place, script, row, seeds, &recording.recorder(), &receipts).await;
    place.close().await;
    let mut finished = recording.finish().map_err(outside)?;
    driven?;
    if site.is_embedded() {
        finished.records.retain(|record| !of_the_process(&record.kind));
    }
    let receipts = std::mem::take(&mut *receipts.lock().unwrap_or_else(PoisonError::into_inner));
    Ok(Sat { history: History { header, records: finished.records }, receipts })
}

/// Whether it is a gauge of the whole process: many backends share this one, so it tells nothing of a single one.
fn of_the_process(kind: &RecordKind<'_>) -> bool {
    matches!(kind, RecordKind::Sample { name, .. } if name.starts_with("process_"))
}

fn outside(why: impl std::fmt::Display) -> NoSession {
    NoSession::Command(CommandError::Outside(why.to_string()))
}

fn header(
    place: &Place,
    script: &Script,
    row: Option<&'static FaultInfo>,
    seed: u64,
    clock: &SessionClock,
) -> Header {
    Header {
        history: HISTORY_VERSION,
        session_id: format!("selftest-{}-{seed}", row.map_or("healthy", |row| row.id)),
        target: place.safe_url(),
        profile: "goldenpath".to_owned(),
        seed,
        limits: Default::default(),
        t0_unix_ms: Some(clock.t0_unix_ms()),
        auth_mode: Some(place.auth.mode.name().to_owned()),
        not_observable: Default::default(),
        categories: script.categories.iter().map(|category| category.as_str().to_owned()).collect(),
        sla: false,
        witness: None,
    }
}

async fn drive(
    place: &Place,
    script: &Script,
    row: Option<&'static FaultInfo>,
    seeds: Seeds,
    recorder: &Recorder,
    receipts: &Arc<Mutex<Vec<Receipt>>>,
) -> Result<(), NoSession> {
    let mut plan = Plan::aware(seeds.fault);
    let mut keep = row.map(|row| keep(row, recorder.clone(), receipts.clone()));
    if let Some(row) = row {
        phase(recorder, row, FaultPhase::Begin, None);
    }
    if let Some(row) = row.filter(|_| script.inside.is_none()) {
        plan = plan.fault(row);
        if let Some(keep) = keep.take() {
            plan = plan.receipts(keep);
        }
    }
    if let Some(ca) = &place.ca {
        plan = plan.trusting(ca.to_vec());
    }
    if let Some(from) = script.silent_from {
        let silence = format!("{}:{}", from.as_millis(), BOUND.as_millis());
        plan = plan.toxic(ToxicSpec::new("partition_up", &silence).map_err(outside)?);
    }
    let listener = listen().map_err(outside)?;
    let proxy = Proxy::start(listener, &place.upstream, plan).await.map_err(outside)?;
    let target = place.behind(&proxy.ws_url()).map_err(outside)?;
    let session = Session::new(target, place.auth.clone(), recorder.clone());
    let stage = Stage::new(script.plan(seeds.users), session, Arc::new(Notes(Mutex::default())));
    let done = tokio::time::timeout(BOUND, act(&stage, script, place)).await;
    proxy.stop().await;
    // What was done inside is told at the end.
    if let Some(mut keep) = keep {
        // At the door nobody has a name yet: it is whoever shows the tokens of the session.
        let at_the_door = stage.spare().map(|user| user.name().to_string());
        for receipt in place.receipts().await {
            let nameless = receipt.user.is_none() && receipt.run_id.is_none();
            let user = if nameless { at_the_door.clone() } else { receipt.user.clone() };
            keep(Receipt { user, ..receipt });
        }
    }
    if let Some(row) = row {
        phase(recorder, row, FaultPhase::End, None);
    }
    // Where a fault acted, users who get nowhere are what it did.
    let acted = !receipts.lock().unwrap_or_else(PoisonError::into_inner).is_empty();
    match (done, stage.turned_away()) {
        (Err(_), _) => Err(NoSession::TimedOut),
        (Ok(_), _) if acted => Ok(()),
        (Ok(Err(why)), _) | (Ok(Ok(())), Some(why)) => Err(NoSession::TargetUnavailable(why)),
        (Ok(Ok(())), None) => Ok(()),
    }
}

/// Where the proxy listens. What it accepts buffers little: who does not read is noticed after so much, not after megabytes.
fn listen() -> io::Result<TcpListener> {
    let socket = TcpSocket::new_v4()?;
    socket.set_send_buffer_size(SEND_BUFFER)?;
    socket.bind(SocketAddr::from((Ipv4Addr::LOCALHOST, 0)))?;
    socket.listen(BACKLOG)
}

async fn act(stage: &Stage, script: &Script, place: &Place) -> Result<(), String> {
    let recorder = stage.recorder().clone();
    let _canary = Canary::start(recorder.clone());
    let _sampler = stage.probe().map(|probe| Sampler::start(probe.clone(), recorder, SAMPLE_EVERY));
    for act in &script.acts {
        act.done(stage, place).await?;
    }
    Ok(())
}

/// Keeps every receipt, and writes it down where it happened in the record.
fn keep(
    row: &'static FaultInfo,
    recorder: Recorder,
    receipts: Arc<Mutex<Vec<Receipt>>>,
) -> impl FnMut(Receipt) + Send + 'static {
    move |receipt| {
        // What silences the network is told by the marks of those who fell silent.
        if receipt.fault != row.id {
            return;
        }
        // A proxy counts its connections by itself; the record's numbers are the clients'.
        let receipt = Receipt { conn: None, t_ns: recorder.now_ns(), ..receipt };
        let note = serde_json::to_string(&receipt).unwrap_or_default();
        phase(&recorder, row, FaultPhase::Acted, Some(note));
        receipts.lock().unwrap_or_else(PoisonError::into_inner).push(receipt);
    }
}

fn phase(recorder: &Recorder, row: &FaultInfo, phase: FaultPhase, receipt: Option<String>) {
    let kind = RecordKind::Fault { id: row.id.into(), phase, receipt: receipt.map(Into::into) };
    recorder.record(None, None, kind);
}
