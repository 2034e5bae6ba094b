//! All that the checks said of all generated histories, in a line per check. The plain reading knows whether a promise was kept; it
//! does not count what was looked at.
//!
//! `INSTA_UPDATE=always cargo test -p tests-unit streaming` writes the page anew, after a change of what is generated, too.

use goldenpath_checkers::{CheckResult, Judgement, Verdict};
use std::collections::BTreeMap;
use std::fmt::{Display, Formatter, Result};

/// What one check said.
#[derive(Default)]
struct Tally {
    pass: u64,
    fail: u64,
    open: u64,
    silent: u64,
    n: u64,
    of: u64,
    value: f64,
    findings: usize,
}

/// What each check said.
#[derive(Default)]
pub(crate) struct Tallies(BTreeMap<&'static str, Tally>);

impl Tallies {
    pub(crate) fn add(&mut self, judgement: &Judgement) {
        for check in &judgement.checks {
            self.0.entry(check.id).or_default().add(check);
        }
    }
}

impl Tally {
    fn add(&mut self, check: &CheckResult) {
        match check.verdict {
            Verdict::Pass => self.pass += 1,
            Verdict::Fail => self.fail += 1,
            Verdict::Inconclusive(_) => self.open += 1,
            Verdict::NotObservable(_) | Verdict::NotRun(_) => self.silent += 1,
        }
        self.n += check.n;
        self.of += check.of;
        self.value += check.value.unwrap_or_default();
        self.findings += check.findings.len();
    }
}

impl Display for Tallies {
    fn fmt(&self, out: &mut Formatter<'_>) -> Result {
        for (id, Tally { pass, fail, open, silent, n, of, value, findings }) in &self.0 {
            write!(out, "{id}: {pass} pass, {fail} fail, {open} open, {silent} silent; {n} of {of}")?;
            writeln!(out, ", value {value:.3}; {findings} findings")?;
        }
        Ok(())
    }
}
