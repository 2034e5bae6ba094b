//! What the tools said, by what it was looked up for.

use super::plan::Lookup;
use crate::money::readable;
use crate::runtime::TaskFailure;
use serde_json::{Map, Value};
use std::collections::BTreeMap;

/// How a lookup ended.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Outcome {
    /// With figures.
    Found(Map<String, Value>),
    /// It looked and cannot judge.
    Insufficient(String),
    /// It could not look.
    Failed(TaskFailure),
}

/// Every lookup of a run; a later one replaces an earlier one.
#[derive(Debug, Default)]
pub(super) struct Findings {
    by_lookup: BTreeMap<Lookup, Outcome>,
    /// What could not be looked at, said before the question was widened.
    pub(super) notes: Vec<String>,
}

impl Findings {
    pub(super) fn add(&mut self, lookup: Lookup, outcome: Outcome) {
        self.by_lookup.insert(lookup, outcome);
    }

    /// The figures of a lookup that found some.
    pub(super) fn get(&self, lookup: Lookup) -> Option<Figures<'_>> {
        match self.by_lookup.get(&lookup)? {
            Outcome::Found(map) => Some(Figures(map)),
            _ => None,
        }
    }

    /// Whether nothing at all can be said.
    pub(super) fn is_empty(&self) -> bool {
        !self.by_lookup.values().any(|outcome| matches!(outcome, Outcome::Found(_)))
    }

    /// The failure to report when nothing can be said.
    pub(super) fn failure(&self) -> TaskFailure {
        let failed = self.by_lookup.values().find_map(|outcome| match outcome {
            Outcome::Failed(failure) => Some(failure.clone()),
            _ => None,
        });
        failed.unwrap_or_else(|| TaskFailure {
            code: "insufficient_data".to_owned(),
            message: "the billing data hold nothing that answers this question".to_owned(),
            retryable: false,
        })
    }

    /// One sentence for each thing that is missing from an answer.
    pub(super) fn limitations(&self) -> Vec<String> {
        let missing = self.by_lookup.iter().filter_map(|(lookup, outcome)| {
            let tool = lookup.tool();
            match outcome {
                Outcome::Found(_) => None,
                Outcome::Insufficient(reason) => Some(format!("{tool} had insufficient data: {reason}.")),
                Outcome::Failed(failure) => Some(format!("{tool} failed: {}.", failure.message)),
            }
        });
        let mut all = self.notes.clone();
        for limitation in missing {
            if !all.contains(&limitation) {
                all.push(limitation);
            }
        }
        all
    }
}

/// A tool's result, read without trusting its shape.
#[derive(Debug, Clone, Copy)]
pub(super) struct Figures<'f>(pub(super) &'f Map<String, Value>);

impl<'f> Figures<'f> {
    pub(super) fn number(self, name: &str) -> Option<f64> {
        self.0.get(name).and_then(Value::as_f64)
    }

    pub(super) fn text(self, name: &str) -> &'f str {
        self.0.get(name).and_then(Value::as_str).unwrap_or_default()
    }

    pub(super) fn object(self, name: &str) -> Option<Figures<'f>> {
        self.0.get(name).and_then(Value::as_object).map(Figures)
    }

    pub(super) fn list(self, name: &str) -> Vec<Figures<'f>> {
        let items = self.0.get(name).and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
        items.iter().filter_map(Value::as_object).map(Figures).collect()
    }

    /// The amount called `name` for people.
    pub(super) fn money(self, name: &str, currency: &str) -> Option<String> {
        self.number(name).map(|value| readable(value, currency))
    }

    /// The percentage called `name`: `41.5%`.
    pub(super) fn percent(self, name: &str) -> Option<String> {
        self.number(name).map(|value| format!("{value}%"))
    }

    pub(super) fn count(self, name: &str) -> u64 {
        self.0.get(name).and_then(Value::as_u64).unwrap_or(0)
    }
}
