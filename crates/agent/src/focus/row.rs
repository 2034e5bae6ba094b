//! One typed row of a FOCUS export.

use super::columns::Columns;
use crate::calendar::iso_day;
use csv::StringRecord;
use serde_json::{Map, Value};
use time::Date;

/// What kind of charge a row is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ChargeCategory {
    /// Something was used.
    Usage,
    /// Something was bought, such as a commitment.
    Purchase,
    /// A tax.
    Tax,
    /// Money given back.
    Credit,
    /// A correction.
    Adjustment,
}

/// One row: who charged how much for what, on which day.
#[derive(Debug, Clone, PartialEq)]
pub struct BillingRow {
    /// The day on which the charge period begins.
    pub day: Date,
    /// The kind of charge.
    pub charge: ChargeCategory,
    /// Who provides the service.
    pub provider: String,
    /// The service.
    pub service: String,
    /// The category of the service.
    pub category: String,
    /// The region's id, or its name where the id is absent.
    pub region: Option<String>,
    /// The resource's name, or its id where the name is absent.
    pub resource: Option<String>,
    /// The sub-account.
    pub account: Option<String>,
    /// What was charged for, in the provider's words.
    pub description: String,
    /// The unit in which it is priced.
    pub unit: Option<String>,
    /// The list price of one unit.
    pub unit_price: Option<f64>,
    /// How many units.
    pub quantity: Option<f64>,
    /// What the invoice says.
    pub billed: f64,
    /// What it costs with commitments spread over what they cover.
    pub effective: f64,
    /// What it would cost at list price.
    pub list: f64,
    /// The commitment that covers the row.
    pub commitment: Option<String>,
    /// Whether the row is the part of a commitment that nothing used.
    pub commitment_unused: bool,
    /// Tags, in the file's order.
    pub tags: Vec<(String, String)>,
    /// The currency of every amount.
    pub currency: String,
}

impl BillingRow {
    /// Reads one record; the error says what is wrong in words that finish "line skipped: …".
    pub(super) fn parse(record: &StringRecord, columns: &Columns) -> Result<Self, String> {
        if record.len() != columns.width {
            return Err(format!("{} cells where the heading has {}", record.len(), columns.width));
        }
        let optional = |at: Option<usize>| at.and_then(|at| present(record, at));
        let text = |at: Option<usize>| optional(at).map(str::to_owned);
        let needed = |at: usize, name: &str| present(record, at).ok_or_else(|| format!("no `{name}`"));
        let number = |at: Option<usize>, name: &str| optional(at).map(|cell| amount(cell, name)).transpose();
        Ok(Self {
            day: day(needed(columns.start, "ChargePeriodStart")?)?,
            charge: charge(needed(columns.charge, "ChargeCategory")?)?,
            provider: needed(columns.provider, "ProviderName")?.to_owned(),
            service: needed(columns.service, "ServiceName")?.to_owned(),
            category: needed(columns.category, "ServiceCategory")?.to_owned(),
            region: text(columns.region).or_else(|| text(columns.region_name)),
            resource: text(columns.resource_name).or_else(|| text(columns.resource_id)),
            account: text(columns.account),
            description: text(columns.description).unwrap_or_default(),
            unit: text(columns.unit),
            unit_price: number(columns.unit_price, "ListUnitPrice")?,
            quantity: number(columns.quantity, "PricingQuantity")?,
            billed: amount(needed(columns.billed, "BilledCost")?, "BilledCost")?,
            effective: amount(needed(columns.effective, "EffectiveCost")?, "EffectiveCost")?,
            list: number(Some(columns.list), "ListCost")?.unwrap_or(0.0),
            commitment: text(columns.commitment),
            commitment_unused: optional(columns.commitment_status)
                .is_some_and(|status| status.eq_ignore_ascii_case("unused")),
            tags: optional(columns.tags).map_or(Ok(Vec::new()), tags)?,
            currency: needed(columns.currency, "BillingCurrency")?.to_owned(),
        })
    }
}

/// The cell, unless it is empty or spells `NULL`.
fn present(record: &StringRecord, at: usize) -> Option<&str> {
    record.get(at).map(str::trim).filter(|cell| !cell.is_empty() && !cell.eq_ignore_ascii_case("null"))
}

fn amount(cell: &str, name: &str) -> Result<f64, String> {
    match cell.parse::<f64>() {
        Ok(value) if value.is_finite() => Ok(value),
        _ => Err(format!("`{name}` is `{cell}`, which is no number")),
    }
}

fn day(cell: &str) -> Result<Date, String> {
    iso_day(cell).ok_or_else(|| format!("`ChargePeriodStart` is `{cell}`, which is no date"))
}

fn charge(cell: &str) -> Result<ChargeCategory, String> {
    match cell.to_ascii_lowercase().as_str() {
        "usage" => Ok(ChargeCategory::Usage),
        "purchase" => Ok(ChargeCategory::Purchase),
        "tax" => Ok(ChargeCategory::Tax),
        "credit" => Ok(ChargeCategory::Credit),
        "adjustment" => Ok(ChargeCategory::Adjustment),
        _ => Err(format!(
            "`ChargeCategory` is `{cell}`, not one of `Usage`, `Purchase`, `Tax`, `Credit`, `Adjustment`"
        )),
    }
}

fn tags(cell: &str) -> Result<Vec<(String, String)>, String> {
    let map: Map<String, Value> =
        serde_json::from_str(cell).map_err(|_| "`Tags` is no JSON object".to_owned())?;
    Ok(map
        .into_iter()
        .map(|(key, value)| match value {
            Value::String(text) => (key, text),
            other => (key, other.to_string()),
        })
        .collect())
}
