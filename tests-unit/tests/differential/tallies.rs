//! All that the checks said of all generated histories, in a line per check. The plain reading knows whether a promise was kept; it
//! does not count what was looked at, and has no words.
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
    words: Words,
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
        for finding in &check.findings {
            for words in [&finding.summary, &finding.expected, &finding.observed] {
                self.words.add(words.as_bytes());
            }
            finding.records.iter().for_each(|line| self.words.add(&line.to_le_bytes()));
        }
    }
}

impl Display for Tallies {
    fn fmt(&self, out: &mut Formatter<'_>) -> Result {
        for (id, Tally { pass, fail, open, silent, n, of, value, findings, words }) in &self.0 {
            write!(out, "{id}: {pass} pass, {fail} fail, {open} open, {silent} silent; {n} of {of}")?;
            writeln!(out, ", value {value:.3}; {findings} findings, words {:016x}", words.0)?;
        }
        Ok(())
    }
}

/// A sum of all words, by FNV-1a: equal only where all are.
struct Words(u64);

impl Default for Words {
    fn default() -> Self {
        Self(0xcbf2_9ce4_8422_2325)
    }
}

impl Words {
    fn add(&mut self, words: &[u8]) {
        for byte in words {
            self.0 = (self.0 ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3);
        }
    }
}
