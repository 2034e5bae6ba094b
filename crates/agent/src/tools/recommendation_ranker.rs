//! `recommendation_ranker`: what to do, the most worthwhile first: saving in money, weighed by effort and risk.
//!
//! Every resource appears in one action at most, so the savings may be added. Where a saving rests on
//! more than the bill says, the action names the assumption.

use super::measures::{Degree, OpenCharge};
use super::scope::{Scope, resolved};
use super::{Tool, ToolFailure, idle_resources, insufficient_data, result, usage_anomalies};
use crate::dataset::{Dataset, Sym};
use crate::focus::ChargeCategory;
use crate::money::{amount, percent};
use serde_json::{Map, Value, json};
use std::collections::{BTreeMap, BTreeSet};
use tokio_util::sync::CancellationToken;

/// See the module.
#[derive(Debug)]
pub(crate) struct RecommendationRanker;

/// One thing to do.
#[derive(Debug)]
struct Action {
    kind: &'static str,
    resource: String,
    service: String,
    monthly_cost: f64,
    monthly_saving: f64,
    effort: Degree,
    risk: Degree,
    assumption: Option<String>,
}

impl Action {
    fn worth(&self) -> f64 {
        self.monthly_saving * self.effort.keeps() * self.risk.keeps()
    }
}

impl Tool for RecommendationRanker {
    fn name(&self) -> &'static str {
        "recommendation_ranker"
    }

    fn description(&self) -> &'static str {
        "Ranks what would lower the bill by saving, effort and risk, with the monthly saving of each action"
    }

    fn look(
        &self,
        data: &Dataset,
        parameters: &Map<String, Value>,
        stop: &CancellationToken,
    ) -> Result<Map<String, Value>, ToolFailure> {
        resolved(data, parameters, |asked, scope| {
            let spending = Spending::of(scope, stop)?;
            let mut actions = candidates(scope, &spending, stop)?;
            // What saves less than this is not worth a line in a plan.
            actions.retain(|action| action.monthly_saving > spending.monthly * 0.0005);
            if actions.is_empty() {
                return Ok(insufficient_data(parameters, "no charge in this period suggests a saving"));
            }
            actions.sort_by(|left, right| {
                right.worth().total_cmp(&left.worth()).then_with(|| left.resource.cmp(&right.resource))
            });
            let found = actions.len();
            actions.truncate(asked.limit.unwrap_or(5) as usize);
            let total: f64 = actions.iter().map(|action| action.monthly_saving).sum();
            let listed: Vec<_> = actions
                .iter()
                .zip(1..)
                .map(|(action, rank)| {
                    json!({
                        "rank": rank, "kind": action.kind, "resource": action.resource, "service": action.service,
                        "monthly_cost": amount(action.monthly_cost), "monthly_saving": amount(action.monthly_saving),
                        "effort": action.effort.as_str(), "risk": action.risk.as_str(), "assumption": action.assumption,
                    })
                })
                .collect();
            Ok(result(
                parameters,
                "ok",
                json!({
                    "currency": data.currency(), "period": scope.period(), "candidates": found,
                    "total_monthly_saving": amount(total), "monthly_cost": amount(spending.monthly),
                    "share_percent": percent(if spending.monthly > 0.0 { total / spending.monthly } else { 0.0 }),
                    "actions": listed,
                }),
            ))
        })
    }
}

/// One resource's part of one kind of charge.
#[derive(Debug, Default)]
struct Part {
    cost: f64,
    days: BTreeSet<i32>,
    unit: Option<Sym>,
    dev: bool,
}

/// What was spent, cut the way actions need it.
#[derive(Debug, Default)]
struct Spending {
    monthly: f64,
    /// By resource, service and description: what nothing covers.
    open: BTreeMap<(Sym, Sym, Sym), Part>,
    covered: (f64, f64),
    unused: BTreeMap<(Sym, Sym), f64>,
}

