//! Toxics: what can happen to bytes on their way. Each is a small file; a new one is a file and a row in [`TOXICS`].

mod bandwidth;
mod drop;
mod half_open;
mod latency;
mod partition;
mod reset;
mod slice;
mod slow_close;

use crate::receipt::Deed;
use std::time::Duration;

/// Which way bytes go.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Way {
    /// From the client to the backend.
    Up,
    /// From the backend to the client.
    Down,
}

impl Way {
    pub(super) fn index(self) -> usize {
        match self {
            Self::Up => 0,
            Self::Down => 1,
        }
    }
}

/// What becomes of a piece besides waiting.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Fate {
    /// It is written.
    Arrives,
    /// It is not, and nobody is told.
    Vanishes,
    /// The connection is reset, both ways.
    Resets,
}

/// What a toxic did to a piece.
#[derive(Debug)]
pub(super) struct Touch {
    pub(super) deed: Deed,
    pub(super) what: String,
}

/// Some bytes on their way, or the end of them; a toxic says what becomes of it.
#[derive(Debug)]
pub(super) struct Piece {
    way: Way,
    size: usize,
    now: Duration,
    pub(super) fate: Fate,
    /// When it may arrive, since the proxy began.
    pub(super) due: Duration,
    /// How many bytes are written at once.
    pub(super) slice: usize,
    pub(super) touches: Vec<Touch>,
}

impl Piece {
    /// `size` bytes that were read `now`; 0 is the end of the stream.
    pub(super) fn new(way: Way, size: usize, now: Duration) -> Self {
        let fate = Fate::Arrives;
        Self { way, size, now, fate, due: now, slice: usize::MAX, touches: Vec::new() }
    }

    fn is_end(&self) -> bool {
        self.size == 0
    }

    fn touch(&mut self, deed: Deed, what: String) {
        self.touches.push(Touch { deed, what });
    }

    /// It arrives no earlier than that. What follows it on its way waits too.
    fn wait_until(&mut self, due: Duration) {
        if due > self.due {
            let by = (due - self.due).as_millis();
            self.due = due;
            self.touch(Deed::Delayed, format!("{} waited {by} ms", self.name()));
        }
    }

    fn vanish(&mut self) {
        self.fate = Fate::Vanishes;
        self.touch(Deed::Lost, format!("{} vanished", self.name()));
    }

    fn reset(&mut self) {
        self.fate = Fate::Resets;
        self.touch(Deed::Cut, format!("the connection was reset before {}", self.name()));
    }

    fn cut_into(&mut self, bytes: usize) {
        if self.size > bytes {
            self.slice = self.slice.min(bytes);
            self.touch(Deed::Altered, format!("{} cut into pieces of {bytes}", self.name()));
        }
    }

    fn name(&self) -> String {
        match (self.size, self.way) {
            (0, Way::Up) => "the client's end".to_owned(),
            (0, Way::Down) => "the backend's end".to_owned(),
            (size, Way::Up) => format!("{size} bytes to the backend"),
            (size, Way::Down) => format!("{size} bytes to the client"),
        }
    }
}

/// One thing that can happen to the bytes of a connection, both ways.
pub(super) trait Toxic: Send {
    /// Sees a piece, and may say what becomes of it.
    fn touch(&mut self, piece: &mut Piece);
}

/// A kind of toxic.
#[derive(Clone, Copy)]
pub struct ToxicInfo {
    /// Its name on the command line.
    pub name: &'static str,
    /// What its value holds.
    pub value: &'static str,
    /// What it does.
    pub summary: &'static str,
    /// Makes one for a connection, from a value and a seed; `None`: the value makes no sense.
    make: fn(&str, u64) -> Option<Box<dyn Toxic>>,
}

impl std::fmt::Debug for ToxicInfo {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ToxicInfo")
            .field("name", &self.name)
            .field("value", &self.value)
            .finish_non_exhaustive()
    }
}

/// Every kind of toxic.
pub const TOXICS: &[ToxicInfo] = &[
    latency::INFO,
    bandwidth::INFO,
    drop::INFO,
    reset::INFO,
    half_open::INFO,
    slow_close::INFO,
    slice::INFO,
    partition::BOTH,
    partition::UP,
    partition::DOWN,
];

/// A toxic as it was asked for.
#[derive(Debug, Clone)]
pub struct ToxicSpec {
    info: &'static ToxicInfo,
    value: String,
}

/// No such toxic.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ToxicError {
    /// None has that name.
    #[error("unknown toxic `{0}`")]
    Unknown(String),
    /// Its value is of another form.
    #[error("toxic `{name}` can't be made of `{value}` (valid: {name}={form})")]
    Value {
        /// Its name.
        name: &'static str,
        /// What was given.
        value: String,
        /// What would have been valid.
        form: &'static str,
    },
}

impl ToxicSpec {
    /// The toxic of that name and value.
    ///
    /// # Errors
    /// There is none of that name, or the value is of another form.
    pub fn new(name: &str, value: &str) -> Result<Self, ToxicError> {
        let info = TOXICS.iter().find(|info| info.name == name);
        let info = info.ok_or_else(|| ToxicError::Unknown(name.to_owned()))?;
        if (info.make)(value, 0).is_none() {
            let value = value.to_owned();
            return Err(ToxicError::Value { name: info.name, value, form: info.value });
        }
        Ok(Self { info, value: value.to_owned() })
    }

    pub(super) fn name(&self) -> &'static str {
        self.info.name
    }

    pub(super) fn make(&self, seed: u64) -> Option<Box<dyn Toxic>> {
        (self.info.make)(&self.value, seed)
    }
}

/// A whole number of milliseconds.
fn milliseconds(text: &str) -> Option<Duration> {
    text.parse().ok().map(Duration::from_millis)
}

/// How many bytes may pass, and whether they have.
#[derive(Debug)]
struct Allowance {
    left: usize,
}

impl Allowance {
    fn of(bytes: &str) -> Option<Self> {
        Some(Self { left: bytes.parse().ok()? })
    }

    /// Counts the bytes that come down; true once they are more than was allowed.
    fn is_used_up_by(&mut self, piece: &Piece) -> bool {
        if piece.way == Way::Up {
            return false;
        }
        let used_up = piece.size > self.left;
        self.left = self.left.saturating_sub(piece.size);
        used_up
    }
}
