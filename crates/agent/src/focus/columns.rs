//! Where the columns that we read stand in a file's heading.

use csv::StringRecord;
use std::fmt;

/// A required column that the file lacks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MissingColumn {
    /// The column as FOCUS spells it.
    pub column: &'static str,
    /// The present column that looks most like it, if any looks like it at all.
    pub nearest: Option<String>,
}

impl fmt::Display for MissingColumn {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.nearest {
            Some(nearest) => write!(out, "`{}` (nearest present: `{nearest}`)", self.column),
            None => write!(out, "`{}`", self.column),
        }
    }
}

/// Positions of the columns that we read.
#[derive(Debug)]
pub(super) struct Columns {
    pub(super) width: usize,
    pub(super) billed: usize,
    pub(super) effective: usize,
    pub(super) list: usize,
    pub(super) currency: usize,
    pub(super) start: usize,
    pub(super) charge: usize,
    pub(super) provider: usize,
    pub(super) service: usize,
    pub(super) category: usize,
    pub(super) description: Option<usize>,
    pub(super) region: Option<usize>,
    pub(super) region_name: Option<usize>,
    pub(super) resource_id: Option<usize>,
    pub(super) resource_name: Option<usize>,
    pub(super) account: Option<usize>,
    pub(super) unit: Option<usize>,
    pub(super) unit_price: Option<usize>,
    pub(super) quantity: Option<usize>,
    pub(super) commitment: Option<usize>,
    pub(super) commitment_status: Option<usize>,
    pub(super) tags: Option<usize>,
}

impl Columns {
    /// Finds the columns by name, whatever their case; names every required one that is missing.
    pub(super) fn of(heading: &StringRecord) -> Result<Self, Vec<MissingColumn>> {
        let find = |name: &str| heading.iter().position(|cell| bare(cell).eq_ignore_ascii_case(name));
        let mut missing = Vec::new();
        let mut required = |column: &'static str| {
            find(column).unwrap_or_else(|| {
                missing.push(MissingColumn { column, nearest: nearest(column, heading) });
                0
            })
        };
        let columns = Self {
            width: heading.len(),
            billed: required("BilledCost"),
            effective: required("EffectiveCost"),
            list: required("ListCost"),
            currency: required("BillingCurrency"),
            start: required("ChargePeriodStart"),
            charge: required("ChargeCategory"),
            provider: required("ProviderName"),
            service: required("ServiceName"),
            category: required("ServiceCategory"),
            description: find("ChargeDescription"),
            region: find("RegionId"),
            region_name: find("RegionName"),
            resource_id: find("ResourceId"),
            resource_name: find("ResourceName"),
            account: find("SubAccountName"),
            unit: find("PricingUnit"),
            unit_price: find("ListUnitPrice"),
            quantity: find("PricingQuantity"),
            commitment: find("CommitmentDiscountId"),
            commitment_status: find("CommitmentDiscountStatus"),
            tags: find("Tags"),
        };
        if missing.is_empty() { Ok(columns) } else { Err(missing) }
    }
}

/// A heading cell without blanks and the byte order mark that some exports begin with.
fn bare(cell: &str) -> &str {
    cell.trim_start_matches('\u{feff}').trim()
}

fn nearest(column: &str, heading: &StringRecord) -> Option<String> {
    let wanted = column.to_lowercase();
    heading
        .iter()
        .map(|cell| (strsim::jaro_winkler(&wanted, &bare(cell).to_lowercase()), cell))
        .filter(|(likeness, _)| *likeness >= 0.75)
        .max_by(|left, right| left.0.total_cmp(&right.0))
        .map(|(_, cell)| bare(cell).to_owned())
}
