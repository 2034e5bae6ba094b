//! Writes down what every client did and saw, in order, beside the live judgment.
//!
//! One thread owns the file and the observer: what is judged live is exactly what is written, line by line. The file grows as
//! `NAME.partial`, readable after each second, and gets its name when it is whole.

use crate::compressed::Compressed;
use crate::queue::{Batch, Closed, Queue, Taken};
use crate::secrets::Secrets;
use crate::{SessionClock, Token};
use goldenpath_history::{
    Direction, HISTORY_VERSION, Header, HistoryWriter, RECORDING, RECORDING_BEGUN, RECORDING_ENDED, Record,
    RecordKind, redact_known,
};
use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

/// Sees every record with its line number, in the order of the file.
pub type Observer = Box<dyn FnMut(u64, &Record<'_>) + Send>;

/// How often what was written is made readable.
const FLUSH_EVERY: Duration = Duration::from_secs(1);

/// How long a reader waits for the writer before records may be lost.
const CATCH_UP: Duration = Duration::from_secs(5);

/// Why a history could not be kept.
#[derive(Debug, thiserror::Error)]
pub enum RecorderError {
    /// The file could not be made.
    #[error("failed to create `{}`: {why}", path.display())]
    Create {
        /// The file.
        path: PathBuf,
        /// Why.
        why: io::Error,
    },
    /// The file could not be written to its end, or not be given its name.
    #[error("failed to write `{}`: {why}", path.display())]
    Write {
        /// The file.
        path: PathBuf,
        /// Why.
        why: io::Error,
    },
    /// The writing thread is gone.
    #[error("failed to record: the writing thread ended early")]
    Gone,
}

/// What a finished recording leaves.
#[derive(Debug)]
pub struct Finished {
    /// The history's file, where one was asked for.
    pub path: Option<PathBuf>,
    /// The records, where they were kept in memory.
    pub records: Vec<Record<'static>>,
    /// The lines written, the header among them.
    pub lines: u64,
    /// Records that the capture itself lost.
    pub lost: u64,
}

/// Takes records from clients; cheap to clone.
#[derive(Debug, Clone)]
pub struct Recorder {
    queue: Arc<Queue>,
    conns: Arc<AtomicU32>,
    secrets: Arc<Secrets>,
}

impl Recorder {
    /// Nanoseconds since the session began.
    #[must_use]
    pub fn now_ns(&self) -> u64 {
        self.queue.clock().now_ns()
    }

    /// The session's clock.
    #[must_use]
    pub fn clock(&self) -> SessionClock {
        *self.queue.clock()
    }

    /// Stamps and keeps a record, without the secrets in its texts; gives the stamp.
    pub fn record(&self, conn: Option<u32>, user: Option<&str>, kind: RecordKind<'static>) -> u64 {
        let kind = self.secrets.out_of(kind);
        let size = match &kind {
            RecordKind::Frame { raw, .. } => raw.len(),
            RecordKind::Mark { note: Some(note), .. } => note.len(),
            _ => 0,
        };
        let user = user.map(|user| Cow::Owned(user.to_owned()));
        self.queue.push_record(size, |t_ns| Record { t_ns, conn, user, kind })
    }

    /// Keeps a mark: the start of a category, a probe and its answer.
    pub fn mark(
        &self,
        conn: Option<u32>,
        user: Option<&str>,
        name: &'static str,
        note: Option<String>,
    ) -> u64 {
        self.record(conn, user, RecordKind::Mark { name: name.into(), note: note.map(Cow::Owned) })
    }

    /// Keeps a measured quantity.
    pub fn sample(&self, name: impl Into<Cow<'static, str>>, value: f64) -> u64 {
        self.record(None, None, RecordKind::Sample { name: name.into(), value })
    }

    /// Waits for a writer that is far behind, and records how long: what was read late was not late.
    pub(crate) async fn catch_up(&self) {
        if !self.queue.is_behind() {
            return;
        }
        let begun = Instant::now();
        // A writer that is still behind then loses records, and counts them.
        let _ = tokio::time::timeout(CATCH_UP, self.queue.caught_up()).await;
        self.sample("scheduler_lag_ms", begun.elapsed().as_secs_f64() * 1e3);
    }

    /// A token that is about to be shown: nothing that is recorded from now on holds it.
    pub(crate) fn hide(&self, token: &Token) {
        self.secrets.keep(token);
    }

    pub(crate) fn secrets(&self) -> &Secrets {
        &self.secrets
    }

    pub(crate) fn next_conn(&self) -> u32 {
        self.conns.fetch_add(1, Ordering::Relaxed) + 1
    }

    pub(crate) fn text_in(&self, conn: u32, user: &str, text: &str) -> u64 {
        self.queue.push_text(conn, user, text)
    }
}

/// A recording under way. Finish it; one that is dropped leaves a readable `.partial`.
#[derive(Debug)]
#[must_use = "a recording that is dropped stays partial"]
pub struct Recording {
    recorder: Recorder,
    kept: Option<Arc<Mutex<Vec<Record<'static>>>>>,
    path: Option<PathBuf>,
    thread: Option<JoinHandle<Written>>,
}

impl Recording {
    /// Begins a recording into `path` (zstd; `None`: no file), seen by `observer` on the way.
    ///
    /// The header gets the wall clock of the session's beginning.
    ///
    /// # Errors
    /// When the file cannot be made.
    pub fn start(
        header: &Header,
        path: Option<&Path>,
        observer: Option<Observer>,
    ) -> Result<Self, RecorderError> {
        Self::begin(SessionClock::start(), header, path, observer, None)
    }

    /// The same, on a clock that runs already.
    ///
    /// # Errors
    /// When the file cannot be made.
    pub fn start_at(
        clock: SessionClock,
        header: &Header,
        path: Option<&Path>,
        observer: Option<Observer>,
    ) -> Result<Self, RecorderError> {
        Self::begin(clock, header, path, observer, None)
    }

    /// Begins a recording that is only kept in memory.
    ///
    /// # Errors
    /// When its thread cannot be started.
    pub fn in_memory() -> Result<Self, RecorderError> {
        Self::in_memory_at(SessionClock::start())
    }

    /// The same, on a clock that runs already.
    ///
    /// # Errors
    /// When its thread cannot be started.
    pub fn in_memory_at(clock: SessionClock) -> Result<Self, RecorderError> {
        let header = Header {
            history: HISTORY_VERSION,
            session_id: "memory".to_owned(),
            target: String::new(),
            profile: "goldenpath".to_owned(),
            seed: 0,
            limits: BTreeMap::new(),
            t0_unix_ms: None,
            auth_mode: None,
            categories: Vec::new(),
            sla: false,
            not_observable: BTreeMap::new(),
            witness: None,
        };
        Self::begin(clock, &header, None, None, Some(Arc::default()))
    }

    fn begin(
        clock: SessionClock,
        header: &Header,
        path: Option<&Path>,
        observer: Option<Observer>,
        kept: Option<Arc<Mutex<Vec<Record<'static>>>>>,
    ) -> Result<Self, RecorderError> {
        let mut header = header.clone();
        header.t0_unix_ms = Some(clock.t0_unix_ms());
        let file = match path {
            Some(path) => {
                let partial = partial(path);
                let refuse = |why| RecorderError::Create { path: partial.clone(), why };
                Some(create(&partial, &header).map_err(refuse)?)
            }
            None => None,
        };
        let queue = Arc::new(Queue::new(clock));
        let secrets = Arc::new(Secrets::default());
        let writer = Writer {
            file,
            observer,
            kept: kept.clone(),
            secrets: secrets.clone(),
            lines: 1,
            lost: 0,
            failed: None,
        };
        let from = queue.clone();
        // Stamped before anybody can record, not when the thread gets to run: no line is later than the one after it.
        let begun = clock.now_ns();
        let thread = std::thread::Builder::new()
            .name("goldenpath-recorder".to_owned())
            .spawn(move || writer.run(&from, begun))
            .map_err(|_| RecorderError::Gone)?;
        let recorder = Recorder { queue, conns: Arc::default(), secrets };
        Ok(Self { recorder, kept, path: path.map(Path::to_owned), thread: Some(thread) })
    }

    /// A handle for clients.
    #[must_use]
    pub fn recorder(&self) -> Recorder {
        self.recorder.clone()
    }

    /// The records so far, where they are kept in memory; the last 25 ms may be missing.
    #[must_use]
    pub fn snapshot(&self) -> Vec<Record<'static>> {
        let kept = self.kept.as_ref();
        kept.map(|kept| kept.lock().unwrap_or_else(PoisonError::into_inner).clone()).unwrap_or_default()
    }

    /// Writes what is left and gives the file its name. Records that come later are lost. Blocks for the last write.
    ///
    /// # Errors
    /// When anything could not be written; the `.partial` then holds what could.
    pub fn finish(mut self) -> Result<Finished, RecorderError> {
        self.recorder.queue.close(Closed::Finished);
        let written = self.stop().ok_or(RecorderError::Gone)?;
        let path = self.path.take();
        if let Some(path) = &path {
            let refuse = |why| RecorderError::Write { path: path.clone(), why };
            written.end.map_err(refuse)?;
            std::fs::rename(partial(path), path).map_err(refuse)?;
        }
        let kept = self.kept.take();
        let records =
            kept.map(|kept| std::mem::take(&mut *kept.lock().unwrap_or_else(PoisonError::into_inner)));
        Ok(Finished { path, records: records.unwrap_or_default(), lines: written.lines, lost: written.lost })
    }

    fn stop(&mut self) -> Option<Written> {
        self.thread.take()?.join().ok()
    }
}

