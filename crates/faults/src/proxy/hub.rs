//! The one task that owns the fault: everything that passes on any connection goes through it as steps, in the order of time.

mod deliver;
mod feed;

use super::desk::Desk;
use super::heard::Heard;
use super::io::Ending;
use super::toxic::Way;
use crate::fault::Step;
use crate::injector::Injector;
use bytes::Bytes;
use http::StatusCode;
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;
use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::{OwnedSemaphorePermit, mpsc, oneshot};
use tokio_util::sync::CancellationToken;

/// What an answer becomes.
#[derive(Debug)]
pub(super) enum Answer {
    /// As it came.
    AsItCame,
    /// This one instead.
    Instead { status: StatusCode, body: String },
}

/// Who waits to give an answer; dropped when the answer never arrives.
pub(super) type Gate = oneshot::Sender<Answer>;

/// What a writer is handed.
#[derive(Debug)]
pub(super) enum Out {
    /// Bytes, and the leave to hold them, which goes back when they are written.
    Bytes(Vec<Bytes>, Option<OwnedSemaphorePermit>),
    /// Nothing more comes.
    End,
}

/// How bytes are laid out on a connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Layout {
    /// Frames.
    WebSocket,
    /// Events of a body.
    EventStream,
}

/// The sockets of a connection, as the hub holds them. Dropping it ends them when all is written.
#[derive(Debug)]
pub(super) struct Link {
    pub(super) layout: Layout,
    /// The writers, by [`Way::index`].
    pub(super) to: [mpsc::UnboundedSender<Out>; 2],
    /// Stops what reads, by the way that it reads.
    pub(super) stop: [CancellationToken; 2],
    /// Stops everything, whatever is still to be written.
    pub(super) kill: CancellationToken,
    /// How the client's socket ends.
    pub(super) ending: Ending,
}

/// What a step came in.
#[derive(Debug)]
pub(super) enum Origin {
    /// Frames, or one event of a body; `shell`: its lines without the data.
    Frames { way: Way, frames: Vec<Bytes>, shell: Option<String>, leave: Option<OwnedSemaphorePermit> },
    /// The end of a socket; broken: by a reset.
    End { way: Way, broken: bool },
    /// An answer that waits.
    Gate(Gate),
}

/// What the hub is told.
#[derive(Debug)]
pub(super) enum Input {
    /// The backend answered an upgrade, or a request for a stream.
    Opened { conn: u32, user: Option<String>, url: String, status: u16, body: Option<String>, gate: Gate },
    /// Both sides can be written to.
    Joined { conn: u32, link: Link },
    /// Something came.
    Heard { conn: u32, way: Way, heard: Heard, shell: Option<String>, leave: Option<OwnedSemaphorePermit> },
    /// The client does not take what is written to it, or takes it again.
    Reader { conn: u32, reads: bool },
    /// A side sends nothing more.
    Ended { conn: u32, way: Way, broken: bool },
    /// The backend answered a request for a run.
    Store { conn: u32, user: Option<String>, run_id: String, status: u16, body: String, gate: Gate },
}

/// A connection, as far as the hub knows it.
#[derive(Debug, Default)]
struct Conn {
    user: Option<String>,
    link: Option<Link>,
    /// The client asked for the end.
    client_closes: bool,
    /// Its end was fed.
    close_fed: bool,
    /// Its end has arrived.
    closed: bool,
    /// The fault ended it; what the client still says goes nowhere.
    cut: bool,
    /// Which sides send nothing more.
    ended: [bool; 2],
}

/// How long the end of a connection may take that the fault wants ended.
const FAREWELL_NS: u64 = 5_000_000_000;

/// The fault and its connections.
pub(super) struct Hub {
    desk: Arc<Desk>,
    injector: Injector<Origin>,
    conns: HashMap<u32, Conn>,
    /// When what is being ended ends at the latest.
    farewells: Vec<(u64, CancellationToken)>,
    masks: ChaCha8Rng,
}

impl Hub {
    pub(super) fn new(desk: Arc<Desk>, injector: Injector<Origin>) -> Self {
        let masks = ChaCha8Rng::seed_from_u64(desk.seed_of(u32::MAX));
        Self { desk, injector, conns: HashMap::new(), farewells: Vec::new(), masks }
    }

    /// Works until nobody can tell it anything any more.
    pub(super) async fn run(mut self, mut inputs: mpsc::Receiver<Input>) {
        loop {
            let due = self.next_due();
            let input = tokio::select! {
                biased;
                () = self.desk.wait_until(due.unwrap_or(Duration::MAX)), if due.is_some() => None,
                input = inputs.recv() => match input {
                    Some(input) => Some(input),
                    None => return,
                },
            };
            let now_ns = self.desk.now_ns();
            // What is due goes first: it came earlier.
            self.release(now_ns);
            if let Some(input) = input {
                self.take(now_ns, input);
                self.release(now_ns);
            }
            for receipt in self.injector.take_receipts() {
                self.desk.sign(receipt);
            }
        }
    }

    fn next_due(&self) -> Option<Duration> {
        let farewell = self.farewells.iter().map(|(due_ns, _)| *due_ns).min();
        let due_ns = self.injector.next_due_ns().into_iter().chain(farewell).min()?;
        Some(Duration::from_nanos(due_ns))
    }

    fn release(&mut self, now_ns: u64) {
        while let Some(due) = self.injector.take_due_with(now_ns) {
            self.deliver(due);
        }
        let over = self.farewells.extract_if(.., |(due_ns, _)| *due_ns <= now_ns);
        over.for_each(|(_, kill)| kill.cancel());
    }

    fn step(&self, now_ns: u64, conn: u32, kind: goldenpath_history::RecordKind<'static>) -> Step {
        let user = self.conns.get(&conn).and_then(|conn| conn.user.clone()).map(Into::into);
        Step { t_ns: now_ns, conn: Some(conn), user, kind }
    }
}
