//! The rows that `selftest` measures, explained: faults, healthy variations, the tester's own faults.

use goldenpath_detection::{HEALTHY, group_of, tester_faults};
use goldenpath_faults::{Driver, FaultInfo, catalogue};
use serde_json::{Value, json};

/// A row of a selftest.
pub(super) enum Row {
    Fault(&'static FaultInfo),
    Healthy(&'static str, &'static str),
    Tester(&'static str, &'static str),
}

/// The ids of all rows.
pub(super) fn ids() -> impl Iterator<Item = &'static str> {
    let healthy = HEALTHY.iter().map(|(id, _)| *id);
    catalogue().map(|row| row.id).chain(healthy).chain(tester_faults().map(|(id, _)| id))
}

impl Row {
    /// The row of that id, in capitals or not.
    pub(super) fn of(id: &str) -> Option<Self> {
        let id = id.to_uppercase();
        let fault = || catalogue().find(|row| row.id == id).map(Self::Fault);
        let healthy = || HEALTHY.iter().find(|row| row.0 == id).map(|row| Self::Healthy(row.0, row.1));
        let tester = || tester_faults().find(|row| row.0 == id).map(|row| Self::Tester(row.0, row.1));
        fault().or_else(healthy).or_else(tester)
    }

    pub(super) fn page(&self) -> String {
        match self {
            Self::Fault(row) => format!(
                "{id}\n  {what}\n\n  group     {group}\n  owner     {owner} must fail (`goldenpath explain {owner}` tells more)\n  made      \
                 {made}\n  measured  `goldenpath selftest --faults {id}`\n",
                id = row.id,
                what = row.summary,
                group = group_of(row.id),
                owner = row.owner,
                made = made(row.driver).1
            ),
            Self::Healthy(id, what) => format!(
                "{id}\n  {what}\n\n  a healthy variation: no check may fail on it\n  measured  `goldenpath selftest --faults {id}`\n"
            ),
            Self::Tester(id, what) => format!(
                "{id}\n  {what}\n\n  a fault of the tester's own: whatever it does, nothing is approved for it\n  measured  `goldenpath selftest \
                 --faults {id}`\n"
            ),
        }
    }

    pub(super) fn json(&self) -> Value {
        match self {
            Self::Fault(row) => json!({
                "id": row.id,
                "group": group_of(row.id),
                "what": row.summary,
                "owner": row.owner,
                "made": made(row.driver).0,
            }),
            Self::Healthy(id, what) => json!({"id": id, "group": "Healthy variations", "what": what}),
            Self::Tester(id, what) => json!({"id": id, "group": "The tester's own faults", "what": what}),
        }
    }
}

/// Where a fault is made live: the word, and the sentence.
fn made(driver: Driver) -> (&'static str, &'static str) {
    match driver {
        Driver::Proxy => ("proxy", "by a proxy in front of any backend"),
        Driver::Backend => ("backend", "inside the reference backend only"),
    }
}
