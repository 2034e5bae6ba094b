//! Billing data derived from a user id: 90 days at about $50 000 a month, with planted waste and the
//! truth about it kept beside.
//!
//! The same id gives the same rows for ever; two ids share services, regions and prices, but no resource.

mod blueprint;
mod names;
mod plan;
mod truth;

pub use truth::{PlantedAnomaly, PlantedIdle, PlantedUncovered, Truth};

use crate::dataset::{Amounts, Dataset, DatasetBuilder};
use crate::focus::{BillingRow, ChargeCategory};
use crate::price_list::{Price, PriceList};
use plan::{DAYS, Plan, Resource};
use rand::Rng;
use rand_chacha::ChaCha8Rng;
use time::{Date, Duration, Month};

/// The last day of generated data: the sample's month.
const LAST_DAY: (i32, Month, u8) = (2024, Month::September, 30);

/// The data of `user_id` and the truth about it; `None` only when the embedded sample is unreadable.
#[must_use]
pub fn generate(user_id: &str) -> Option<(Dataset, Truth)> {
    let (year, month, day) = LAST_DAY;
    let last = Date::from_calendar_date(year, month, day).ok()?;
    let first = last - Duration::days(i64::from(DAYS) - 1);
    let mut plan = Plan::of(user_id, PriceList::of_sample());
    let mut builder = DatasetBuilder::default();
    let mut covered = vec![0.0; DAYS as usize];
    for resource in &plan.resources {
        write(&mut builder, resource, &plan.commitment, first, &mut plan.random, &mut covered);
    }
    write_commitment(&mut builder, &plan, first, &covered);
    let truth = Truth::of(user_id, &plan, first);
    Some((builder.finish()?, truth))
}

/// The rows of one resource: what it costs to have, and what it costs to use.
fn write(
    builder: &mut DatasetBuilder,
    resource: &Resource<'_>,
    commitment: &plan::Commitment,
    first: Date,
    random: &mut ChaCha8Rng,
    covered: &mut [f64],
) {
    let mut held = row(resource, resource.price, first);
    held.commitment = resource.covered.then(|| commitment.name.clone());
    let held_line = builder.line(&held);
    let used_line = resource.activity.map(|price| builder.line(&row(resource, price, first)));
    let start = first.to_julian_day();
    for day in 0..DAYS {
        let trend = 1.0 + resource.trend * (f64::from(day) / f64::from(DAYS) - 0.5);
        let factor = trend * random.random_range(0.975..1.025) * resource.spike(day);
        // Saturday and Sunday see less use, but what is rented stays rented.
        let weekend = (start + i32::from(day)).rem_euclid(7) >= 5;
        let list = resource.daily * factor * if weekend { resource.weekend } else { 1.0 };
        let at = start + i32::from(day);
        let effective = if resource.covered { list * (1.0 - commitment.discount) } else { list };
        let billed = if resource.covered { 0.0 } else { list };
        if resource.covered {
            covered[usize::from(day)] += effective;
        }
        builder.charge(
            held_line,
            at,
            Amounts { quantity: list / resource.price.amount, billed, effective, list },
        );
        if let (Some(line), Some(price), true) = (used_line, resource.activity, resource.is_used(day)) {
            let list = resource.daily * 0.02 * random.random_range(0.9..1.1);
            let quantity = list / price.amount;
            builder.charge(line, at, Amounts { quantity, billed: list, effective: list, list });
        }
    }
}

/// The commitment as it is billed each day, and the part of it that covered nothing.
fn write_commitment(builder: &mut DatasetBuilder, plan: &Plan<'_>, first: Date, covered: &[f64]) {
    let Some(host) = plan.resources.iter().find(|resource| resource.covered) else { return };
    let mut bought = row(host, host.price, first);
    bought.charge = ChargeCategory::Purchase;
    bought.resource = None;
    bought.tags = Vec::new();
    "Savings Plan recurring fee".clone_into(&mut bought.description);
    bought.commitment = Some(plan.commitment.name.clone());
    let mut unused = bought.clone();
    unused.charge = ChargeCategory::Usage;
    unused.commitment_unused = true;
    "Unused part of the Savings Plan".clone_into(&mut unused.description);
    let (bought, unused) = (builder.line(&bought), builder.line(&unused));
    for (day, covered) in (first.to_julian_day()..).zip(covered) {
        let wasted = plan.commitment.unused_daily;
        let fee = Amounts { quantity: 1.0, billed: covered + wasted, effective: 0.0, list: 0.0 };
        builder.charge(bought, day, fee);
        builder.charge(unused, day, Amounts { quantity: 1.0, billed: 0.0, effective: wasted, list: 0.0 });
    }
}

fn row(resource: &Resource<'_>, price: &Price, day: Date) -> BillingRow {
    BillingRow {
        day,
        charge: ChargeCategory::Usage,
        provider: price.provider.clone(),
        service: resource.price.service.clone(),
        category: resource.price.category.clone(),
        region: resource.price.region.clone(),
        resource: Some(resource.name.clone()),
        account: Some(resource.account.clone()),
        description: price.description.clone(),
        unit: Some(price.unit.clone()),
        unit_price: Some(price.amount),
        quantity: None,
        billed: 0.0,
        effective: 0.0,
        list: 0.0,
        commitment: None,
        commitment_unused: false,
        tags: resource.tags.clone(),
        currency: "USD".to_owned(),
    }
}
