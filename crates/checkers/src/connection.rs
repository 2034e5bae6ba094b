//! Connections: they end with a true word, are kept alive while they should be, and cost nobody else anything.
//!
//! What a driver did to a connection or to the target (stalled a reader, silenced a peer, told it to stop) is in the history as
//! the marks of [`goldenpath_history::Trial`]; what is owed then follows from them and from the limits in the greeting.

mod close_codes;
mod drain;
mod greeted;
mod half_open;
mod heartbeat;
mod reliability;
mod slots;
mod slow_reader;
mod words;

#[cfg(test)]
mod tests;

use crate::check::Check;
use crate::judge::Terms;

/// The group.
pub(crate) fn checks(terms: &Terms) -> Vec<Box<dyn Check + Send>> {
    vec![
        Box::new(close_codes::CloseCodes::default()),
        Box::new(heartbeat::Heartbeats::default()),
        Box::new(half_open::HalfOpen::default()),
        Box::new(drain::Drain::default()),
        Box::new(slow_reader::SlowReader::default()),
        Box::new(slots::Slots::default()),
        Box::new(reliability::Reliability::new(terms)),
    ]
}
