//! Resources: what load takes is given back, work stops with its run, failures stay where they are, and outages end.
//!
//! From samples of the backend's own figures, and from what became of runs beside those that failed.

mod outcomes;
mod samples;
mod work;

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

/// What a plateau may still rise by at once: allocators keep some, and caches fill late.
const PLATEAU_SLACK: f64 = 16.0 * MEGABYTE;

/// What a rise that goes on and on may come to over the last two thirds, as a share, and at least.
const RISE_SHARE: f64 = 0.05;
const RISE_LEAST: f64 = 4.0 * MEGABYTE;

/// What a connection that is there may hold.
const PER_CONNECTION: f64 = 0.25 * MEGABYTE;

/// Descriptors that may come and go without load: databases, logs.
const DESCRIPTOR_SLACK: f64 = 8.0;

/// Descriptors that are kept one after the other, all through the session, are a leak from this many on.
const DESCRIPTOR_RISE: f64 = 4.0;

/// The group.
pub(crate) fn checks(terms: &Terms) -> Vec<Box<dyn Check + Send>> {
    let growth_limit = terms.slo.limit("resources/memory-growth").map(|limit| limit * MEGABYTE);
    vec![
        Box::new(Resources { growth_limit, ..Resources::default() }),
        Box::new(work::WorkStops::default()),
        Box::new(outcomes::Outcomes::default()),
    ]
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

    /// Memory is flat once load has been there for a while: it does not rise on and on through the last two thirds, and stands
    /// at their end where it stood in the middle. The warm-up before is nobody's plateau, and connections that are there
    /// may hold what they need.
    fn plateau(&self) -> Tally {
        let mut tally = Tally::default();
        if self.memory.len() < PLATEAU_SAMPLES {
            if self.memory.len() > 0 {
                tally.doubt(Reason::TooFewSamples);
            }
            return tally;
        }
        let part =
            |number: f64| self.memory.median(1.0 / 3.0 + number / 6.0, 1.0 / 3.0 + (number + 1.0) / 6.0);
        let parts: Option<Vec<Point>> = [0.0, 1.0, 2.0, 3.0].into_iter().map(part).collect();
        let Some([early, second, third, last]) = parts.as_deref() else { return tally };
        let there = |at: &Point| self.connections.at(at.t_ns).map_or(0.0, |point| point.value);
        let held = (there(last) - there(early)).max(0.0) * PER_CONNECTION;
        let rise = last.value - early.value - held;
        // A step that stays is a cache that filled; a leak rises in every part by its share.
        let steady = [(early, second), (second, third), (third, last)]
            .iter()
            .all(|(before, after)| after.value - before.value > rise / 10.0);
        let allowed =
            if steady { RISE_LEAST.max(early.value * RISE_SHARE) } else { early.value * 0.1 + PLATEAU_SLACK };
        tally.value = Some(rise / MEGABYTE);
        tally.judge((rise > allowed).then(|| Finding {
            summary: "the backend's resident memory never came to a plateau".to_owned(),
            expected: format!("about {:.1} MB, as after the warm-up", early.value / MEGABYTE),
            observed: format!("{:.1} MB at the end", last.value / MEGABYTE),
            records: vec![early.line, last.line],
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
        let own = |at: Point| at.value - connected(at);
        let kept = own(last) - own(first);
        tally.value = Some(kept);
        let parts: Option<Vec<f64>> = [0.2, 0.4, 0.6, 0.8]
            .into_iter()
            .map(|from| self.descriptors.median_of(from, from + 0.2, own))
            .collect();
        let steady = parts.is_some_and(|parts| parts.windows(2).all(|two| two[1] > two[0]));
        let allowed = if steady { DESCRIPTOR_RISE } else { DESCRIPTOR_SLACK + 0.05 * first.value };
        tally.judge((kept > allowed).then(|| Finding {
            summary: "the backend kept descriptors after its connections were gone".to_owned(),
            expected: format!("about {:.0} open, as at the start", first.value),
            observed: format!("{kept:.0} more, connections not counted"),
            records: vec![first.line, last.line],
            witness: None,
        }));
        tally
    }
}
