//! The door: what each credential got at the upgrade.

use crate::address::Address;
use crate::check::{Check, Tally};
use crate::evidence::excerpt;
use crate::index::Index;
use crate::observation::{ConnIx, Observation};
use crate::verdict::{CheckResult, Finding, Reason};
use goldenpath_history::{ClosedBy, RecordKind};
use rustc_hash::FxHashSet;

/// How long after a forged credential a refused true one looks like its consequence.
const SHADOW_NS: u64 = 30_000_000_000;

/// What a refusal names that speaks of load, and of nobody's token.
const LIMITS: &[&str] = &["draining", "user_limit", "ip_limit", "connection_limit"];

/// `invalid_token`: the server takes back what it had accepted.
const INVALID_TOKEN: u16 = 4500;

/// Judges `auth/refused` and `auth/accepted`.
#[derive(Debug, Default)]
pub(super) struct Opening {
    refused: Tally,
    accepted: Tally,
    last_probe: Option<(u64, u64)>,
    taken_back: FxHashSet<ConnIx>,
}

impl Check for Opening {
    fn ids(&self) -> &'static [&'static str] {
        &["auth/refused", "auth/accepted"]
    }

    fn observe(&mut self, seen: &Observation<'_>, index: &Index) {
        match &seen.record.kind {
            RecordKind::Open { status, credential, body, url, .. } => {
                match credential.as_deref().filter(|case| *case != "valid") {
                    // How soon nobody gets in with it is the matter of `auth/revocation`.
                    Some("revoked") => {}
                    Some(case) => self.forged(seen, case, *status, index),
                    None if unreadable(url.as_deref(), *status) => {}
                    None => self.true_one(seen, *status, body.as_deref().unwrap_or_default(), index),
                }
            }
            RecordKind::Close { code: Some(INVALID_TOKEN), by: ClosedBy::Server, .. } => {
                let Some(conn) = seen.conn else { return };
                let probe = index.conn(conn).is_none_or(|view| view.probe);
                if !probe && self.taken_back.insert(conn) {
                    self.accepted.note(|| Finding {
                        summary: format!(
                            "the true token of user `{}` was accepted and then refused",
                            index.user_name(seen.user)
                        ),
                        expected: "valid tokens are accepted".to_owned(),
                        observed: format!("closed with {INVALID_TOKEN} invalid_token"),
                        records: vec![seen.line],
                        witness: None,
                    });
                }
            }
            _ => {}
        }
    }

    fn finish(self: Box<Self>, _: &Index) -> Vec<CheckResult> {
        vec![self.refused.into_result("auth/refused"), self.accepted.into_result("auth/accepted")]
    }
}

impl Opening {
    fn forged(&mut self, seen: &Observation<'_>, case: &str, status: Option<u16>, index: &Index) {
        match status {
            None => self.refused.doubt(Reason::TargetUnavailable),
            Some(status) if status == 101 || (200..300).contains(&status) => {
                self.refused.broke(|| Finding {
                    summary: format!(
                        "a connection with a credential that was {} was accepted (user `{}`)",
                        words_for(case),
                        index.user_name(seen.user)
                    ),
                    expected: "refused before the upgrade, with 401".to_owned(),
                    observed: format!("HTTP {status}"),
                    records: vec![seen.line],
                    witness: None,
                });
            }
            // A limit or a drain answers before anybody looks at the token.
            Some(429 | 503) => {}
            Some(_) => {
                self.refused.kept();
                self.last_probe = Some((seen.line, seen.t_ns));
            }
        }
    }

    fn true_one(&mut self, seen: &Observation<'_>, status: Option<u16>, body: &str, index: &Index) {
        let shadow = self
            .last_probe
            .filter(|(_, t_ns)| seen.t_ns.saturating_sub(*t_ns) < SHADOW_NS)
            .map(|(line, _)| line);
        let refused = match status {
            // Limits and drains are no judgment of the token, unless they follow others' failures.
            Some(429 | 503) => shadow.is_some() && !LIMITS.iter().any(|limit| body.contains(limit)),
            Some(status) => status >= 400,
            None => return,
        };
        match (refused, status) {
            (false, Some(429 | 503)) => {}
            (false, _) => self.accepted.kept(),
            (true, _) => self.accepted.broke(|| Finding {
                summary: format!("the true token of user `{}` was refused", index.user_name(seen.user)),
                expected: "valid tokens are accepted, also after others' failures".to_owned(),
                observed: format!("HTTP {}: {}", status.unwrap_or_default(), excerpt(body)),
                records: shadow.into_iter().chain([seen.line]).collect(),
                witness: None,
            }),
        }
    }
}

/// What it asks for was refused, and not the token.
fn unreadable(url: Option<&str>, status: Option<u16>) -> bool {
    let asks_wrongly = url.is_some_and(|url| Address::read(url).unreadable);
    asks_wrongly && status.is_some_and(|status| (400..500).contains(&status) && !matches!(status, 401 | 403))
}

/// A case of the token probes, for people.
fn words_for(case: &str) -> String {
    match case {
        "missing" => "missing".to_owned(),
        "in_query" => "in the query".to_owned(),
        "alg_none" => "unsigned (`alg: none`)".to_owned(),
        other => excerpt(&other.replace('_', " ")),
    }
}
