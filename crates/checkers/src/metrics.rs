//! Quantities of the whole history, whatever the checks say of them.

use crate::index::Index;
use crate::observation::{Observation, ms};
use crate::samples::Samples;
use crate::verdict::{CheckResult, Metrics};
use goldenpath_history::RecordKind;

/// Readings of the server's clock that make latencies mean something.
const CLOCK_READINGS: u32 = 3;

/// The fold behind [`Metrics`].
#[derive(Debug, Default)]
pub(crate) struct MetricsFold {
    /// Receipt (client clock) minus `timestamp` (server clock), relative to the first; milliseconds.
    latency: Samples,
    latency_base: Option<f64>,
    attempts: u64,
    accepted: u64,
    first_event_ns: Option<u64>,
    last_event_ns: u64,
    memory_first: Option<f64>,
    memory_max: f64,
}

impl MetricsFold {
    #[allow(clippy::cast_precision_loss, reason = "Unix milliseconds are below 2^53")]
    pub(crate) fn observe(&mut self, seen: &Observation<'_>, index: &Index) {
        match &seen.record.kind {
            RecordKind::Open { status, credential, .. }
                if credential.as_deref().is_none_or(|case| case == "valid") =>
            {
                self.attempts += 1;
                self.accepted += u64::from(*status == Some(101));
            }
            RecordKind::Sample { name, value }
                if name == "process_resident_memory_bytes" && value.is_finite() =>
            {
                self.memory_first.get_or_insert(*value);
                self.memory_max = self.memory_max.max(*value);
            }
            _ => {}
        }
        let Some((event, arrival)) = seen.event() else { return };
        self.first_event_ns.get_or_insert(seen.t_ns);
        self.last_event_ns = seen.t_ns;
        // What a reader left lying on purpose was not late.
        let left_lying = seen.conn.and_then(|conn| index.conn(conn)).is_some_and(|conn| conn.stall.is_some());
        if arrival.replayed || left_lying {
            return;
        }
        let made = event.made_unix_ms();
        if let Some(made) = made {
            let distance = seen.t_ms() - made as f64;
            let base = *self.latency_base.get_or_insert(distance);
            self.latency.add(distance - base);
        }
    }

    #[allow(clippy::cast_precision_loss, reason = "counts are far below 2^53")]
    pub(crate) fn finish(mut self, index: &Index, checks: &[CheckResult]) -> Metrics {
        let percent = |part: u64, of: u64| (of > 0).then(|| part as f64 * 100.0 / of as f64);
        // The middle of the interval is the best guess; half its width is the error.
        let offset =
            index.clock().offset_ms(CLOCK_READINGS).map(|(lower, upper)| f64::midpoint(lower, upper));
        let shift = offset.zip(self.latency_base).map(|(offset, base)| offset + base);
        let shifted = |value: Option<f64>| value.zip(shift).map(|(value, shift)| (value + shift).max(0.0));
        let span_ms = self.first_event_ns.map(|first| ms(self.last_event_ns.saturating_sub(first)));
        Metrics {
            total_events: index.events(),
            success_rate_percent: checks
                .iter()
                .find(|check| check.id == "delivery/success-rate")
                .and_then(|check| percent(check.n, check.of)),
            connection_success_rate_percent: percent(self.accepted, self.attempts),
            avg_latency_ms: shifted(self.latency.average()),
            p50_latency_ms: shifted(self.latency.percentile(0.50)),
            p95_latency_ms: shifted(self.latency.percentile(0.95)),
            p99_latency_ms: shifted(self.latency.percentile(0.99)),
            max_latency_ms: shifted(self.latency.max()),
            throughput_events_per_second: span_ms
                .filter(|span| *span > 0.0)
                .map(|span| index.events() as f64 * 1000.0 / span),
            memory_growth_mb: self.memory_first.map(|first| (self.memory_max - first).max(0.0) / 1e6),
        }
    }
}
