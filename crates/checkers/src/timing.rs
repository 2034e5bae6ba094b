//! Timing: what a person waits for, from the intended send, on the client's one clock.
//!
//! An event is timed when its owner first saw it, live; what was replayed, or belongs to a run with a
//! known gap, was late for another reason. An overloaded client makes a broken limit inconclusive.

mod cold;
mod durations;
mod lag;
mod latency;
mod limit;
mod phases;
mod streamed;
mod suspects;
mod throughput;

#[cfg(test)]
mod tests;

pub(crate) use lag::Lag;
pub(crate) use limit::Stretch;

use crate::check::Check;
use crate::judge::Terms;

/// The group.
pub(crate) fn checks(terms: &Terms) -> Vec<Box<dyn Check + Send>> {
    vec![
        Box::new(phases::Phases::new(terms)),
        Box::new(latency::Latency::new(terms)),
        Box::new(streamed::Streamed::default()),
        Box::new(durations::Durations::default()),
        Box::new(throughput::Throughput::new(terms)),
    ]
}
