//! Where the reference backend keeps runs (the store) and what every user was sent (the event log).
//!
//! Knows neither HTTP nor agents. Order of a write: store (by run and `seq`) → log (gives the offset) → wake.

mod event_log;
mod memory_log;
mod schema;
mod sqlite;
mod store;

pub use event_log::{AppendError, Appended, EventLog, Head, LogEntry, Replay};
pub use memory_log::{Clock, LogLimits, MemoryEventLog};
pub use schema::SchemaError;
pub use sqlite::{OpenError, SqliteStore};
pub use store::{BeginRun, Begun, NewRun, RunRecord, Store, StoreError, StoredEvent, ThreadRecord};