impl Drop for Recording {
    fn drop(&mut self) {
        self.recorder.queue.close(Closed::Dropped);
        self.stop();
    }
}

/// The name while it grows.
fn partial(path: &Path) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(".partial");
    name.into()
}

type Output = HistoryWriter<Compressed>;

fn create(path: &Path, header: &Header) -> io::Result<Output> {
    let mut options = File::options();
    options.write(true).create(true).truncate(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    HistoryWriter::plain(Compressed::into(options.open(path)?)?, header)
}

fn complete(output: Output) -> io::Result<()> {
    output.finish()?.into_file().sync_all()
}

struct Writer {
    file: Option<Output>,
    observer: Option<Observer>,
    kept: Option<Arc<Mutex<Vec<Record<'static>>>>>,
    secrets: Arc<Secrets>,
    lines: u64,
    lost: u64,
    failed: Option<io::Error>,
}

/// Ends the queue with the thread that empties it, be it by a panic.
struct Over<'a>(&'a Queue);

impl Drop for Over<'_> {
    fn drop(&mut self) {
        self.0.close(Closed::Dropped);
    }
}

/// How the writing thread ended.
struct Written {
    end: io::Result<()>,
    lines: u64,
    lost: u64,
}

impl std::fmt::Debug for Written {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Written").field("lines", &self.lines).finish_non_exhaustive()
    }
}

