//! Which decorators make which row of the catalogue.

use super::FaultyError;
use super::agent::{Canned, RefusingModel, Spreading, Stoppable, Stops, SubAgentToolsUntold, WorksOn};
use super::auth::{
    Admits, AdmitsUnchecked, Breaker, Doubtful, FailsInside, Flaw, Heedless, RefusesTrue, ResumesAsOwner,
    ShortLived, TakesAnyRenewal, WatchesExpiry,
};
use super::backend::Plan;
use super::log::{EndsLate, Hoards, Kept, WaitsAtHead};
use super::store::{
    ForgetsRequests, FriendlyAck, Hangs, NoRecovery, Outage, OwnerUnasked, RefusesDoubtful, TellsOtherwise,
};
use goldenpath_faults::{Driver, fault_info};
use std::sync::Arc;
use std::time::Duration;

/// The grace of a backend on which streams outlive their tokens: told in its greeting, and soon over.
const SHORT_GRACE: Duration = Duration::from_secs(2);

/// What a row puts into a backend.
#[derive(Clone, Copy)]
pub(super) struct Row {
    /// What belongs to the backend whether the fault is on or not, such as a model that can refuse.
    around: fn(&mut Plan, u64),
    fault: fn(&mut Plan, u64),
}

impl Row {
    pub(super) fn prepare(self, plan: &mut Plan, seed: u64, wrong: bool) {
        (self.around)(plan, seed);
        if wrong {
            (self.fault)(plan, seed);
        }
    }
}

/// A fault in a backend as it is.
fn only(fault: fn(&mut Plan, u64)) -> Row {
    Row { around: |_, _| {}, fault }
}

/// A fault of a backend whose model can refuse.
fn refusing(fault: fn(&mut Plan, u64)) -> Row {
    let around = |plan: &mut Plan, _: u64| {
        plan.agent = Arc::new(RefusingModel { inner: Arc::clone(&plan.agent) });
    };
    Row { around, fault }
}

/// A fault of a backend whose tokens come from an issuer that takes them back.
fn issued(fault: fn(&mut Plan, u64)) -> Row {
    Row { around: |plan, _| plan.issued = Some(Heedless::Nothing), fault }
}

/// What makes a row.
///
/// # Errors
/// [`FaultyError`] says why nothing here does.
pub(super) fn find(id: &str) -> Result<Row, FaultyError> {
    let info = fault_info(id).ok_or_else(|| FaultyError::UnknownRow(id.chars().take(40).collect()))?;
    if info.driver != Driver::Backend {
        return Err(FaultyError::DriverMissing("the proxy makes it, in front of any backend"));
    }
    let row = match info.id.as_bytes().first() {
        Some(b'A') => door(info.id),
        _ => inside(info.id),
    };
    row.ok_or(FaultyError::DriverMissing("no part of the reference backend could be wrong in this way"))
}

/// Faults of the door.
fn door(id: &str) -> Option<Row> {
    Some(match id {
        "A01" => only(|plan, _| admits(plan, Flaw::Missing)),
        "A02" => only(|plan, _| admits(plan, Flaw::Expiry)),
        "A03" => only(|plan, _| admits(plan, Flaw::Signature)),
        "A04" => only(|plan, _| admits(plan, Flaw::Unsigned)),
        "A05" => only(|plan, seed| {
            let flaws = [Flaw::Audience, Flaw::Issuer, Flaw::AudienceAndIssuer];
            admits(plan, flaws[usize::try_from(seed % 3).unwrap_or_default()]);
        }),
        "A06" => Row { around: |plan, _| plan.config.token_grace = SHORT_GRACE, fault: outlives_token },
        "A07" => issued(|plan, _| plan.issued = Some(Heedless::OfStreams)),
        "A08" => only(|plan, seed| plan.door = Arc::new(RefusesTrue::new(plan.desk.clone(), seed))),
        "A10" => only(|plan, seed| plan.door = Arc::new(FailsInside::new(plan.desk.clone(), seed))),
        "A11" => only(refuses_late),
        "A12" => only(|plan, seed| plan.door = Arc::new(Breaker::new(plan.desk.clone(), seed))),
        "A13" => only(|plan, _| admits(plan, Flaw::InQuery)),
        "A14" => only(|plan, _| plan.door = Arc::new(TakesAnyRenewal { desk: plan.desk.clone() })),
        _ => return None,
    })
}

fn admits(plan: &mut Plan, flaw: Flaw) {
    plan.door = Arc::new(Admits::new(plan.desk.clone(), flaw));
}

