//! What an answer holds, read without the judge: the amounts that the run's tools computed, and the actions it ranks.

use crate::driving::{Ran, Seen};
use serde_json::Value;
use std::collections::BTreeSet;

/// The amounts over 100 in a run's tool results, as an answer writes them.
pub(crate) fn computed(seen: &Seen, run: &Ran) -> BTreeSet<String> {
    fn collect(value: &Value, amounts: &mut BTreeSet<String>) {
        match value {
            Value::Number(number) => {
                if let Some(whole) = number.as_u64().filter(|whole| (100..1_000_000).contains(whole)) {
                    let (thousands, rest) = (whole / 1_000, whole % 1_000);
                    amounts.insert(match thousands {
                        0 => format!("${rest}"),
                        _ => format!("${thousands},{rest:03}"),
                    });
                }
            }
            Value::Array(values) => values.iter().for_each(|value| collect(value, amounts)),
            Value::Object(fields) => fields.values().for_each(|value| collect(value, amounts)),
            _ => {}
        }
    }
    let mut amounts = BTreeSet::new();
    for event in seen.events(run) {
        collect(&event["results"], &mut amounts);
    }
    amounts
}

/// The ranked actions of an answer.
pub(crate) fn actions(answer: &str) -> Vec<&str> {
    let ranked = |line: &&str| {
        line.split_once(". ")
            .is_some_and(|(rank, _)| !rank.is_empty() && rank.bytes().all(|b| b.is_ascii_digit()))
    };
    answer.lines().filter(ranked).collect()
}
