//! `recommendation_ranker`: what to do, the most worthwhile first: saving in money, weighed by effort and risk.
//!
//! Every resource appears in one action at most, so the savings may be added. Where a saving rests on
//! more than the bill says, the action names the assumption.

use super::scope::{Parameters, Scope};
use super::{Tool, ToolFailure, idle_resources, insufficient_data, result, usage_anomalies};
use crate::dataset::{Dataset, Sym};
use crate::focus::ChargeCategory;
use crate::money::{amount, percent};
use serde_json::{Map, Value, json};
use std::collections::{BTreeMap, BTreeSet};
use tokio_util::sync::CancellationToken;

/// What a commitment saves when the bill shows none to learn from.
const USUAL_DISCOUNT: f64 = 0.25;

/// See the module.
#[derive(Debug)]
pub(crate) struct RecommendationRanker;

/// How much work something is, or what may go wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Degree {
    Low,
    Medium,
    High,
}

impl Degree {
    fn as_str(self) -> &'static str {
        match self {
            Self::Low => "low",
            Self::Medium => "medium",
            Self::High => "high",
        }
    }

    /// The part of a saving that is left after the trouble of this degree.
    fn keeps(self) -> f64 {
        match self {
            Self::Low => 1.0,
            Self::Medium => 0.75,
            Self::High => 0.5,
        }
    }
}

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

    fn look(
        &self,
        data: &Dataset,
        parameters: &Map<String, Value>,
        stop: &CancellationToken,
    ) -> Result<Map<String, Value>, ToolFailure> {
        let asked = Parameters::of(parameters)?;
        let scope = match Scope::of(data, &asked)? {
            Ok(scope) => scope,
            Err(none) => return Ok(insufficient_data(parameters, none.0)),
        };
        let spending = Spending::of(&scope, stop)?;
        let mut actions = candidates(&scope, &spending, stop)?;
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

/// One kind of charge of one resource that nothing covers.
#[derive(Debug)]
struct OpenCharge<'d> {
    description: &'d str,
    unit: &'d str,
    dev: bool,
    steady: bool,
}

/// Something that could be done about a charge.
#[derive(Debug)]
struct Measure {
    kind: &'static str,
    share: f64,
    effort: Degree,
    risk: Degree,
    assumption: String,
}

impl OpenCharge<'_> {
    fn measures(&self, discount: Option<f64>) -> Vec<Measure> {
        let mut measures = Vec::new();
        let mut add = |kind, share, effort, risk, assumption: &str| {
            measures.push(Measure { kind, share, effort, risk, assumption: assumption.to_owned() });
        };
        let has = |words: &[&str]| words.iter().any(|word| self.description.contains(word));
        let instance = self.unit == "Hours" && has(&["Instance Hour", "Virtual Machines"]);
        if instance && self.steady {
            let share = discount.unwrap_or(USUAL_DISCOUNT);
            let source = if discount.is_some() {
                "the discount this bill already reaches"
            } else {
                "a usual discount"
            };
            let assumption = format!("a one-year commitment at {source}, {:.0}%", share * 100.0);
            add("buy_commitment", share, Degree::Low, Degree::Medium, &assumption);
        }
        if instance && self.dev {
            add(
                "schedule_off",
                0.5,
                Degree::Low,
                Degree::Low,
                "off at night and on weekends: half of the hours",
            );
        }
        if instance && has(&[" g3.", " m4.", " c4.", " r4.", " t2.", " p2."]) {
            add(
                "modernise",
                0.18,
                Degree::Medium,
                Degree::Low,
                "the next generation does the same work for 18% less",
            );
        }
        if instance && has(&[" g5.", " g4dn.", " p3."]) {
            add(
                "use_spot",
                0.35,
                Degree::High,
                Degree::Medium,
                "half of the hours can be interrupted, at 70% off",
            );
        }
        if has(&["(gp2)"]) {
            add("modernise_disk", 0.2, Degree::Low, Degree::Low, "gp3 costs a fifth less than gp2");
        }
        if has(&["Fargate"]) && !has(&["ARM"]) {
            add("use_arm", 0.2, Degree::Medium, Degree::Low, "Fargate on ARM is priced a fifth lower");
        }
        if has(&["TB / month of storage", "Hot LRS - Data Stored"]) {
            add("tier_storage", 0.3, Degree::Low, Degree::Low, "two thirds are read less than once a month");
        }
        if has(&["Data Processed by NAT"]) {
            add(
                "use_endpoint",
                0.5,
                Degree::Medium,
                Degree::Low,
                "half of the traffic stays with the same provider",
            );
        }
        if has(&["data ingested", "logs ingested"]) {
            add("trim_logs", 0.3, Degree::Low, Degree::Low, "debug lines are a third of the volume");
        }
        if has(&["SQS", "state transition"]) {
            add("batch_calls", 0.3, Degree::Medium, Degree::Low, "calls can be sent in groups");
        }
        if has(&["read request units", "write request units"]) {
            add(
                "provision_capacity",
                0.25,
                Degree::Medium,
                Degree::Medium,
                "load is even enough for provisioned capacity",
            );
        }
        if has(&["I/O requests (Aurora"]) || has(&["RDS million I/O"]) {
            add(
                "flat_io",
                0.25,
                Degree::Medium,
                Degree::Medium,
                "I/O-optimised storage has no charge per request",
            );
        }
        if has(&["snapshot data stored"]) {
            add(
                "expire_snapshots",
                0.5,
                Degree::Low,
                Degree::Low,
                "half of the snapshots are past their use",
            );
        }
        if has(&["data transfer out"]) {
            add("cut_egress", 0.2, Degree::Medium, Degree::Low, "a fifth can be cached or compressed");
        }
        if has(&["Aurora Capacity Unit", "Lambda - Total Compute"]) {
            add("right_size", 0.2, Degree::Medium, Degree::Low, "the lower bound is set a fifth too high");
        }
        measures
    }
}
