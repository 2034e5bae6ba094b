//! What the judge and the gate make of a session, as a run that we drove.

use goldenpath_checkers::{Category, Judge, JudgeConfig, Judgement};
use goldenpath_report::{CategoryRun, Decision, Demand, Ending, RunFacts, decide};
use goldenpath_simulator::History;
use serde_json::Map;
use std::collections::BTreeSet;

/// Judges and decides.
pub(super) fn decided(history: &History) -> Decision {
    decide(&judged(history), &facts(history), None)
}

/// Judges by the header's categories.
pub(super) fn judged(history: &History) -> Judgement {
    Judge::new(&history.header, JudgeConfig::default()).judge_all(&history.records)
}

/// What is known of a run whose categories all ran, to their end.
pub(super) fn facts(history: &History) -> RunFacts {
    let header = &history.header;
    let ran = |category: &Category| header.categories.iter().any(|name| name == category.as_str());
    let run = |category| match ran(&category) {
        true => CategoryRun::ran(category),
        false => CategoryRun::left_out(category, "nobody asked for it"),
    };
    let users: BTreeSet<&str> = history.records.iter().filter_map(|record| record.user.as_deref()).collect();
    RunFacts {
        session_id: header.session_id.clone(),
        timestamp: "2026-01-01T00:00:00.000Z".to_owned(),
        duration_seconds: history.records.last().map_or(0.0, |last| last.t_ns as f64 / 1e9),
        target_environment: "simulated".to_owned(),
        target: header.target.clone(),
        profile: header.profile.clone(),
        seed: header.seed,
        users: u32::try_from(users.len()).unwrap_or(u32::MAX),
        configuration: Map::new(),
        categories: Category::ALL.into_iter().map(run).collect(),
        demand: Demand::EveryRequiredCheck,
        sla: header.sla,
        ending: Ending::Complete,
    }
}
