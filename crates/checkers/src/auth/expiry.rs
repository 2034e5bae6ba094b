//! Streams end with their token: the last run event at expiry plus grace, the close within a second more.

use crate::check::{Check, Tally};
use crate::event_view::{ControlType, Field, Fields, Seen};
use crate::index::Index;
use crate::instant::unix_ms_of;
use crate::observation::{ConnIx, Observation, ms};
use crate::verdict::{CheckResult, Finding, Reason};
use goldenpath_history::RecordKind;
use rustc_hash::FxHashMap;

/// The grace when the greeting tells none, milliseconds (the protocol's default).
const GRACE_MS: f64 = 25_000.0;

/// How much later than the last event the close may come, milliseconds.
const CLOSE_MS: f64 = 1_000.0;

/// What the way from the server may add, milliseconds.
const TRAVEL_MS: f64 = 1_000.0;

/// Readings of the server's clock that make its bounds mean something. One will do: the limits are seconds.
const CLOCK_READINGS: u32 = 1;

/// One connection's token and what outlived it.
#[derive(Debug, Default)]
struct Lease {
    line: u64,
    expires_unix_ms: f64,
    grace_ms: f64,
    /// The last run event.
    last: Option<(u64, f64)>,
    /// The close.
    closed: Option<(u64, f64)>,
}

/// Judges `auth/expiry`.
#[derive(Debug, Default)]
pub(super) struct Expiry {
    leases: FxHashMap<ConnIx, Lease>,
}

impl Check for Expiry {
    fn ids(&self) -> &'static [&'static str] {
        &["auth/expiry"]
    }

    fn observe(&mut self, seen: &Observation<'_>, _: &Index) {
        let Some(conn) = seen.conn else { return };
        match (seen.seen, &seen.record.kind) {
            (Some(Seen::Control(control)), _) => match control.kind {
                ControlType::ConnectionEstablished => {
                    if let Some(expires_unix_ms) = expiry_in(&control.fields) {
                        let grace_ms = grace_of(&control.fields);
                        self.leases.insert(
                            conn,
                            Lease { line: seen.line, expires_unix_ms, grace_ms, last: None, closed: None },
                        );
                    }
                }
                ControlType::TokenRefreshed => {
                    if let (Some(lease), Some(expires)) =
                        (self.leases.get_mut(&conn), expiry_in(&control.fields))
                    {
                        lease.expires_unix_ms = expires;
                        lease.line = seen.line;
                    }
                }
                _ => {}
            },
            (Some(Seen::Event(_)), _) => {
                if let Some(lease) = self.leases.get_mut(&conn) {
                    lease.last = Some((seen.line, seen.t_ms()));
                }
            }
            (_, RecordKind::Close { .. }) => {
                if let Some(lease) = self.leases.get_mut(&conn) {
                    lease.closed = Some((seen.line, seen.t_ms()));
                }
            }
            _ => {}
        }
    }

    fn finish(self: Box<Self>, index: &Index) -> Vec<CheckResult> {
        let mut tally = Tally::default();
        let end = (index.last_line(), ms(index.last_t_ns()));
        let mut leases: Vec<(ConnIx, Lease)> = self.leases.into_iter().collect();
        leases.sort_by_key(|(conn, _)| *conn);
        let clock = index.clock().offset_ms(CLOCK_READINGS);
        for (conn, lease) in leases {
            let Some((lower, upper)) = clock else {
                tally.doubt(Reason::ClockUncertain);
                continue;
            };
            let lived_to = lease.closed.unwrap_or(end);
            // Before it surely was past its expiry, a connection shows nothing.
            if lived_to.1 + lower < lease.expires_unix_ms {
                continue;
            }
            let over = lease.expires_unix_ms + lease.grace_ms + TRAVEL_MS;
            let event = lease.last.filter(|(_, at)| at + lower > over);
            let close = (lived_to.1 + lower > over + CLOSE_MS).then_some(lived_to);
            // One that was cut short inside its grace shows only that it was served so far.
            match event.or(close) {
                None if lease.closed.is_some() => tally.kept(),
                None => {}
                Some((line, at)) => tally.broke(|| Finding {
                    summary: format!(
                        "a connection of user `{}` outlived its token",
                        index.user_name(index.conn(conn).and_then(|view| view.user))
                    ),
                    expected: format!(
                        "the last run event within {:.0} s of the expiry, closed within 1 s more",
                        lease.grace_ms / 1e3
                    ),
                    observed: format!(
                        "{} {:.1} s after the expiry",
                        if event.is_some() { "a run event" } else { "still open" },
                        (at + f64::midpoint(lower, upper) - lease.expires_unix_ms) / 1e3
                    ),
                    records: vec![lease.line, line],
                    witness: None,
                }),
            }
        }
        vec![tally.into_result("auth/expiry")]
    }
}

#[allow(clippy::cast_precision_loss, reason = "Unix milliseconds are below 2^53")]
fn expiry_in(fields: &Fields<'_>) -> Option<f64> {
    fields.text(Field::TokenExpiresAt).and_then(|text| unix_ms_of(&text)).map(|at| at as f64)
}

/// The grace that the greeting's limits tell.
fn grace_of(fields: &Fields<'_>) -> f64 {
    #[derive(serde::Deserialize)]
    struct Limits {
        token_grace_ms: Option<f64>,
    }
    fields
        .raw(Field::Limits)
        .and_then(|raw| serde_json::from_str::<Limits>(raw).ok())
        .and_then(|limits| limits.token_grace_ms)
        .filter(|grace| grace.is_finite() && *grace >= 0.0)
        .unwrap_or(GRACE_MS)
}
