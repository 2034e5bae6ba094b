//! The healthy variations that no check may take for a fault, by the row that names them.

use crate::scenario::{Content, Ending, Leaving, Pace, Resume, Scenario, Tools};

/// A row's id and its scenario.
type Row = (&'static str, fn() -> Scenario);

/// Every row. Of how bytes are cut into TCP segments (H26) records show when events arrive.
const ROWS: &[Row] = &[
    ("H01", || start().with_extra_types()),
    ("H02", || start().with_extra_fields()),
    ("H03", || start().thoughts(25)),
    ("H04", || start().tools(Tools::None)),
    ("H05", || start().tools(Tools::Sequential(4))),
    ("H06", || start().tools(Tools::Parallel(4))),
    ("H07", || start().with_nested_agents()),
    ("H08", || start().at_once(2).runs(4)),
    ("H09", || start().tabs(2)),
    ("H10", || start().with_equal_prompts()),
    ("H11", || start().resuming(Resume::WithoutGap)),
    ("H12", || start().resuming(Resume::MidRun)),
    ("H12-overlap", || start().resuming(Resume::Overlap)),
    ("H12-twice", || start().resuming(Resume::Twice)),
    ("H12-beside-a-tab", || start().tabs(2).resuming(Resume::MidRun)),
    ("H12-ends-while-away", || start().resuming(Resume::EndsWhileAway)),
    ("H13", || start().resuming(Resume::GapSignalled)),
    ("H13-overrun", || start().tabs(2).resuming(Resume::Overrun)),
    ("H13-new-epoch", || start().tabs(2).resuming(Resume::NewEpoch)),
    ("H14", || start().with_retries()),
    ("H15", || start().resuming(Resume::Drained)),
    ("H15-taken-over", || start().at_once(2).runs(4).resuming(Resume::TakenOver)),
    ("H16", || start().pace(Pace::NearLimits).tools(Tools::Sequential(1))),
    ("H17", || start().leaving(Leaving::Abruptly)),
    ("H18", || start().ending(Ending::Cancelled)),
    ("H19", || start().ending(Ending::Degraded)),
    ("H20", || start().ending(Ending::Failed)),
    ("H21", || start().with_explicit_refusals().with_refused_requests()),
    ("H22", || start().with_refresh()),
    ("H23", || start().clock_offset_ms(1_500.0)),
    ("H24", || start().tools(Tools::Parallel(6))),
    ("H25", || start().pace(Pace::NearLimits)),
    ("H26", || start().in_full_segments()),
    ("H27", || start().content(Content::Unicode)),
    ("H28", || start().content(Content::NearLimit)),
    ("H29", || start().content(Content::AlarmingWords)),
    ("H30", || start().content(Content::LooksLikeEvent)),
    ("H31", || start().runs(8)),
    ("H32", || start().runs(1)),
    ("H33", || start().content(Content::ShortTable)),
    ("H34", || start().with_client_pause()),
];

fn start() -> Scenario {
    Scenario::golden_path().users(3)
}

/// Every healthy variation: its row and its scenario.
pub fn healthy_variations() -> impl Iterator<Item = (&'static str, Scenario)> {
    ROWS.iter().map(|(row, scenario)| (*row, scenario()))
}

/// The scenario of one row, such as `H07`.
#[must_use]
pub fn healthy_variation(row: &str) -> Option<Scenario> {
    ROWS.iter().find(|(known, _)| *known == row).map(|(_, scenario)| scenario())
}
