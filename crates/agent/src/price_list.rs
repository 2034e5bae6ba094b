//! Services, regions and unit prices of the shipped FOCUS sample: what generated data is priced with.

use crate::focus::{BillingRow, ChargeCategory, read_rows};
use std::collections::BTreeMap;
use std::sync::LazyLock;

static SAMPLE: &str = include_str!("../data/focus_sample.csv");
static PRICES: LazyLock<PriceList> = LazyLock::new(|| PriceList::read(SAMPLE));

/// One price that a provider charged in a region.
#[derive(Debug, Clone)]
pub(crate) struct Price {
    pub(crate) provider: String,
    pub(crate) service: String,
    pub(crate) category: String,
    pub(crate) region: Option<String>,
    pub(crate) description: String,
    pub(crate) unit: String,
    pub(crate) amount: f64,
}

/// Every price of the sample, in a stable order.
#[derive(Debug)]
pub(crate) struct PriceList(Vec<Price>);

impl PriceList {
    /// The sample's, read once.
    pub(crate) fn of_sample() -> &'static Self {
        &PRICES
    }

    fn read(csv: &str) -> Self {
        let mut prices = BTreeMap::new();
        let wrong = read_rows(csv.as_bytes(), |row| {
            if let Some(price) = price(row) {
                let key = (price.service.clone(), price.description.clone(), price.region.clone());
                prices.entry(key).or_insert(price);
            }
        });
        if let Err(error) = wrong {
            tracing::error!(%error, "the embedded sample cannot be read: there is nothing to generate from");
        }
        Self(prices.into_values().collect())
    }

    /// The prices of services and descriptions that hold these words.
    pub(crate) fn find(&self, service: &str, description: &str) -> Vec<&Price> {
        self.0
            .iter()
            .filter(|price| price.service.contains(service) && price.description.contains(description))
            .collect()
    }
}

fn price(row: BillingRow) -> Option<Price> {
    let amount = row.unit_price.filter(|amount| *amount > 0.0)?;
    (row.charge == ChargeCategory::Usage).then_some(Price {
        provider: row.provider,
        service: row.service,
        category: row.category,
        region: row.region,
        description: row.description,
        unit: row.unit?,
        amount,
    })
}
