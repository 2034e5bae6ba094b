//! What the backend counts, in the text format of Prometheus.
//!
//! Gauges move only through guards, so that nothing that ends, panics included, is counted for ever.

use goldenpath_protocol::CloseCode;
use std::fmt::Write as _;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use std::sync::{Arc, OnceLock};

/// Codes beside our own that a connection ends with: normal, going away, broken WebSocket, and reset (1006).
const OTHER_CLOSES: [u16; 6] = [1000, 1001, 1002, 1006, 1007, 1009];
const OWN_CLOSES: usize = CloseCode::ALL.len();

/// Most distinct outcomes that are told apart; later ones are counted together as `other`.
const OUTCOMES: usize = 16;

/// The counts of one node.
#[derive(Debug, Default)]
pub struct Metrics {
    connections: Arc<AtomicI64>,
    runs_active: Arc<AtomicI64>,
    outbox_bytes: Arc<AtomicI64>,
    events: AtomicU64,
    // Our codes, the others, then one for whatever a client makes up: labels stay bounded.
    closes: [AtomicU64; OWN_CLOSES + OTHER_CLOSES.len() + 1],
    sends: [OnceLock<Outcome>; OUTCOMES],
    other_sends: AtomicU64,
}

#[derive(Debug)]
struct Outcome {
    name: &'static str,
    count: AtomicU64,
}

/// A share of a gauge; what it holds is given back when it is dropped.
#[derive(Debug)]
#[must_use = "the gauge falls back when the guard is dropped"]
pub struct GaugeGuard {
    gauge: Arc<AtomicI64>,
    held: i64,
}

impl GaugeGuard {
    fn new(gauge: &Arc<AtomicI64>, held: i64) -> Self {
        gauge.fetch_add(held, Ordering::Relaxed);
        Self { gauge: Arc::clone(gauge), held }
    }

    /// Makes this share `amount`.
    pub fn set(&mut self, amount: usize) {
        let amount = i64::try_from(amount).unwrap_or(i64::MAX);
        self.gauge.fetch_add(amount.wrapping_sub(self.held), Ordering::Relaxed);
        self.held = amount;
    }
}

impl Drop for GaugeGuard {
    fn drop(&mut self) {
        self.gauge.fetch_sub(self.held, Ordering::Relaxed);
    }
}

impl Metrics {
    /// All counts at zero.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Counts one open connection until the guard is dropped.
    pub fn connection(&self) -> GaugeGuard {
        GaugeGuard::new(&self.connections, 1)
    }

    /// Counts one active run until the guard is dropped.
    pub fn run(&self) -> GaugeGuard {
        GaugeGuard::new(&self.runs_active, 1)
    }

    /// A connection's share of the bytes that wait for their socket, 0 at first; see [`GaugeGuard::set`].
    pub fn outbox(&self) -> GaugeGuard {
        GaugeGuard::new(&self.outbox_bytes, 0)
    }

    /// Counts the end of a connection by the code it ended with; 1006 for a reset.
    pub fn closed(&self, code: u16) {
        self.closes[close_slot(code)].fetch_add(1, Ordering::Relaxed);
    }

    /// Counts one run event that was stored.
    pub fn event(&self) {
        self.events.fetch_add(1, Ordering::Relaxed);
    }

    /// Counts what became of one event on one connection, by the outcome's name.
    pub fn sent(&self, outcome: &'static str) {
        for slot in &self.sends {
            let known = slot.get_or_init(|| Outcome { name: outcome, count: AtomicU64::new(0) });
            if known.name == outcome {
                known.count.fetch_add(1, Ordering::Relaxed);
                return;
            }
        }
        self.other_sends.fetch_add(1, Ordering::Relaxed);
    }

    /// Connections open now.
    #[must_use]
    pub fn connections(&self) -> i64 {
        self.connections.load(Ordering::Relaxed)
    }

    /// Runs active now.
    #[must_use]
    pub fn runs_active(&self) -> i64 {
        self.runs_active.load(Ordering::Relaxed)
    }

    /// Bytes that wait for their socket now.
    #[must_use]
    pub fn outbox_bytes(&self) -> i64 {
        self.outbox_bytes.load(Ordering::Relaxed)
    }