fn outlives_token(plan: &mut Plan, _: u64) {
    let short_lived = Arc::new(ShortLived::default());
    plan.door = Arc::new(WatchesExpiry { short_lived: Arc::clone(&short_lived) });
    plan.log = Arc::new(WaitsAtHead::for_ending_tokens(plan.desk.clone(), short_lived));
}

fn refuses_late(plan: &mut Plan, seed: u64) {
    let doubtful = Arc::new(Doubtful::default());
    plan.store = Arc::new(RefusesDoubtful::new(plan.desk.clone(), Arc::clone(&doubtful)));
    plan.door = Arc::new(AdmitsUnchecked::new(plan.desk.clone(), doubtful, seed));
}

/// Faults behind the door.
fn inside(id: &str) -> Option<Row> {
    Some(match id {
        "L16" => only(|plan, seed| {
            let (agent, desk, ledger) = behind(plan);
            plan.agent = Arc::new(SubAgentToolsUntold::new(agent, desk, ledger, seed));
        }),
        "R11" => issued(|plan, _| plan.issued = Some(Heedless::OfResumes)),
        "L17" => only(|plan, seed| plan.store = Arc::new(FriendlyAck::new(plan.desk.clone(), seed))),
        "D05" => only(|plan, seed| plan.store = Arc::new(ForgetsRequests::new(plan.desk.clone(), seed))),
        "I10" => only(|plan, _| {
            let (desk, ledger) = (plan.desk.clone(), Arc::clone(&plan.ledger));
            plan.door = Arc::new(ResumesAsOwner { desk, ledger });
        }),
        "I11" => only(cancels_foreign),
        "I12" => only(|plan, _| {
            plan.store = Arc::new(OwnerUnasked::reads(plan.desk.clone(), Arc::clone(&plan.ledger)));
        }),
        "W05" => only(|plan, _| plan.abrupt = true),
        "W08" => only(|plan, seed| plan.log = Arc::new(WaitsAtHead::for_users(plan.desk.clone(), seed))),
        "G01" => only(|plan, seed| plan.log = Arc::new(Hoards::new(plan.desk.clone(), Kept::Memory, seed))),
        "G02" => only(|plan, seed| {
            let (agent, desk, ledger) = behind(plan);
            plan.log = Arc::new(EndsLate::new(desk.clone(), seed));
            plan.agent = Arc::new(WorksOn::new(agent, desk, ledger));
        }),
        "G03" => {
            only(|plan, seed| plan.log = Arc::new(Hoards::new(plan.desk.clone(), Kept::Descriptors, seed)))
        }
        "E03" => refusing(|plan, seed| {
            let (agent, desk, ledger) = behind(plan);
            plan.agent = Arc::new(Canned::new(agent, desk, ledger, seed));
        }),
        "E04" => only(|plan, seed| {
            plan.store = Arc::new(Hangs::new(plan.desk.clone(), Arc::clone(&plan.ledger), seed));
        }),
        "E05" => only(|plan, seed| {
            plan.store = Arc::new(TellsOtherwise::new(plan.desk.clone(), Arc::clone(&plan.ledger), seed));
        }),
        "E06" => refusing(|plan, seed| {
            let (agent, desk, ledger) = behind(plan);
            plan.agent = Arc::new(Spreading::new(agent, desk, ledger, seed));
        }),
        "E07" => Row {
            around: |plan, seed| with_outage(plan, false, seed),
            fault: |plan, seed| with_outage(plan, true, seed),
        },
        _ => return None,
    })
}

/// What a decorator of the agent is made of.
fn behind(plan: &Plan) -> (Arc<dyn goldenpath_agent::Agent>, super::desk::Desk, Arc<super::ledger::Ledger>) {
    (Arc::clone(&plan.agent), plan.desk.clone(), Arc::clone(&plan.ledger))
}

fn cancels_foreign(plan: &mut Plan, _: u64) {
    let (inner, desk, ledger) = behind(plan);
    let stops = Arc::new(Stops::default());
    plan.store = Arc::new(OwnerUnasked::cancels(desk, Arc::clone(&ledger), Arc::clone(&stops)));
    plan.agent = Arc::new(Stoppable { inner, ledger, stops });
}

fn with_outage(plan: &mut Plan, wrong: bool, seed: u64) {
    let outage = plan.outage.get_or_insert_with(Outage::new).clone();
    plan.store = Arc::new(NoRecovery::new(plan.desk.clone(), outage, wrong, seed));
}
