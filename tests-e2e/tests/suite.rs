//! Table of contents of the end-to-end tier: the product from outside, by nothing but the harness and the checks. What is
//! driven is the backend that `GOLDENPATH_TARGET` names, or a stand-in of processes: nginx, which ends TLS, before two nodes of
//! `goldenpath serve` (build it first: `cargo build -p goldenpath-cli`) on one Postgres and one Redis; with
//! `GOLDENPATH_SERVICES=embedded` one node alone, and what asks for TLS fails then. What is not ours, or runs alone, is not broken:
//! only the way to it. Each test judges what its users saw by the checks it names, and fails as well when a check had nothing
//! to look at. Per module: what value it guards, how it fails, how to add to it.
//!
//! * `complete_golden_path`: one user's way from login over the five events to an answer, and back to the same chat later.
//!   Fails when a step is refused, slow, empty or forgotten; add a step that every user goes.
//! * `multi_user_golden_path`: the same for many at once, each on their own. Fails when one user's run, failure, cancel or
//!   lost connection shows at another's; add a thing that one user may do to the others.
//! * `business_value_delivery`: the answer solves the problem that was asked about. Fails on junk, on figures that no tool
//!   computed, on an answer to another question; add a problem whose solution the tools know.
//! * `first_user`: the first message of somebody who has never been here. Fails when it is slow, incomplete or worthless;
//!   add what a newcomer must see.
//! * `concurrent_chat`: a dozen users chat at once. Fails on one foreign word or one user without value; add a way for
//!   content to go astray.
//!
//! * `event_delivery_staging`: the events on the way they take in production, through a front, by TLS, to users who logged
//!   in. Fails when that way costs an event, or lets somebody in; add a part of that way.
//! * `business_value_protection`: what users pay for, in front of that. Fails when they see no work, or get a canned answer;
//!   add what a customer would miss.
//! * `recovery_resilience`: users who are cut off, networks that tear, databases and logs that stand still or start again.
//!   Fails when one event is lost unsaid, doubled or disordered; add a thing that goes wrong on the way, or behind the door.
//! * `degradation_recovery`: a part of the system is away, and comes back. Fails when somebody is left without an answer, or
//!   somebody has to repair something; add a part that may be away.
//! * `infrastructure_faults`: what breaks behind the front, and heals by itself: a slow or crowded database, a node that dies, stands still,
//!   is cut off or tells another time, an auth service that is away or rotates its keys. Fails when that costs an event, or when
//!   anybody must repair anything; add a part that can break.
//! * `authentication_compliance`: every door, with every key that must not open it. Add a door or a key.
//!
//! `backend` opens what is driven, `stand_in` is its processes, `network` a way to it that misbehaves, `outage` what else
//! breaks, `returning` a user who comes back; the other modules are the mission-critical tier's steps.
#![allow(clippy::unwrap_used, missing_docs)]

#[path = "../../tests-mission-critical/tests/answers.rs"]
mod answers;
mod authentication_compliance;
mod backend;
mod business_value_delivery;
mod business_value_protection;
mod complete_golden_path;
mod concurrent_chat;
mod degradation_recovery;
#[allow(dead_code, reason = "each tier takes the steps that it needs")]
#[path = "../../tests-mission-critical/tests/driving.rs"]
mod driving;
mod event_delivery_staging;
mod first_user;
mod infrastructure_faults;
mod multi_user_golden_path;
mod network;
mod outage;
#[path = "../../tests-mission-critical/tests/reaching.rs"]
mod reaching;
mod recovery_resilience;
mod returning;
mod stand_in;