    /// Run events stored since the start.
    #[must_use]
    pub fn events(&self) -> u64 {
        self.events.load(Ordering::Relaxed)
    }

    /// Connections that ended with `code` since the start; codes without a line of their own share one.
    #[must_use]
    pub fn closes(&self, code: u16) -> u64 {
        self.closes[close_slot(code)].load(Ordering::Relaxed)
    }

    /// Sends with this outcome since the start.
    #[must_use]
    pub fn sends(&self, outcome: &str) -> u64 {
        self.outcomes()
            .filter(|known| known.name == outcome)
            .map(|known| known.count.load(Ordering::Relaxed))
            .sum()
    }

    fn outcomes(&self) -> impl Iterator<Item = &Outcome> {
        self.sends.iter().filter_map(OnceLock::get)
    }

    /// All counts in the Prometheus text format, with the process's memory and open files where `/proc` tells them.
    #[must_use]
    pub fn render(&self) -> String {
        let mut page = Page(String::with_capacity(4096));
        page.one("goldenpath_connections", "gauge", "WebSocket connections open now", self.connections());
        page.one("goldenpath_runs_active", "gauge", "runs active now", self.runs_active());
        page.one(
            "goldenpath_outbox_bytes",
            "gauge",
            "bytes that wait for their socket now",
            self.outbox_bytes(),
        );
        page.one("goldenpath_events_total", "counter", "run events stored", self.events());
        page.head("goldenpath_closes_total", "counter", "connections ended, by close code");
        let codes =
            CloseCode::ALL.into_iter().map(CloseCode::code).chain(OTHER_CLOSES).map(|code| code.to_string());
        for (code, count) in codes.chain(["other".to_owned()]).zip(&self.closes) {
            page.labelled("goldenpath_closes_total", "code", &code, count.load(Ordering::Relaxed));
        }
        page.head("goldenpath_sends_total", "counter", "events per connection, by what became of them");
        for outcome in self.outcomes() {
            page.labelled(
                "goldenpath_sends_total",
                "outcome",
                outcome.name,
                outcome.count.load(Ordering::Relaxed),
            );
        }
        let other = self.other_sends.load(Ordering::Relaxed);
        if other > 0 {
            page.labelled("goldenpath_sends_total", "outcome", "other", other);
        }
        if let Some(bytes) = resident_memory_bytes() {
            page.one("process_resident_memory_bytes", "gauge", "resident memory of the process", bytes);
        }
        if let Some(count) = open_fds() {
            page.one("process_open_fds", "gauge", "open file descriptors of the process", count);
        }
        page.0
    }
}

fn close_slot(code: u16) -> usize {
    let own = || CloseCode::ALL.into_iter().position(|known| known.code() == code);
    let other = || OTHER_CLOSES.into_iter().position(|known| known == code).map(|place| OWN_CLOSES + place);
    own().or_else(other).unwrap_or(OWN_CLOSES + OTHER_CLOSES.len())
}

/// A page of the text format. Writing to a `String` cannot fail, so results are dropped.
struct Page(String);

impl Page {
    fn head(&mut self, name: &str, kind: &str, help: &str) {
        let _ = writeln!(self.0, "# HELP {name} {help}\n# TYPE {name} {kind}");
    }

    fn one(&mut self, name: &str, kind: &str, help: &str, value: impl std::fmt::Display) {
        self.head(name, kind, help);
        let _ = writeln!(self.0, "{name} {value}");
    }

    fn labelled(&mut self, name: &str, label: &str, of: &str, value: u64) {
        let _ = writeln!(self.0, "{name}{{{label}=\"{of}\"}} {value}");
    }
}

/// `VmRSS` of this process: in kB, unlike `statm`, whose page size only libc knows.
fn resident_memory_bytes() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
    line.trim().strip_suffix("kB")?.trim().parse::<u64>().ok()?.checked_mul(1024)
}

fn open_fds() -> Option<usize> {
    // One of them is the directory that we are reading.
    Some(std::fs::read_dir("/proc/self/fd").ok()?.count().saturating_sub(1))
}

#[cfg(test)]
mod tests {
    use super::{Metrics, OUTCOMES};
    use std::sync::Arc;

