//! The limits in force: the catalogue's, unless the configuration says otherwise.

use crate::catalogue::{CHECKS, check_info};
use std::collections::BTreeMap;

/// One limit per check id that has one.
#[derive(Debug, Clone, PartialEq)]
pub struct Slo {
    limits: BTreeMap<&'static str, f64>,
}

impl Default for Slo {
    fn default() -> Self {
        let limits = CHECKS.iter().filter_map(|info| Some((info.id, info.limit?))).collect();
        Self { limits }
    }
}

impl Slo {
    /// The catalogue's limits with `overrides` by check id on top. Unknown ids and values that are no
    /// finite positive number change nothing; the command refuses them before they come here.
    #[must_use]
    pub fn with_overrides(overrides: &BTreeMap<String, f64>) -> Self {
        let mut slo = Self::default();
        slo.apply(overrides);
        slo
    }

    /// Lays `overrides` over the limits in force.
    pub fn apply(&mut self, overrides: &BTreeMap<String, f64>) {
        for (id, limit) in overrides {
            if let Some(info) = check_info(id)
                && limit.is_finite()
                && *limit >= 0.0
            {
                self.limits.insert(info.id, *limit);
            }
        }
    }

    /// The limit of `id` in the catalogue's unit.
    #[must_use]
    pub fn limit(&self, id: &str) -> Option<f64> {
        self.limits.get(id).copied()
    }

    /// Every limit in force, by check id.
    pub fn iter(&self) -> impl Iterator<Item = (&'static str, f64)> + '_ {
        self.limits.iter().map(|(id, limit)| (*id, *limit))
    }
}

#[cfg(test)]
mod tests {
    use super::Slo;
    use std::collections::BTreeMap;

    #[test]
    fn an_override_replaces_one_limit_and_nonsense_replaces_none() {
        let overrides = BTreeMap::from([
            ("timing/first-event".to_owned(), 250.0),
            ("timing/silence".to_owned(), f64::NAN),
            ("no/such".to_owned(), 1.0),
        ]);
        let slo = Slo::with_overrides(&overrides);
        assert_eq!(slo.limit("timing/first-event"), Some(250.0));
        assert_eq!(slo.limit("timing/silence"), Some(10_000.0));
        assert_eq!(slo.limit("no/such"), None);
    }
}
