//! A revoked token ends what it opened, soon, and opens nothing any more.
//!
//! A revocation is a mark `probe` of kind `revocation`: `status` is what the issuer answered, and the mark's connection
//! is one that the token had opened (one mark for each); without one, all of its user's that are open then are meant. An
//! attempt to connect with such a token is an `open` whose credential is `revoked`.

use crate::check::{Check, Tally};
use crate::event_view::Seen;
use crate::evidence::excerpt;
use crate::index::Index;
use crate::observation::{ConnIx, Observation, UserIx, ms};
use crate::verdict::{CheckResult, Finding, Reason};
use goldenpath_history::RecordKind;
use rustc_hash::FxHashMap;
use serde::Deserialize;

/// The protocol's own limit, milliseconds.
const LIMIT_MS: f64 = 2_000.0;

/// What the issuer was asked and what it answered.
#[derive(Debug, Deserialize)]
struct Probe {
    kind: String,
    owner: Option<String>,
    status: Option<u16>,
}

/// A connection whose token was revoked, from then on.
#[derive(Debug)]
struct Revoked {
    line: u64,
    at_ms: f64,
    /// The last run event.
    last: Option<(u64, f64)>,
    closed: Option<(u64, f64)>,
}

/// Judges `auth/revocation`.
#[derive(Debug)]
pub(super) struct Revocation {
    limit_ms: f64,
    tally: Tally,
    conns: FxHashMap<ConnIx, Revoked>,
    /// The first revocation of each user.
    users: FxHashMap<Option<UserIx>, (u64, f64)>,
}

impl Revocation {
    pub(super) fn new(limit_ms: Option<f64>) -> Self {
        let limit_ms = limit_ms.unwrap_or(LIMIT_MS);
        let tally = Tally { limit: Some(limit_ms), ..Tally::default() };
        Self { limit_ms, tally, conns: FxHashMap::default(), users: FxHashMap::default() }
    }

    fn revoked(&mut self, seen: &Observation<'_>, note: &str, index: &Index) {
        let Ok(probe) = serde_json::from_str::<Probe>(note) else { return };
        if probe.kind != "revocation" {
            return;
        }
        if !probe.status.is_some_and(|status| (200..300).contains(&status)) {
            return self.tally.doubt(Reason::TargetUnavailable);
        }
        let owner = probe.owner.as_deref().and_then(|name| index.user_named(name)).or(seen.user);
        let at_ms = seen.t_ms();
        self.users.entry(owner).or_insert((seen.line, at_ms));
        let conns: Vec<ConnIx> = match (seen.conn, owner) {
            (Some(conn), _) => vec![conn],
            (None, Some(owner)) => index.live_conns(owner).collect(),
            (None, None) => Vec::new(),
        };
        for conn in conns {
            if index.conn(conn).is_some_and(crate::index::ConnView::live) {
                let revoked = Revoked { line: seen.line, at_ms, last: None, closed: None };
                self.conns.entry(conn).or_insert(revoked);
            }
        }
    }

    /// Somebody comes with a token that was revoked.
    fn again(&mut self, seen: &Observation<'_>, status: Option<u16>, url: Option<&str>, index: &Index) {
        let known = self.users.get(&seen.user).or_else(|| self.users.get(&None)).copied();
        let status = match status {
            None => return self.tally.doubt(Reason::TargetUnavailable),
            // A limit or a drain answers before anybody looks at the token.
            Some(429 | 503) => return,
            Some(status) => status,
        };
        if status != 101 && !(200..300).contains(&status) {
            return self.tally.kept();
        }
        // The news may still be under way.
        if known.is_some_and(|(_, at_ms)| seen.t_ms() - at_ms <= self.limit_ms) {
            return;
        }
        let resuming = url.is_some_and(|url| url.contains("resume="));
        self.tally.broke(|| Finding {
            summary: format!(
                "user `{}` got in with a revoked token{}",
                index.user_name(seen.user),
                if resuming { ", by a resume" } else { "" }
            ),
            expected: "a revoked token is refused before the upgrade, with 401".to_owned(),
            observed: format!(
                "HTTP {status}{}",
                url.map(|url| format!(" for {}", excerpt(url))).unwrap_or_default()
            ),
            records: known.map(|(line, _)| line).into_iter().chain([seen.line]).collect(),
            witness: None,
        });
    }
}

impl Check for Revocation {
    fn ids(&self) -> &'static [&'static str] {
        &["auth/revocation"]
    }

    fn observe(&mut self, seen: &Observation<'_>, index: &Index) {
        match &seen.record.kind {
            RecordKind::Mark { name, note: Some(note) } if name == "probe" => {
                self.revoked(seen, note, index);
            }
            RecordKind::Open { status, url, credential: Some(case), .. } if case == "revoked" => {
                self.again(seen, *status, url.as_deref(), index);
            }
            RecordKind::Close { .. } => {
                if let Some(revoked) = seen.conn.and_then(|conn| self.conns.get_mut(&conn)) {
                    revoked.closed.get_or_insert((seen.line, seen.t_ms()));
                }
            }
            RecordKind::Frame { .. } if matches!(seen.seen, Some(Seen::Event(_))) => {
                if let Some(revoked) = seen.conn.and_then(|conn| self.conns.get_mut(&conn)) {
                    revoked.last = Some((seen.line, seen.t_ms()));
                }
            }
            _ => {}
        }
    }

    fn finish(mut self: Box<Self>, index: &Index) -> Vec<CheckResult> {
        let end = (index.last_line(), ms(index.last_t_ns()));
        let mut conns: Vec<(ConnIx, Revoked)> = self.conns.drain().collect();
        conns.sort_by_key(|(conn, _)| *conn);
        let mut slowest: Option<f64> = None;
        for (conn, revoked) in conns {
            let over = revoked.at_ms + self.limit_ms;
            let lived_to = revoked.closed.unwrap_or(end);
            let event = revoked.last.filter(|(_, at)| *at > over);
            let open = (lived_to.1 > over).then_some(lived_to);
            if revoked.closed.is_some() || open.is_some() {
                let took = lived_to.1 - revoked.at_ms;
                slowest = Some(slowest.map_or(took, |slowest| slowest.max(took)));
            }
            match event.or(open) {
                None if revoked.closed.is_some() => self.tally.kept(),
                // The history ends before anything could be seen.
                None => {}
                Some((line, at)) => self.tally.broke(|| Finding {
                    summary: format!(
                        "a connection of user `{}` outlived the revocation of its token",
                        index.user_name(index.conn(conn).and_then(|view| view.user))
                    ),
                    expected: format!("no run event and no connection {:.1} s after it", self.limit_ms / 1e3),
                    observed: format!(
                        "{} {:.1} s after it",
                        if event.is_some() { "a run event" } else { "still open" },
                        (at - revoked.at_ms) / 1e3
                    ),
                    records: vec![revoked.line, line],
                    witness: None,
                }),
            }
        }
        self.tally.value = slowest;
        vec![self.tally.into_result("auth/revocation")]
    }
}
