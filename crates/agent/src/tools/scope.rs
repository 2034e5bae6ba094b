//! Which rows a question is about: parameters understood, then resolved against the data.

use super::{ToolFailure, insufficient_data};
use crate::calendar::iso_date;
use crate::dataset::{Charge, Dataset, Line, Sym, date};
use crate::focus::ChargeCategory;
use crate::workload::Workload;
use serde_json::{Map, Value, json};
use tokio_util::sync::CancellationToken;

/// How often a loop over rows looks whether it should stop.
const STOP_EVERY: usize = 4096;

/// What every tool can be asked.
#[derive(Debug, Clone, PartialEq, Default)]
pub(crate) struct Parameters {
    pub(crate) workload: Option<Workload>,
    pub(crate) service: Option<String>,
    pub(crate) region: Option<String>,
    /// `key=value`.
    pub(crate) tag: Option<String>,
    /// The last so many days of the data; whole data when absent and no dates are given.
    pub(crate) days: Option<u32>,
    /// The first and last day, `YYYY-MM-DD`; both or none.
    pub(crate) dates: Option<(String, String)>,
    /// What groups are made by.
    pub(crate) group_by: Option<String>,
    /// How many entries lists have at most.
    pub(crate) limit: Option<u32>,
}

impl Parameters {
    /// The parameters as a tool receives them.
    pub(crate) fn to_json(&self) -> Map<String, Value> {
        let (from, to) = self.dates.as_ref().map_or((None, None), |(from, to)| (Some(from), Some(to)));
        let all = json!({
            "workload": self.workload.map(Workload::as_str),
            "service": self.service, "region": self.region, "tag": self.tag,
            "days": self.days, "from": from, "to": to, "group_by": self.group_by, "limit": self.limit,
        });
        match all {
            Value::Object(map) => map.into_iter().filter(|(_, value)| !value.is_null()).collect(),
            _ => Map::new(),
        }
    }

    /// Understands what a tool was called with.
    pub(super) fn of(map: &Map<String, Value>) -> Result<Self, ToolFailure> {
        let text = |name: &str| match map.get(name) {
            None => Ok(None),
            Some(Value::String(text)) => Ok(Some(text.clone())),
            Some(other) => Err(bad(name, other, "a string")),
        };
        let count = |name: &str| match map.get(name) {
            None => Ok(None),
            Some(value) => {
                let count = value.as_u64().and_then(|count| u32::try_from(count).ok());
                count
                    .filter(|count| *count > 0)
                    .map(Some)
                    .ok_or_else(|| bad(name, value, "a number from 1 on"))
            }
        };
        let workload = match text("workload")? {
            None => None,
            Some(name) => {
                let valid = Workload::ALL.map(Workload::as_str).join(", ");
                let known = Workload::from_name(&name);
                Some(known.ok_or_else(|| bad("workload", &Value::String(name), &valid))?)
            }
        };
        Ok(Self {
            workload,
            service: text("service")?,
            region: text("region")?,
            tag: text("tag")?,
            days: count("days")?,
            dates: both(text("from")?, text("to")?)?,
            group_by: text("group_by")?,
            limit: count("limit")?,
        })
    }
}

/// Half a period is no period.
fn both(from: Option<String>, to: Option<String>) -> Result<Option<(String, String)>, ToolFailure> {
    match (from, to) {
        (Some(from), Some(to)) => Ok(Some((from, to))),
        (None, None) => Ok(None),
        (Some(_), None) => Err(bad("to", &Value::Null, "a date as `2024-09-30`, since there is a `from`")),
        (None, Some(_)) => Err(bad("from", &Value::Null, "a date as `2024-09-01`, since there is a `to`")),
    }
}

fn bad(name: &str, value: &Value, valid: &str) -> ToolFailure {
    ToolFailure::BadParameter { name: name.to_owned(), value: value.to_string(), valid: valid.to_owned() }
}

/// A question resolved against data: the days, and which lines belong.
#[derive(Debug)]
pub(super) struct Scope<'d> {
    pub(super) data: &'d Dataset,
    pub(super) first: i32,
    pub(super) last: i32,
    inside: Vec<bool>,
}

/// Why a question has no rows, in words for people.
#[derive(Debug)]
struct NoRows(String);

impl<'d> Scope<'d> {
    /// Finds the rows; the inner error is for `insufficient_data`.
    fn of(data: &'d Dataset, asked: &Parameters) -> Result<Result<Self, NoRows>, ToolFailure> {
        let (first, last) = period(data, asked)?;
        let mut inside: Vec<bool> = data.lines().iter().map(|line| belongs(data, line, asked)).collect();
        for (line, inside) in data.lines().iter().zip(&mut inside) {
            // A purchase is paid for in the effective cost of what it covers.
            *inside &= line.charge != ChargeCategory::Purchase || data.cost_basis() == "BilledCost";
        }
        if !inside.contains(&true) {
            return Ok(Err(NoRows(format!("no billing row matches {}", described(asked)))));
        }
        Ok(Ok(Self { data, first, last, inside }))
    }

