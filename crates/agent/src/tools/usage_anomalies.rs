//! `usage_anomalies`: days on which a resource cost far more than it usually does.
//!
//! The usual is the median of its daily costs, the spread their median absolute deviation: both stay
//! put when a few days are wild, which mean and variance do not.

use super::scope::{Scope, resolved};
use super::{Tool, ToolFailure, insufficient_data, result};
use crate::dataset::{Dataset, Sym, date};
use crate::money::amount;
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;
use tokio_util::sync::CancellationToken;

/// Fewer days than these have no usual.
const DAYS_NEEDED: usize = 14;
/// A day is wild from this modified z-score on (Iglewicz and Hoaglin advise 3.5; daily bills are skewed).
const WILD: f64 = 6.0;
/// And only if it exceeds the usual by this share.
const EXCESS: f64 = 0.4;

/// See the module.
#[derive(Debug)]
pub(crate) struct UsageAnomalies;

/// A day that cost too much.
#[derive(Debug, Clone, Copy)]
pub(super) struct WildDay {
    pub(super) resource: Sym,
    pub(super) service: Sym,
    pub(super) day: i32,
    pub(super) cost: f64,
    pub(super) usual: f64,
    score: f64,
}

impl WildDay {
    pub(super) fn excess(self) -> f64 {
        self.cost - self.usual
    }
}

/// What was found, and in how many series.
#[derive(Debug)]
pub(super) struct Found {
    pub(super) days: Vec<WildDay>,
    judged: usize,
}

impl Tool for UsageAnomalies {
    fn name(&self) -> &'static str {
        "usage_anomalies"
    }

    fn description(&self) -> &'static str {
        "Finds days on which a resource cost far more than it usually does"
    }

    fn look(
        &self,
        data: &Dataset,
        parameters: &Map<String, Value>,
        stop: &CancellationToken,
    ) -> Result<Map<String, Value>, ToolFailure> {
        resolved(data, parameters, |asked, scope| {
            let found = find(scope, stop)?;
            if found.judged == 0 {
                let reason =
                    format!("no resource has {DAYS_NEEDED} days of charges: nothing says what is usual");
                return Ok(insufficient_data(parameters, reason));
            }
            let total: f64 = found.days.iter().map(|day| day.excess()).sum();
            let listed: Vec<_> = found
                .days
                .iter()
                .take(asked.limit.unwrap_or(8) as usize)
                .map(|day| {
                    json!({
                        "resource": scope.text(day.resource), "service": scope.text(day.service),
                        "day": date(day.day).to_string(), "cost": amount(day.cost), "usual": amount(day.usual),
                        "excess": amount(day.excess()), "score": amount(day.score),
                    })
                })
                .collect();
            Ok(result(
                parameters,
                "ok",
                json!({
                    "currency": data.currency(), "period": scope.period(), "judged_series": found.judged,
                    "count": found.days.len(), "total_excess": amount(total), "anomalies": listed,
                }),
            ))
        })
    }
}

/// Wild days inside the period, the dearest first. What is usual is learned from all days there are.
pub(super) fn find(scope: &Scope<'_>, stop: &CancellationToken) -> Result<Found, ToolFailure> {
    let (begin, end) = scope.data.days();
    let mut series: BTreeMap<(Sym, Sym), BTreeMap<i32, f64>> = BTreeMap::new();
    let mut total = 0.0;
    scope.visit_days(begin, end, stop, |charge, line| {
        if let Some(resource) = line.resource {
            *series.entry((resource, line.service)).or_default().entry(charge.day).or_default() +=
                charge.cost;
            total += charge.cost;
        }
    })?;
    // What nobody would look at is no anomaly: half a thousandth of all there is.
    let notable = total * 0.0005;
    let mut found = Found { days: Vec::new(), judged: 0 };
    for ((resource, service), days) in series.into_iter().filter(|(_, days)| days.len() >= DAYS_NEEDED) {
        found.judged += 1;
        let usual = median(days.values().copied());
        let spread = median(days.values().map(|cost| (cost - usual).abs())).max(usual.abs() * 0.02);
        if spread <= 0.0 {
            continue;
        }
        for (day, cost) in days.range(scope.first..=scope.last).map(|(day, cost)| (*day, *cost)) {
            let score = 0.6745 * (cost - usual) / spread;
            if score >= WILD && cost - usual >= (usual * EXCESS).max(notable) {
                found.days.push(WildDay { resource, service, day, cost, usual, score });
            }
        }
    }
    found.days.sort_by(|left, right| {
        right
            .excess()
            .total_cmp(&left.excess())
            .then_with(|| (left.day, left.resource).cmp(&(right.day, right.resource)))
    });
    Ok(found)
}

fn median(values: impl Iterator<Item = f64>) -> f64 {
    let mut values: Vec<_> = values.collect();
    values.sort_by(f64::total_cmp);
    let half = values.len() / 2;
    match values.len() {
        0 => 0.0,
        even if even % 2 == 0 => f64::midpoint(values[half - 1], values[half]),
        _ => values[half],
    }
}
