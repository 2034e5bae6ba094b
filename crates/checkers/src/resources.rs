//! Resources: what load takes is given back.
//!
//! From samples of the backend's own figures. That work stops, failures stay contained and the service
//! recovers needs faults and comes with them.

mod samples;

#[cfg(test)]
mod tests;

use crate::check::{Check, Tally};
use crate::index::Index;
use crate::judge::Terms;
use crate::observation::Observation;
use crate::verdict::{CheckResult, Finding, Reason};
use goldenpath_history::RecordKind;
use samples::{Point, Series};

/// Bytes in the megabyte of the limits.
const MEGABYTE: f64 = 1e6;

/// Samples that make a plateau.
const PLATEAU_SAMPLES: usize = 20;

/// What a plateau may still rise by: allocators keep some, and caches fill late.
const PLATEAU_SLACK: f64 = 16.0 * MEGABYTE;

/// Descriptors that may come and go without load: databases, logs.
const DESCRIPTOR_SLACK: f64 = 8.0;

/// The group.
pub(crate) fn checks(terms: &Terms) -> Vec<Box<dyn Check + Send>> {
    let growth_limit = terms.slo.limit("resources/memory-growth").map(|limit| limit * MEGABYTE);
    vec![Box::new(Resources { growth_limit, ..Resources::default() })]
}

/// Judges `resources/memory-growth`, `resources/memory-plateau` and `resources/descriptors`.
#[derive(Debug, Default)]
struct Resources {
    growth_limit: Option<f64>,
    memory: Series,
    descriptors: Series,
    connections: Series,
}

impl Check for Resources {
    fn ids(&self) -> &'static [&'static str] {
        &["resources/memory-growth", "resources/memory-plateau", "resources/descriptors"]
    }

    fn observe(&mut self, seen: &Observation<'_>, _: &Index) {
        let RecordKind::Sample { name, value } = &seen.record.kind else { return };
        let point = Point { line: seen.line, t_ns: seen.t_ns, value: *value };
        match name.as_ref() {
            "process_resident_memory_bytes" => self.memory.add(point),
            "process_open_fds" => self.descriptors.add(point),
            "goldenpath_connections" => self.connections.add(point),
            _ => {}
        }
    }

    fn finish(self: Box<Self>, _: &Index) -> Vec<CheckResult> {
        vec![
            self.growth().into_result("resources/memory-growth"),
            self.plateau().into_result("resources/memory-plateau"),
            self.returned().into_result("resources/descriptors"),
        ]
    }
}

impl Resources {
    fn growth(&self) -> Tally {
        let mut tally = Tally::default();
        let (Some(first), Some(top)) = (self.memory.first(), self.memory.highest()) else { return tally };
        if self.memory.len() < 2 {
            tally.doubt(Reason::TooFewSamples);
            return tally;
        }
        let growth = top.value - first.value;
        tally.value = Some(growth / MEGABYTE);
        let limit = self.growth_limit.unwrap_or(f64::INFINITY);
        tally.judge((growth > limit).then(|| Finding {
            summary: "the backend's resident memory grew beyond the limit".to_owned(),
            expected: format!("at most {:.0} MB more than at the start", limit / MEGABYTE),
            observed: format!("{:.1} MB more", growth / MEGABYTE),
            records: vec![first.line, top.line],
            witness: None,
        }));
        tally
    }

    /// Memory is flat once load has been there for a while: the median of the last fifth stands where
    /// that of the middle fifth stood. The warm-up before is nobody's plateau.
    fn plateau(&self) -> Tally {
        let mut tally = Tally::default();
        if self.memory.len() < PLATEAU_SAMPLES {
            if self.memory.len() > 0 {
                tally.doubt(Reason::TooFewSamples);
            }
            return tally;
        }
        let (Some(middle), Some(last)) = (self.memory.median(0.4, 0.6), self.memory.median(0.8, 1.0)) else {
            return tally;
        };
        let allowed = middle.value * 1.1 + PLATEAU_SLACK;
        tally.value = Some((last.value - middle.value) / MEGABYTE);
        tally.judge((last.value > allowed).then(|| Finding {
            summary: "the backend's resident memory never came to a plateau".to_owned(),
            expected: format!("about {:.1} MB, as in the middle of the run", middle.value / MEGABYTE),
            observed: format!("{:.1} MB at its end", last.value / MEGABYTE),
            records: vec![middle.line, last.line],
            witness: None,
        }));
        tally
    }

    /// Descriptors less connections stand where they stood at the start.
    fn returned(&self) -> Tally {
        let mut tally = Tally::default();
        let (Some(first), Some(last)) = (self.descriptors.first(), self.descriptors.last()) else {
            return tally;
        };
        if self.descriptors.len() < 2 {
            tally.doubt(Reason::TooFewSamples);
            return tally;
        }
        let connected = |at: Point| self.connections.at(at.t_ns).map_or(0.0, |point| point.value);
        let kept = (last.value - connected(last)) - (first.value - connected(first));
        tally.value = Some(kept);
        tally.judge((kept > DESCRIPTOR_SLACK + 0.05 * first.value).then(|| Finding {
            summary: "the backend kept descriptors after its connections were gone".to_owned(),
            expected: format!("about {:.0} open, as at the start", first.value),
            observed: format!("{kept:.0} more, connections not counted"),
            records: vec![first.line, last.line],
            witness: None,
        }));
        tally
    }
}