impl Writer {
    fn run(mut self, queue: &Queue, begun: u64) -> Written {
        // However this thread ends, nobody waits for it any more.
        let _over = Over(queue);
        let secrets = self.secrets.clone();
        let mut batch = Batch::default();
        let mut flushed = Instant::now();
        self.mark(begun, RECORDING_BEGUN);
        loop {
            let turn = queue.take(&mut batch);
            let known = secrets.known();
            batch.for_each(|taken| match taken {
                Taken::TextIn { t_ns, conn, user, text } => {
                    let kind = RecordKind::Frame {
                        dir: Direction::In,
                        raw: redact_known(text, &known),
                        opcode: None,
                    };
                    self.keep(&Record { t_ns, conn: Some(conn), user: Some(Cow::Borrowed(user)), kind });
                }
                Taken::Other(record) => self.keep(record),
            });
            batch.clear();
            if turn.lost > 0 {
                self.lost += turn.lost;
                let kind = RecordKind::Lost { count: turn.lost, why: "the writer fell behind".into() };
                self.keep(&Record { t_ns: turn.t_ns, conn: None, user: None, kind });
            }
            if let Some(how) = turn.closed {
                // Without its mark a recording that was given up reads as cut, under whatever name.
                if how == Closed::Finished {
                    self.mark(turn.t_ns, RECORDING_ENDED);
                }
                break;
            }
            if flushed.elapsed() >= FLUSH_EVERY {
                self.write(HistoryWriter::flush);
                flushed = Instant::now();
            }
        }
        let end = match (self.failed, self.file) {
            (Some(why), _) => Err(why),
            (None, Some(output)) => complete(output),
            (None, None) => Ok(()),
        };
        Written { end, lines: self.lines, lost: self.lost }
    }

    /// Marks the file's beginning and end: a copy that ends without the second is cut, at whatever byte.
    fn mark(&mut self, t_ns: u64, note: &'static str) {
        if self.file.is_some() {
            let kind = RecordKind::Mark { name: RECORDING.into(), note: Some(note.into()) };
            self.keep(&Record { t_ns, conn: None, user: None, kind });
        }
    }

    fn keep(&mut self, record: &Record<'_>) {
        self.lines += 1;
        self.write(|output| output.write(record).map(|_| ()));
        if let Some(observer) = &mut self.observer {
            observer(self.lines, record);
        }
        if let Some(kept) = &self.kept {
            kept.lock().unwrap_or_else(PoisonError::into_inner).push(record.clone().into_owned());
        }
    }

    /// After the first failure nothing is written any more, so that the file ends where it broke.
    fn write(&mut self, write: impl FnOnce(&mut Output) -> io::Result<()>) {
        if let Some(output) = &mut self.file
            && self.failed.is_none()
            && let Err(why) = write(output)
        {
            self.failed = Some(why);
        }
    }
}