    /// How many days the question spans.
    pub(super) fn days(&self) -> i32 {
        self.last - self.first + 1
    }

    /// Brings a sum over the period to 30 days.
    pub(super) fn monthly(&self, sum: f64) -> f64 {
        sum * 30.0 / f64::from(self.days())
    }

    /// The period as results tell it.
    pub(super) fn period(&self) -> Value {
        json!({
            "from": date(self.first).to_string(), "to": date(self.last).to_string(), "days": self.days(),
        })
    }

    /// Visits every row of these lines inside the period.
    pub(super) fn visit(
        &self,
        stop: &CancellationToken,
        take: impl FnMut(&Charge, &Line),
    ) -> Result<(), ToolFailure> {
        self.visit_days(self.first, self.last, stop, take)
    }

    /// Visits every row of these lines inside other days.
    pub(super) fn visit_days(
        &self,
        first: i32,
        last: i32,
        stop: &CancellationToken,
        mut take: impl FnMut(&Charge, &Line),
    ) -> Result<(), ToolFailure> {
        for (at, (charge, line)) in self.data.charges().enumerate() {
            if at % STOP_EVERY == 0 && stop.is_cancelled() {
                return Err(ToolFailure::Cancelled);
            }
            let inside = self.inside.get(charge.line as usize).copied().unwrap_or(false);
            if inside && (first..=last).contains(&charge.day) {
                take(charge, line);
            }
        }
        Ok(())
    }

    pub(super) fn text(&self, sym: Sym) -> &'d str {
        self.data.text(sym)
    }
}

/// Resolves what a tool was asked and lets `find` look; a question that no row belongs to is answered here.
pub(super) fn resolved(
    data: &Dataset,
    parameters: &Map<String, Value>,
    find: impl FnOnce(&Parameters, &Scope<'_>) -> Result<Map<String, Value>, ToolFailure>,
) -> Result<Map<String, Value>, ToolFailure> {
    let asked = Parameters::of(parameters)?;
    match Scope::of(data, &asked)? {
        Ok(scope) => find(&asked, &scope),
        Err(none) => Ok(insufficient_data(parameters, none.0)),
    }
}

fn period(data: &Dataset, asked: &Parameters) -> Result<(i32, i32), ToolFailure> {
    let (first, last) = data.days();
    if let Some((from, to)) = &asked.dates {
        let (begin, end) = (julian("from", from)?, julian("to", to)?);
        if end < first || begin > last || begin > end {
            return Err(ToolFailure::OutsidePeriod {
                asked: format!("{from} to {to}"),
                available: format!("{} to {}", date(first), date(last)),
            });
        }
        return Ok((begin.max(first), end.min(last)));
    }
    let days = asked.days.and_then(|days| i32::try_from(days).ok()).unwrap_or(i32::MAX);
    Ok((last.saturating_sub(days - 1).max(first), last))
}

fn julian(name: &str, text: &str) -> Result<i32, ToolFailure> {
    iso_date(text)
        .map(time::Date::to_julian_day)
        .ok_or_else(|| bad(name, &Value::String(text.to_owned()), "a date as `2024-09-30`"))
}

fn belongs(data: &Dataset, line: &Line, asked: &Parameters) -> bool {
    let holds = |text: &str, words: &str| text.to_lowercase().contains(&words.to_lowercase());
    line.workloads.belong_to(asked.workload.unwrap_or(Workload::All))
        && asked.service.as_ref().is_none_or(|words| holds(data.text(line.service), words))
        && asked.region.as_ref().is_none_or(|words| {
            line.region.is_some_and(|region| data.text(region).eq_ignore_ascii_case(words))
        })
        && asked.tag.as_ref().is_none_or(|tag| {
            let (key, value) = tag.split_once('=').unwrap_or((tag, ""));
            line.tags.iter().any(|(known, held)| {
                data.text(*known).eq_ignore_ascii_case(key)
                    && (value.is_empty() || data.text(*held).eq_ignore_ascii_case(value))
            })
        })
}

fn described(asked: &Parameters) -> String {
    let named = [("service", &asked.service), ("region", &asked.region), ("tag", &asked.tag)];
    let mut parts: Vec<_> =
        named.iter().filter_map(|(name, value)| Some(format!("{name} `{}`", value.as_ref()?))).collect();
    if let Some(workload) = asked.workload.filter(|workload| *workload != Workload::All || parts.is_empty()) {
        parts.push(format!("workload `{}`", workload.as_str()));
    }
    parts.join(" and ")
}
