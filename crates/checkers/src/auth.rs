//! Authentication: forged and stale tokens are refused at the door, true ones are not, and nobody learns why.

mod expiry;
mod opening;
mod refresh;
mod revocation;
mod uniform;

#[cfg(test)]
mod tests;

pub(crate) use uniform::may_hold_token;

use crate::check::Check;
use crate::judge::Terms;
use crate::verdict::{CheckResult, Verdict};

/// The group.
pub(crate) fn checks(terms: &Terms) -> Vec<Box<dyn Check + Send>> {
    if terms.auth_mode.as_deref() == Some("none") {
        return vec![Box::new(Unseen { ids: ALL, why: "the target asks for no token" })];
    }
    let mut checks: Vec<Box<dyn Check + Send>> = vec![
        Box::new(opening::Opening::default()),
        Box::new(refresh::Refresh::default()),
        Box::new(expiry::Expiry::default()),
        Box::new(uniform::UniformErrors::default()),
    ];
    if matches!(terms.auth_mode.as_deref(), Some("mint" | "token")) {
        let why = "no issuer is asked for tokens, so none can be revoked";
        checks.push(Box::new(Unseen { ids: &["auth/revocation"], why }));
    } else {
        checks.push(Box::new(revocation::Revocation::new(terms.slo.limit("auth/revocation"))));
    }
    checks
}

const ALL: &[&str] = &[
    "auth/refused",
    "auth/accepted",
    "auth/refresh",
    "auth/expiry",
    "auth/revocation",
    "auth/uniform-errors",
];

/// Checks that the authentication mode makes impossible to see.
struct Unseen {
    ids: &'static [&'static str],
    why: &'static str,
}

impl Check for Unseen {
    fn ids(&self) -> &'static [&'static str] {
        self.ids
    }

    fn observe(&mut self, _: &crate::observation::Observation<'_>, _: &crate::index::Index) {}

    fn finish(self: Box<Self>, _: &crate::index::Index) -> Vec<CheckResult> {
        let unseen = |id: &&'static str| CheckResult {
            id,
            verdict: Verdict::NotObservable(self.why.to_owned()),
            limit: None,
            value: None,
            n: 0,
            of: 0,
            findings: Vec::new(),
        };
        self.ids.iter().map(unseen).collect()
    }
}
