//! How late the measuring client ran its own tasks.

use crate::observation::Observation;
use goldenpath_history::RecordKind;

/// Less than this is the machine's ordinary noise, milliseconds.
const NOISE_MS: f64 = 20.0;

/// A sample tells the worst of the time before it: so long after an event may its sample come.
const REPORTED_NS: u64 = 2_500_000_000;

/// The lags worth knowing, in the order of time.
#[derive(Debug, Default)]
pub(super) struct Lag {
    samples: Vec<(u64, f64)>,
}

impl Lag {
    pub(super) fn observe(&mut self, seen: &Observation<'_>) {
        if let RecordKind::Sample { name, value } = &seen.record.kind
            && name == "scheduler_lag_ms"
            && *value >= NOISE_MS
        {
            self.samples.push((seen.t_ns, *value));
        }
    }

    /// The worst lag that may have touched what happened between two instants; 0 for none.
    pub(super) fn worst(&self, from_ns: u64, to_ns: u64) -> f64 {
        let begin = self.samples.partition_point(|(t_ns, _)| *t_ns < from_ns);
        let until = to_ns.saturating_add(REPORTED_NS);
        self.samples[begin..]
            .iter()
            .take_while(|(t_ns, _)| *t_ns <= until)
            .fold(0.0, |worst, (_, value)| f64::max(worst, *value))
    }
}
