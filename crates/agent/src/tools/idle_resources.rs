//! `idle_resources`: what is paid for and not used.
//!
//! A bill shows no utilisation, but it charges twice for most things: for having them (hours,
//! gigabyte-months) and for using them (gigabytes, requests, operations). A resource whose second
//! charge stopped while the first goes on is idle. One that never had a second charge cannot be
//! judged, unless the provider itself calls it idle.

use super::scope::{Scope, resolved};
use super::{Tool, ToolFailure, insufficient_data, result};
use crate::dataset::{Dataset, Sym, date};
use crate::focus::ChargeCategory;
use crate::money::amount;
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;
use tokio_util::sync::CancellationToken;

/// A pause of so many days may be a holiday.
const IDLE_DAYS: i32 = 14;

/// See the module.
#[derive(Debug)]
pub(crate) struct IdleResources;

/// A resource that is paid for and not used.
#[derive(Debug, Clone, Copy)]
pub(super) struct Idle {
    pub(super) resource: Sym,
    pub(super) service: Sym,
    /// The first day without use; `None`: the provider calls it idle.
    pub(super) since: Option<i32>,
    pub(super) monthly: f64,
}

/// What was found, and of how many resources.
#[derive(Debug)]
pub(super) struct Found {
    pub(super) idle: Vec<Idle>,
    judged: usize,
    not_judged: usize,
}

impl Tool for IdleResources {
    fn name(&self) -> &'static str {
        "idle_resources"
    }

    fn description(&self) -> &'static str {
        "Finds resources that are paid for and not used, with what each costs a month"
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
                let reason = "no resource has both a charge for having it and a charge for using it";
                return Ok(insufficient_data(parameters, reason));
            }
            let total: f64 = found.idle.iter().map(|idle| idle.monthly).sum();
            let listed: Vec<_> = found
                .idle
                .iter()
                .take(asked.limit.unwrap_or(8) as usize)
                .map(|idle| {
                    let days = idle.since.map(|since| scope.last - since + 1);
                    json!({
                        "resource": scope.text(idle.resource), "service": scope.text(idle.service),
                        "idle_since": idle.since.map(|since| date(since).to_string()), "idle_days": days,
                        "monthly_cost": amount(idle.monthly),
                        "evidence": if days.is_some() { "charges for use stopped" } else { "the provider calls it idle" },
                    })
                })
                .collect();
            Ok(result(
                parameters,
                "ok",
                json!({
                    "currency": data.currency(), "period": scope.period(), "count": found.idle.len(),
                    "monthly_total": amount(total), "judged": found.judged, "not_judged": found.not_judged,
                    "idle": listed,
                }),
            ))
        })
    }
}

#[derive(Debug, Default)]
struct Life {
    service: Option<Sym>,
    last_use: Option<i32>,
    last_held: Option<i32>,
    held_cost: f64,
    called_idle: bool,
}

/// Idle resources at the end of the period, the dearest first. Use is looked for in all days there are.
pub(super) fn find(scope: &Scope<'_>, stop: &CancellationToken) -> Result<Found, ToolFailure> {
    let begin = scope.data.days().0;
    let window = scope.last - IDLE_DAYS + 1;
    let mut lives: BTreeMap<Sym, Life> = BTreeMap::new();
    scope.visit_days(begin, scope.last, stop, |charge, line| {
        let (Some(resource), ChargeCategory::Usage) = (line.resource, line.charge) else { return };
        let life = lives.entry(resource).or_default();
        if line.unit.is_some_and(|unit| is_holding(scope.text(unit))) {
            life.last_held = life.last_held.max(Some(charge.day));
            life.service.get_or_insert(line.service);
            life.called_idle |= scope.text(line.description).contains("Idle ");
            life.held_cost += if charge.day >= window { charge.cost } else { 0.0 };
        } else if charge.quantity > 0.0 {
            life.last_use = life.last_use.max(Some(charge.day));
        }
    })?;
    let mut found = Found { idle: Vec::new(), judged: 0, not_judged: 0 };
    for (resource, life) in lives {
        let Some(service) = life.service else { continue };
        if life.last_use.is_none() && !life.called_idle {
            found.not_judged += 1;
            continue;
        }
        found.judged += 1;
        let since = life.last_use.map(|day| day + 1);
        let long = since.is_none_or(|since| since <= window);
        let still_held = life.last_held.is_some_and(|day| day >= scope.last - 1);
        if long && still_held && life.held_cost > 0.0 {
            let window_days = f64::from((scope.last - begin + 1).min(IDLE_DAYS));
            found.idle.push(Idle { resource, service, since, monthly: life.held_cost * 30.0 / window_days });
        }
    }
    found.idle.sort_by(|left, right| {
        right.monthly.total_cmp(&left.monthly).then_with(|| left.resource.cmp(&right.resource))
    });
    Ok(found)
}

/// Whether a unit is charged for having a thing, used or not: anything per hour or month, but not
/// units of work that merely carry a time.
fn is_holding(unit: &str) -> bool {
    let unit = unit.to_ascii_lowercase();
    let timed = unit.contains("hour") || unit.contains("month");
    let work = ["lcu", "lambda", "acu", "request"].iter().any(|word| unit.contains(word));
    timed && !work
}
