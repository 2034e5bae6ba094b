//! Regressions: what an earlier report measured, against now, beyond the noise of measuring.

use crate::model::{CheckEntry, CheckVerdict, MonitoringMetrics, Report, SCHEMA};
use goldenpath_checkers::Finding;

/// Two runs of the same build differ by so much in a time or a size: one quarter…
const RELATIVE_NOISE: f64 = 0.25;
/// …and never less than these, in the value's unit.
const FLOOR_MS: f64 = 10.0;
const FLOOR_MB: f64 = 20.0;
/// Shares of n samples: two standard errors, and never less than one percent.
const STANDARD_ERRORS: f64 = 2.0;
const FLOOR_SHARE: f64 = 0.01;

/// A baseline that cannot be held against this run.
#[derive(Debug, thiserror::Error)]
pub enum NotComparable {
    /// It is no whole report.
    #[error("it is no whole report: {0}")]
    Unreadable(#[from] serde_json::Error),
    /// It is of another schema.
    #[error("its schema is `{0}`, not `{SCHEMA}`")]
    Schema(String),
    /// It was measured otherwise.
    #[error("it was measured with {what} `{then}`, this run has `{now}` (hint: measure both alike)")]
    Otherwise {
        /// Which setting.
        what: &'static str,
        /// Its value in the baseline.
        then: String,
        /// Its value now.
        now: String,
    },
}

/// Reads a baseline and makes sure that it was measured with this profile and this many users.
///
/// # Errors
/// [`NotComparable`] says why it can't be held against this run.
pub fn read_baseline(text: &str, profile: &str, users: u32) -> Result<Report, NotComparable> {
    let report: Report = serde_json::from_str(text)?;
    if report.schema != SCHEMA {
        return Err(NotComparable::Schema(report.schema));
    }
    let session = &report.validation_session;
    let otherwise = |what, then: String, now: String| NotComparable::Otherwise { what, then, now };
    if session.profile != profile {
        return Err(otherwise("profile", session.profile.clone(), profile.to_owned()));
    }
    if session.users != users {
        return Err(otherwise("users", session.users.to_string(), users.to_string()));
    }
    Ok(report)
}

/// Adds a finding, and the verdict that goes with it, to every check whose value became worse beyond its noise.
pub(crate) fn add_regressions(checks: &mut [CheckEntry], metrics: &MonitoringMetrics, before: &Report) {
    for entry in checks.iter_mut() {
        let Some(then) = before.execution_results.checks.iter().find(|then| then.id == entry.id) else {
            continue;
        };
        let worse = worse_value(entry, then).into_iter().chain(worse_verdict(entry, then));
        let findings: Vec<Finding> = worse.collect();
        blame(entry, findings);
    }
    let then = &before.execution_results.monitoring_metrics;
    let totals = [
        (
            "delivery/success-rate",
            "success rate",
            "%",
            then.success_rate_percent,
            metrics.success_rate_percent,
        ),
        (
            "timing/delivery-latency",
            "95th percentile of the delivery latency",
            "ms",
            then.p95_latency_ms,
            metrics.p95_latency_ms,
        ),
        ("resources/memory-growth", "memory growth", "MB", then.memory_growth_mb, metrics.memory_growth_mb),
    ];
    for (id, name, unit, then, now) in totals {
        let (Some(then), Some(now)) = (then, now) else { continue };
        let Some(entry) = checks.iter_mut().find(|entry| entry.id == id) else { continue };
        let noise = noise(unit, then, entry.of);
        if is_worse(id, unit, then, now, noise)
            && entry.findings.iter().all(|finding| !is_regression(finding))
        {
            blame(entry, vec![finding(name, unit, then, now, noise)]);
        }
    }
}

fn blame(entry: &mut CheckEntry, findings: Vec<Finding>) {
    if findings.is_empty() {
        return;
    }
    entry.verdict = CheckVerdict::Fail;
    entry.reason = Some("regression against the baseline".to_owned());
    entry.findings.extend(findings);
}

fn worse_value(now: &CheckEntry, then: &CheckEntry) -> Option<Finding> {
    let (before, value) = (then.value?, now.value?);
    if !matches!(now.verdict, CheckVerdict::Pass | CheckVerdict::Fail) {
        return None;
    }
    let unit = now.unit.as_deref()?;
    let noise = noise(unit, before, now.of.min(then.of));
    is_worse(&now.id, unit, before, value, noise)
        .then(|| finding(&format!("`{}`", now.id), unit, before, value, noise))
}

/// A check that passed then and fails now is a regression whether it measures anything or not.
fn worse_verdict(now: &CheckEntry, then: &CheckEntry) -> Option<Finding> {
    let turned = then.verdict == CheckVerdict::Pass && now.verdict == CheckVerdict::Fail;
    (turned && now.value.is_none()).then(|| Finding {
        summary: format!("regression: `{}` passed in the baseline", now.id),
        expected: "pass, as in the baseline".to_owned(),
        observed: "fail".to_owned(),
        records: Vec::new(),
        witness: None,
    })
}

fn is_regression(finding: &Finding) -> bool {
    finding.summary.starts_with("regression: ")
}

fn finding(name: &str, unit: &str, then: f64, now: f64, noise: f64) -> Finding {
    Finding {
        summary: format!("regression: {name} went from {then:.2} to {now:.2} {unit}"),
        expected: format!("{then:.2} {unit} as in the baseline, give or take {noise:.2}"),
        observed: format!("{now:.2} {unit}"),
        records: Vec::new(),
        witness: None,
    }
}

/// By how much two measurements of the same thing may differ.
fn noise(unit: &str, value: f64, samples: u64) -> f64 {
    let relative = RELATIVE_NOISE * value.abs();
    let binomial = |whole: f64| {
        let share = (value / whole).clamp(0.0, 1.0);
        let error = (share * (1.0 - share) / samples.max(1) as f64).sqrt();
        whole * (STANDARD_ERRORS * error).max(FLOOR_SHARE)
    };
    match unit {
        "ms" => relative.max(FLOOR_MS),
        "MB" => relative.max(FLOOR_MB),
        "%" => binomial(100.0),
        "share" => binomial(1.0),
        _ => relative,
    }
}

fn is_worse(id: &str, unit: &str, then: f64, now: f64, noise: f64) -> bool {
    let less_is_better = matches!(unit, "ms" | "MB") || id == "value/boilerplate";
    if less_is_better { now > then + noise } else { now < then - noise }
}