    fn value(page: &str, name: &str) -> Option<i64> {
        page.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(' ')?.parse().ok())
    }

    #[test]
    fn guards_give_back_what_they_hold() {
        let metrics = Metrics::new();
        let first = metrics.connection();
        let second = metrics.connection();
        let run = metrics.run();
        assert_eq!((metrics.connections(), metrics.runs_active()), (2, 1));
        drop((first, run));
        assert_eq!((metrics.connections(), metrics.runs_active()), (1, 0));
        drop(second);
        assert_eq!(metrics.connections(), 0);
    }

    #[test]
    fn a_panic_gives_the_guard_back_too() {
        let metrics = Arc::new(Metrics::new());
        let inner = Arc::clone(&metrics);
        let thread = std::thread::spawn(move || {
            let _guard = inner.connection();
            panic!("the task fails");
        });
        assert!(thread.join().is_err());
        assert_eq!(metrics.connections(), 0);
    }

    #[test]
    fn an_outbox_share_follows_its_connection() {
        let metrics = Metrics::new();
        let mut one = metrics.outbox();
        let mut two = metrics.outbox();
        one.set(1_000);
        two.set(50);
        one.set(200);
        assert_eq!(metrics.outbox_bytes(), 250);
        drop(one);
        assert_eq!(metrics.outbox_bytes(), 50);
        two.set(0);
        assert_eq!(metrics.outbox_bytes(), 0);
    }

    #[test]
    fn closes_are_counted_by_code_and_made_up_codes_share_one_line() {
        let metrics = Metrics::new();
        for code in [4001, 4001, 1006, 4999, 3000] {
            metrics.closed(code);
        }
        let page = metrics.render();
        assert_eq!(value(&page, "goldenpath_closes_total{code=\"4001\"}"), Some(2));
        assert_eq!(value(&page, "goldenpath_closes_total{code=\"1006\"}"), Some(1));
        assert_eq!(value(&page, "goldenpath_closes_total{code=\"4507\"}"), Some(0));
        assert_eq!(value(&page, "goldenpath_closes_total{code=\"other\"}"), Some(2));
        assert_eq!(metrics.closes(4001), 2);
    }

    #[test]
    fn sends_are_counted_by_outcome_from_many_threads() {
        let metrics = Metrics::new();
        std::thread::scope(|scope| {
            for _ in 0..4 {
                scope.spawn(|| {
                    for _ in 0..500 {
                        metrics.sent("written");
                        metrics.sent("closed");
                    }
                });
            }
        });
        assert_eq!(
            (metrics.sends("written"), metrics.sends("closed"), metrics.sends("lost")),
            (2_000, 2_000, 0)
        );
        let page = metrics.render();
        assert_eq!(value(&page, "goldenpath_sends_total{outcome=\"written\"}"), Some(2_000));
    }

    #[test]
    fn outcomes_beyond_the_bound_are_counted_together() {
        let names: [&'static str; OUTCOMES + 2] =
            ["a", "b", "c", "d", "e", "f", "g", "h", "i", "j", "k", "l", "m", "n", "o", "p", "q", "r"];
        let metrics = Metrics::new();
        for name in names {
            metrics.sent(name);
        }
        assert_eq!(value(&metrics.render(), "goldenpath_sends_total{outcome=\"other\"}"), Some(2));
    }

    #[test]
    fn every_line_is_of_the_text_format() {
        let metrics = Metrics::new();
        metrics.event();
        metrics.sent("written");
        let page = metrics.render();
        assert_eq!(value(&page, "goldenpath_events_total"), Some(1));
        assert!(page.ends_with('\n'));
        for line in page.lines().filter(|line| !line.starts_with('#')) {
            let (name, number) = line.rsplit_once(' ').unwrap();
            assert!(number.parse::<f64>().is_ok(), "{line}");
            let bare = name.split('{').next().unwrap();
            assert!(page.contains(&format!("# TYPE {bare} ")), "{line}");
        }
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn the_process_is_measured() {
        let page = Metrics::new().render();
        assert!(value(&page, "process_resident_memory_bytes").unwrap() > 100_000);
        assert!(value(&page, "process_open_fds").unwrap() >= 3);
    }
}
