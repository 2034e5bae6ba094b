//! What was planted in generated data, so that an answer can be held against it.

use super::plan::{Plan, Resource};
use serde::{Deserialize, Serialize};
use std::io;
use std::path::{Path, PathBuf};
use time::{Date, Duration};

/// The truth about one user's generated data.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Truth {
    /// Whose data it is.
    pub user_id: String,
    /// List cost of 30 usual days, in dollars, before trends and anomalies.
    pub monthly_list: f64,
    /// Every resource; none of them appears in another user's data.
    pub resources: Vec<String>,
    /// Resources that are paid for and not used.
    pub idle: Vec<PlantedIdle>,
    /// Days on which something cost far more than usual.
    pub anomalies: Vec<PlantedAnomaly>,
    /// Resources that run all day at list price.
    pub uncovered: Vec<PlantedUncovered>,
    /// The commitment that covers some of the others.
    pub commitment: String,
    /// What that commitment costs in 30 days without covering anything.
    pub unused_commitment_monthly: f64,
}

/// A resource that is paid for and not used.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct PlantedIdle {
    /// Which one.
    pub resource: String,
    /// The first day without use, `YYYY-MM-DD`.
    pub since: String,
    /// What it costs in 30 usual days.
    pub monthly_cost: f64,
}

/// Days on which a resource cost far more than usual.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct PlantedAnomaly {
    /// Which one.
    pub resource: String,
    /// The first such day, `YYYY-MM-DD`.
    pub day: String,
    /// How many days in a row.
    pub days: u16,
    /// What the resource cost beyond the usual, over those days.
    pub excess: f64,
}

/// A resource that runs all day at list price.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct PlantedUncovered {
    /// Which one.
    pub resource: String,
    /// What it costs in 30 usual days.
    pub monthly_cost: f64,
}

impl Truth {
    pub(super) fn of(user_id: &str, plan: &Plan<'_>, first: Date) -> Self {
        let on = |day: u16| (first + Duration::days(i64::from(day))).to_string();
        let monthly = |resource: &Resource<'_>| resource.daily * 30.0;
        Self {
            user_id: user_id.to_owned(),
            monthly_list: plan.monthly,
            resources: plan.resources.iter().map(|resource| resource.name.clone()).collect(),
            idle: plan
                .resources
                .iter()
                .filter_map(|resource| {
                    Some(PlantedIdle {
                        resource: resource.name.clone(),
                        since: on(resource.idle_from?),
                        monthly_cost: monthly(resource),
                    })
                })
                .collect(),
            anomalies: plan
                .resources
                .iter()
                .filter_map(|resource| {
                    let (from, days, factor) = resource.anomaly?;
                    let excess = resource.daily * (factor - 1.0) * f64::from(days);
                    Some(PlantedAnomaly { resource: resource.name.clone(), day: on(from), days, excess })
                })
                .collect(),
            uncovered: plan
                .resources
                .iter()
                .filter(|resource| resource.uncovered)
                .map(|resource| PlantedUncovered {
                    resource: resource.name.clone(),
                    monthly_cost: monthly(resource),
                })
                .collect(),
            commitment: plan.commitment.name.clone(),
            unused_commitment_monthly: plan.commitment.unused_daily * 30.0,
        }
    }

    /// Writes the truth as a JSON file into `directory`, under a name that any user id can have.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub fn write_to(&self, directory: &Path) -> io::Result<PathBuf> {
        let id: String = self.user_id.bytes().map(|byte| format!("{byte:02x}")).take(64).collect();
        let path = directory.join(format!("truth-{id}.json"));
        std::fs::write(&path, serde_json::to_vec_pretty(self)?)?;
        Ok(path)
    }
}
