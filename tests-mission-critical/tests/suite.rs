//! Table of contents of the mission-critical tier: what must hold on any backend, the one that `GOLDENPATH_TARGET` names
//! or the embedded one. Each test drives real users over real sockets, judges what they saw by the checks it names, and
//! fails as well when a check had nothing to look at. Per module: what value it guards, how it fails, how to add to it.
//!
//! * `validation_suite`: users can follow the work: each of the five events, their order, their speed, a reconnect, and
//!   nobody else's. Fails when an event is missing, late, empty or a stranger's; add a property of an event that users see.
//! * `sla_compliance`: what contracts promise in figures. Fails when a figure is missed or too few samples were taken to
//!   claim it; add a promise with its limit and the number of samples that it needs.
//! * `business_value_guarantee`: an answer is worth its price. Fails on junk, on figures that no tool computed, on the
//!   same text for everybody; add a property that a customer would pay for.
//! * `revenue_critical_flows`: the flows that earn money: the first message, the follow-up, the paid tiers. Fails when a
//!   step is refused or forgotten, or when paying buys nothing; add a flow from login to answer.
//! * `revenue_protection`: nothing is lost when it counts, with many tabs and many users. Fails on a single lost event, a
//!   leak or a run without answer; add a load that customers bring.
//! * `planted_bugs`: these tests can fail. Fails when a bug planted into a recorded session goes unnoticed; add the bug
//!   together with the check that must name it.
//!
//! `backend` opens what is driven, `driving` holds the steps that all share, `answers` reads an answer without the judge,
//! `reaching` reaches for what is another's.
#![allow(clippy::unwrap_used, missing_docs)]

mod answers;
mod backend;
mod business_value_guarantee;
#[allow(dead_code, reason = "each tier takes the steps that it needs")]
mod driving;
mod planted_bugs;
mod reaching;
mod revenue_critical_flows;
mod revenue_protection;
mod sla_compliance;
mod validation_suite;
