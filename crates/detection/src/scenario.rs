//! What a healthy session must hold for a fault to be possible in it.

use goldenpath_faults::{FaultInfo, Need};
use goldenpath_simulator::{Content, Ending, Resume, Scenario, Tools};

/// A healthy session that holds what a fault needs.
#[must_use]
pub fn scenario(row: &FaultInfo) -> Scenario {
    with_needs(Scenario::golden_path().users(3).runs(2), row.needs)
}

/// The same, of a session of another size. Some needs bring a size of their own.
pub(crate) fn with_needs(session: Scenario, needs: &[Need]) -> Scenario {
    needs.iter().fold(session, |scenario, need| match need {
        Need::TwoTabs => scenario.tabs(2),
        Need::TwoThreads => scenario.at_once(2).runs(4),
        Need::ParallelTools => scenario.tools(Tools::Parallel(3)),
        Need::NestedAgents => scenario.with_nested_agents(),
        Need::FailingTool => scenario.ending(Ending::Degraded),
        Need::FailingRun => scenario.ending(Ending::Failed),
        Need::Cancel => scenario.ending(Ending::Cancelled),
        Need::Resume => scenario.resuming(Resume::MidRun),
        Need::ResumeTwice => scenario.resuming(Resume::Twice),
        Need::EndsWhileAway => scenario.resuming(Resume::EndsWhileAway),
        Need::Overrun => scenario.resuming(Resume::Overrun),
        Need::NewEpoch => scenario.tabs(2).resuming(Resume::NewEpoch),
        Need::Drain => scenario.with_drain(),
        Need::SlowReader => scenario.with_slow_readers(),
        Need::HalfOpen => scenario.with_half_open_peers(),
        Need::Cycles => scenario.with_cycles(40),
        Need::Idle => scenario.with_idle_time(),
        Need::Crowd => scenario.users(24),
        Need::Overload => scenario.with_overload(),
        Need::Outage => scenario.with_outage(),
        Need::OneFailingUser => scenario.with_one_failing_user(),
        Need::Retry => scenario.with_retries(),
        Need::Refusal => scenario.with_refused_requests(),
        Need::LargeResults => scenario.content(Content::NearLimit),
        Need::Unicode => scenario.content(Content::Unicode),
        Need::LongTexts => scenario.content(Content::Long),
        Need::ManyCalls => scenario.runs(18).tools(Tools::Sequential(4)),
        Need::Refresh => scenario.with_refresh(),
        Need::Expiry => scenario.with_expiry_probe(),
        Need::Revocation => scenario.with_revocation_probe(),
        Need::TokenProbes => scenario.with_token_probes(),
        Need::ForeignProbes => scenario.with_foreign_probes(),
    })
}
