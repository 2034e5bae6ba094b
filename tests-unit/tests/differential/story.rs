//! A history in short lines, for whoever looks at one that is judged in two ways.

use goldenpath_history::{Record, RecordKind};
use serde_json::Value;

/// What tells frames apart.
const TOLD: &[&str] = &[
    "type",
    "event_id",
    "run_id",
    "request_id",
    "thread_id",
    "user_id",
    "seq",
    "offset",
    "timestamp",
    "recovered",
    "replay",
    "execution_id",
    "success",
    "duration_ms",
    "event_count",
];

/// Line, milliseconds, connection, user, and what happened.
pub(super) fn of(records: &[Record<'static>]) -> String {
    let lines = (2_u64..).zip(records).map(|(line, record)| {
        let (at, conn) = (record.t_ns / 1_000_000, record.conn.unwrap_or_default());
        format!("{line:4} {at:6} ms {conn} {:8} {}\n", record.user.as_deref().unwrap_or("-"), told(record))
    });
    lines.collect()
}

fn told(record: &Record<'static>) -> String {
    let RecordKind::Frame { raw, dir, .. } = &record.kind else {
        return serde_json::to_string(&record.kind).unwrap_or_default();
    };
    let Ok(value) = serde_json::from_str::<Value>(raw) else { return format!("{dir:?} {raw}") };
    let fields = TOLD.iter().filter_map(|name| Some(format!(" {name}={}", value.get(*name)?)));
    format!("{dir:?}{}", fields.collect::<String>())
}
