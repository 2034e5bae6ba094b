//! Where the reference backend keeps runs (the store) and what every user was sent (the event log).
//!
//! Knows neither HTTP nor agents. Order of a write: store (by run and `seq`) → log (gives the offset) → wake.
//! A store is one SQLite file for one node, or a Postgres database for any number of them; an event log is this process's memory for one
//! node, or Redis for any number.

mod envelope;
mod epoch;
mod event_log;
mod limits;
mod memory_log;
mod open;
mod postgres;
mod redis_log;
mod rows;
mod sqlite;
mod store;

pub use event_log::{AppendError, Appended, EventLog, Head, LogEntry, Replay};
pub use limits::LogLimits;
pub use memory_log::{Clock, MemoryEventLog};
pub use open::{OpenError, SCHEMES, open_store};
pub use postgres::{PostgresLimits, PostgresStore, ServerError};
pub use redis_log::{OpenLogError, RedisEventLog, RedisLogSettings};
pub use sqlite::{SchemaError, SqliteStore};
pub use store::{BeginRun, Begun, NewRun, RunRecord, Store, StoreError, StoredEvent, ThreadRecord};
