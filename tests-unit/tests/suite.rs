//! Table of contents of the unit tier. Per module: what value it guards, how it fails, how to add to it.
//!
//! * `architecture`: the map of who may import whom. Fails when a manifest gains an edge that the map lacks; a new
//!   edge is added to the map in the same commit, with its reason.
//! * `event_types`: the JSON shape of every event that clients parse. Fails when a field is renamed, lost or becomes
//!   optional; a new type is added to `golden` by hand.
#![allow(clippy::unwrap_used, missing_docs)]

mod architecture;
mod event_types;
