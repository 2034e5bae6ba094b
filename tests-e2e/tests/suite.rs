//! Table of contents of the end-to-end tier: the product from outside, by nothing but the harness and the checks. What is
//! driven is the backend that `GOLDENPATH_TARGET` names, or a stand-in, `goldenpath serve` as a process of its own (build
//! it first: `cargo build -p goldenpath-cli`). Each test judges what its users saw by the checks it names, and fails as
//! well when a check had nothing to look at. Per module: what value it guards, how it fails, how to add to it.
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
//! `backend` opens what is driven, `stand_in` is the process; the other modules are the mission-critical tier's steps.
#![allow(clippy::unwrap_used, missing_docs)]

#[path = "../../tests-mission-critical/tests/answers.rs"]
mod answers;
mod backend;
mod business_value_delivery;
mod complete_golden_path;
mod concurrent_chat;
#[allow(dead_code, reason = "each tier takes the steps that it needs")]
#[path = "../../tests-mission-critical/tests/driving.rs"]
mod driving;
mod first_user;
mod multi_user_golden_path;
#[path = "../../tests-mission-critical/tests/reaching.rs"]
mod reaching;
mod stand_in;
