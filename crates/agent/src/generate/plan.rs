//! What one user rents and what is planted in it, before any row is written.

use super::blueprint::{Blueprint, Plant, ROLES};
use super::names;
use crate::price_list::{Price, PriceList};
use rand::Rng;
use rand::seq::{IndexedRandom, SliceRandom};
use rand_chacha::ChaCha8Rng;

/// How many days of rows there are.
pub(super) const DAYS: u16 = 90;
/// About what a user spends in 30 days, in dollars.
const MONTHLY: f64 = 50_000.0;

/// Everything decided about one user.
#[derive(Debug)]
pub(super) struct Plan<'p> {
    pub(super) resources: Vec<Resource<'p>>,
    pub(super) commitment: Commitment,
    pub(super) monthly: f64,
    pub(super) random: ChaCha8Rng,
}

/// The commitment that covers some of the steady resources.
#[derive(Debug)]
pub(super) struct Commitment {
    pub(super) name: String,
    /// The share of the list price that it saves.
    pub(super) discount: f64,
    /// What is paid each day for nothing.
    pub(super) unused_daily: f64,
}

/// One thing that is rented.
#[derive(Debug)]
pub(super) struct Resource<'p> {
    pub(super) name: String,
    pub(super) account: String,
    pub(super) tags: Vec<(String, String)>,
    pub(super) price: &'p Price,
    pub(super) activity: Option<&'p Price>,
    /// List cost of a usual day.
    pub(super) daily: f64,
    /// Relative growth over the whole period.
    pub(super) trend: f64,
    /// Use on Saturdays and Sundays, relative to other days.
    pub(super) weekend: f64,
    pub(super) covered: bool,
    /// Planted: runs all day, nothing covers it.
    pub(super) uncovered: bool,
    /// Planted: from this day on nothing uses it.
    pub(super) idle_from: Option<u16>,
    /// Planted: on this day, for so many days, the cost is multiplied.
    pub(super) anomaly: Option<(u16, u16, f64)>,
}

impl Resource<'_> {
    pub(super) fn is_used(&self, day: u16) -> bool {
        self.idle_from.is_none_or(|from| day < from)
    }

    pub(super) fn spike(&self, day: u16) -> f64 {
        match self.anomaly {
            Some((from, length, factor)) if (from..from + length).contains(&day) => factor,
            _ => 1.0,
        }
    }
}

impl<'p> Plan<'p> {
    pub(super) fn of(user_id: &str, prices: &'p PriceList) -> Self {
        let mut random = names::random(user_id);
        let monthly = MONTHLY * random.random_range(0.9..1.1);
        let mut resources: Vec<_> = ROLES
            .iter()
            .filter_map(|role| Some((role, resource(user_id, role, prices, &mut random)?)))
            .collect();
        let total: f64 = resources.iter().map(|(_, resource)| resource.daily).sum();
        for (_, resource) in &mut resources {
            resource.daily *= monthly / 30.0 / total;
        }
        plant(&mut resources, &mut random);
        let commitment = Commitment {
            name: names::name(user_id, "savings-plan"),
            discount: f64::from(random.random_range(24_u8..=33)) / 100.0,
            unused_daily: monthly / 30.0 * random.random_range(0.006..0.014),
        };
        Self { resources: resources.into_iter().map(|(_, made)| made).collect(), commitment, monthly, random }
    }
}

fn resource<'p>(
    user_id: &str,
    role: &Blueprint,
    prices: &'p PriceList,
    random: &mut ChaCha8Rng,
) -> Option<Resource<'p>> {
    let price = *prices.find(role.service, role.price).choose(random)?;
    let activity = match role.activity {
        Some((service, words)) => Some(*prices.find(service, words).choose(random)?),
        None => None,
    };
    let plain = role.plant == Plant::Plain;
    let environment = match role.role {
        "staging" | "workspace" => "dev",
        _ if random.random_bool(0.15) && plain => "dev",
        _ => "prod",
    };
    let team = ["research", "platform", "data", "product"].choose(random).copied().unwrap_or("data");
    let tags = [("workload", role.workload), ("environment", environment), ("team", team)];
    Some(Resource {
        name: names::name(user_id, role.role),
        account: names::name(user_id, if environment == "dev" { "sandbox" } else { "live" }),
        tags: tags.map(|(key, value)| (key.to_owned(), value.to_owned())).into(),
        price,
        activity,
        daily: role.share * random.random_range(0.7..1.3),
        trend: random.random_range(-0.05..0.12),
        weekend: if plain { random.random_range(0.85..0.97) } else { 1.0 },
        covered: false,
        uncovered: false,
        idle_from: None,
        anomaly: None,
    })
}

/// Plants at least three idle resources, two anomalies and two uncovered resources, and covers two others.
fn plant(resources: &mut [(&Blueprint, Resource<'_>)], random: &mut ChaCha8Rng) {
    let fit = |plant: Plant, random: &mut ChaCha8Rng| {
        let mut at: Vec<_> = (0..resources.len()).filter(|at| resources[*at].0.plant == plant).collect();
        at.shuffle(random);
        at
    };
    let (idle, spiky, steady) =
        (fit(Plant::Idle, random), fit(Plant::Spike, random), fit(Plant::Steady, random));
    for at in idle.into_iter().take(random.random_range(3..=4)) {
        resources[at].1.idle_from = Some(random.random_range(20..60));
    }
    for at in spiky.into_iter().take(random.random_range(2..=3)) {
        let length = random.random_range(1..=3);
        // Inside the last thirty days, where a question without a period looks.
        let from = random.random_range(62..DAYS - length);
        resources[at].1.anomaly = Some((from, length, random.random_range(2.5..6.0)));
    }
    let covered = random.random_range(2..=4);
    for (order, at) in steady.into_iter().enumerate() {
        let resource = &mut resources[at].1;
        resource.covered = order < covered;
        resource.uncovered = !resource.covered;
    }
}
