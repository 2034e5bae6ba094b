//! `cost_analyzer`: what was spent on what, how much of it commitments cover, and against list price.

use super::scope::{Parameters, Scope, resolved};
use super::{Tool, ToolFailure, insufficient_data, result, schema};
use crate::dataset::{Charge, Dataset, Line, Sym};
use crate::focus::ChargeCategory;
use crate::money::{amount, percent};
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;
use tokio_util::sync::CancellationToken;

/// See the module.
#[derive(Debug)]
pub(crate) struct CostAnalyzer;

impl Tool for CostAnalyzer {
    fn name(&self) -> &'static str {
        "cost_analyzer"
    }

    fn description(&self) -> &'static str {
        "Adds the spend up by service, category, region, account or tag, and compares it with list price and the days before"
    }

    fn schema(&self) -> Value {
        schema::grouped()
    }

    fn look(
        &self,
        data: &Dataset,
        parameters: &Map<String, Value>,
        stop: &CancellationToken,
    ) -> Result<Map<String, Value>, ToolFailure> {
        // A wrong grouping is wrong whether or not there are rows.
        let by = Grouping::of(Parameters::of(parameters)?.group_by.as_deref().unwrap_or("service"))?;
        resolved(data, parameters, |asked, scope| {
            let mut sums = Sums::default();
            scope.visit(stop, |charge, line| sums.add(charge, line, by.key(scope, line)))?;
            if sums.rows == 0 {
                return Ok(insufficient_data(parameters, "no row was charged in this period"));
            }
            let previous = previous(scope, stop)?;
            let limit = asked.limit.unwrap_or(8) as usize;
            let share = |cost: f64| percent(if sums.cost > 0.0 { cost / sums.cost } else { 0.0 });
            let groups: Vec<_> = largest(&sums.groups, limit)
                .map(|(name, cost)| json!({ "name": name, "cost": amount(*cost), "share_percent": share(*cost) }))
                .collect();
            let resources: Vec<_> = largest(&sums.resources, limit)
                .map(|((resource, service), cost)| {
                    json!({ "resource": scope.text(*resource), "service": scope.text(*service), "cost": amount(*cost) })
                })
                .collect();
            Ok(result(
                parameters,
                "ok",
                json!({
                    "currency": data.currency(),
                    "cost_basis": data.cost_basis(),
                    "period": scope.period(),
                    "rows": sums.rows,
                    "total": amount(sums.cost),
                    "monthly": amount(scope.monthly(sums.cost)),
                    "previous_total": previous.map(amount),
                    "change_percent": previous.filter(|before| *before > 0.0).map(|before| percent(sums.cost / before - 1.0)),
                    "group_by": by.name(),
                    "group_count": sums.groups.len(),
                    "groups": groups,
                    "resource_count": sums.resources.len(),
                    "top_resources": resources,
                    "list": sums.against_list(),
                    "commitment": sums.coverage(scope),
                }),
            ))
        })
    }
}

/// The sum over as many days before the period, where the data reach back so far.
fn previous(scope: &Scope<'_>, stop: &CancellationToken) -> Result<Option<f64>, ToolFailure> {
    let (first, last) = (scope.first - scope.days(), scope.first - 1);
    if first < scope.data.days().0 {
        return Ok(None);
    }
    let mut sum = 0.0;
    scope.visit_days(first, last, stop, |charge, _| sum += charge.cost)?;
    Ok(Some(sum))
}

/// What groups are made by.
#[derive(Debug)]
enum Grouping {
    Service,
    Category,
    Region,
    Account,
    Tag(String),
}

impl Grouping {
    fn of(name: &str) -> Result<Self, ToolFailure> {
        match name {
            "service" => Ok(Self::Service),
            "category" => Ok(Self::Category),
            "region" => Ok(Self::Region),
            "account" => Ok(Self::Account),
            _ => name.strip_prefix("tag:").map(|key| Self::Tag(key.to_owned())).ok_or_else(|| {
                ToolFailure::BadParameter {
                    name: "group_by".to_owned(),
                    value: name.to_owned(),
                    valid: "service, category, region, account, tag:KEY".to_owned(),
                }
            }),
        }
    }

    fn name(&self) -> String {
        match self {
            Self::Service => "service".to_owned(),
            Self::Category => "category".to_owned(),
            Self::Region => "region".to_owned(),
            Self::Account => "account".to_owned(),
            Self::Tag(key) => format!("tag:{key}"),
        }
    }

    fn key<'d>(&self, scope: &Scope<'d>, line: &Line) -> &'d str {
        let optional = |sym: Option<Sym>| sym.map_or("(none)", |sym| scope.text(sym));
        match self {
            Self::Service => scope.text(line.service),
            Self::Category => scope.text(line.category),
            Self::Region => optional(line.region),
            Self::Account => optional(line.account),
            Self::Tag(key) => {
                let tag = line.tags.iter().find(|(known, _)| scope.text(*known).eq_ignore_ascii_case(key));
                optional(tag.map(|(_, value)| *value))
            }
        }
    }
}

/// What is added up in one pass.
#[derive(Debug, Default)]
struct Sums<'d> {
    rows: u64,
    cost: f64,
    list: f64,
    /// Cost and list price of rows that a commitment covers.
    covered: (f64, f64),
    /// List price of uncovered rows of resources that are charged by the hour.
    hourly: f64,
    unused: f64,
    groups: BTreeMap<&'d str, f64>,
    resources: BTreeMap<(Sym, Sym), f64>,
}

impl<'d> Sums<'d> {
    fn add(&mut self, charge: &Charge, line: &Line, group: &'d str) {
        self.rows += 1;
        self.cost += charge.cost;
        *self.groups.entry(group).or_default() += charge.cost;
        if let Some(resource) = line.resource {
            *self.resources.entry((resource, line.service)).or_default() += charge.cost;
        }
        if line.charge != ChargeCategory::Usage {
            return;
        }
        if line.commitment_unused {
            self.unused += charge.cost;
        } else if line.commitment.is_some() {
            self.covered.0 += charge.cost;
            self.covered.1 += charge.list;
            self.list += charge.list;
        } else {
            self.list += charge.list;
            self.hourly += charge.list;
        }
    }

    fn against_list(&self) -> Value {
        if self.list <= 0.0 {
            return json!({ "status": "insufficient_data" });
        }
        let paid = self.cost - self.unused;
        json!({
            "list_cost": amount(self.list),
            "saved_against_list": amount(self.list - paid),
            "paid_percent_of_list": percent(paid / self.list),
        })
    }

    fn coverage(&self, scope: &Scope<'_>) -> Value {
        let eligible = self.covered.1 + self.hourly;
        if eligible <= 0.0 || self.covered.1 <= 0.0 {
            return json!({ "status": "insufficient_data", "reason": "no row is covered by a commitment" });
        }
        json!({
            "covered_list_cost": amount(self.covered.1),
            "coverage_percent": percent(self.covered.1 / eligible),
            "discount_percent": percent(1.0 - self.covered.0 / self.covered.1),
            "unused_monthly": amount(scope.monthly(self.unused)),
        })
    }
}

/// The largest sums first; equal ones by name.
fn largest<K: Ord>(sums: &BTreeMap<K, f64>, limit: usize) -> impl Iterator<Item = (&K, &f64)> {
    let mut all: Vec<_> = sums.iter().collect();
    all.sort_by(|left, right| right.1.total_cmp(left.1).then_with(|| left.0.cmp(right.0)));
    all.into_iter().take(limit)
}
