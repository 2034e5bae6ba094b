//! Where the reference backend keeps runs (the store) and what every user was sent (the event log).
//!
//! Knows neither HTTP nor agents. Order of a write: store (by run and `seq`) → log (gives the offset) → wake.

mod event_log;
mod store;

pub use event_log::{AppendError, Appended, EventLog, Head, LogEntry, Replay};
pub use store::{BeginRun, Begun, NewRun, RunRecord, Store, StoreError, StoredEvent, ThreadRecord};