impl Spending {
    fn of(scope: &Scope<'_>, stop: &CancellationToken) -> Result<Self, ToolFailure> {
        let mut all = Self::default();
        let mut total = 0.0;
        scope.visit(stop, |charge, line| {
            total += charge.cost;
            if line.charge != ChargeCategory::Usage {
                return;
            }
            match (line.commitment, line.resource) {
                (Some(commitment), _) if line.commitment_unused => {
                    *all.unused.entry((commitment, line.service)).or_default() += charge.cost;
                }
                (Some(_), _) => {
                    all.covered.0 += charge.cost;
                    all.covered.1 += charge.list;
                }
                (None, Some(resource)) => {
                    let dev = line.tags.iter().any(|(key, value)| {
                        matches!(scope.text(*key), "environment" | "env")
                            && matches!(scope.text(*value), "dev" | "test" | "staging" | "sandbox")
                    });
                    let key = (resource, line.service, line.description);
                    let part = all.open.entry(key).or_default();
                    part.cost += charge.cost;
                    part.days.insert(charge.day);
                    part.unit = line.unit;
                    part.dev = dev;
                }
                (None, None) => {}
            }
        })?;
        all.monthly = scope.monthly(total);
        Ok(all)
    }

    /// The discount that commitments in this bill reach, if any does.
    fn discount(&self) -> Option<f64> {
        (self.covered.1 > 0.0).then(|| 1.0 - self.covered.0 / self.covered.1).filter(|share| *share > 0.02)
    }
}

fn candidates(
    scope: &Scope<'_>,
    spending: &Spending,
    stop: &CancellationToken,
) -> Result<Vec<Action>, ToolFailure> {
    let mut best: BTreeMap<String, Action> = BTreeMap::new();
    let mut taken = BTreeSet::new();
    for idle in idle_resources::find(scope, stop)?.idle {
        taken.insert(idle.resource);
        let action = Action {
            kind: "stop_idle",
            resource: scope.text(idle.resource).to_owned(),
            service: scope.text(idle.service).to_owned(),
            monthly_cost: idle.monthly,
            monthly_saving: idle.monthly,
            effort: Degree::Low,
            risk: Degree::Low,
            assumption: None,
        };
        best.insert(action.resource.clone(), action);
    }
    let mut offer = |action: Action| {
        let better = best.get(&action.resource).is_none_or(|known| action.worth() > known.worth());
        if better {
            best.insert(action.resource.clone(), action);
        }
    };
    for ((commitment, service), cost) in &spending.unused {
        let monthly = scope.monthly(*cost);
        offer(Action {
            kind: "use_commitment",
            resource: scope.text(*commitment).to_owned(),
            service: scope.text(*service).to_owned(),
            monthly_cost: monthly,
            monthly_saving: monthly,
            effort: Degree::Medium,
            risk: Degree::Low,
            assumption: None,
        });
    }
    let mut excess: BTreeMap<(Sym, Sym), f64> = BTreeMap::new();
    for day in usage_anomalies::find(scope, stop)?.days.iter().filter(|day| !taken.contains(&day.resource)) {
        *excess.entry((day.resource, day.service)).or_default() += day.excess();
    }
    for ((resource, service), sum) in excess {
        let monthly = scope.monthly(sum);
        offer(Action {
            kind: "cap_anomaly",
            resource: scope.text(resource).to_owned(),
            service: scope.text(service).to_owned(),
            monthly_cost: monthly,
            monthly_saving: monthly,
            effort: Degree::Medium,
            risk: Degree::Low,
            assumption: Some("the excess comes back as often as in this period".to_owned()),
        });
    }
    let open = spending.open.iter().filter(|((resource, ..), _)| !taken.contains(resource));
    for ((resource, service, description), part) in open {
        let charge = OpenCharge {
            description: scope.text(*description),
            unit: part.unit.map_or("", |unit| scope.text(unit)),
            dev: part.dev,
            steady: part.days.len() * 10 >= scope.days() as usize * 9,
        };
        for measure in charge.measures(spending.discount()) {
            let monthly = scope.monthly(part.cost);
            offer(Action {
                kind: measure.kind,
                resource: scope.text(*resource).to_owned(),
                service: scope.text(*service).to_owned(),
                monthly_cost: monthly,
                monthly_saving: monthly * measure.share,
                effort: measure.effort,
                risk: measure.risk,
                assumption: Some(measure.assumption),
            });
        }
    }
    Ok(best.into_values().collect())
}
