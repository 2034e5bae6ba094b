//! Table of contents of the integration tier. Real sockets, the real backend and agent. Per module: what value it guards,
//! how it fails, how to add to it.
//!
//! * `event_delivery`: users see every step of their run, also after a lost connection and when a tool fails. Fails when the judge blames
//!   the recorded session, or an event is missing after a resume; add a session that a user may live through.
//! * `event_timing`: users see progress in time. Fails when a limit of the service level is broken in a recorded session; add the limit.
//! * `agent_integration`: the answer is the work of a real agent with tools over real billing data. Fails when stream, store and
//!   answer disagree; add a property of the agent that users can see.
//! * `multi_user_isolation`: nobody sees or touches what is another's. Fails on one foreign frame or one foreign access; add the access.
//! * `auth_integration`: users get in with tokens of a real auth service, and with nothing else, also while it is away, after its keys
//!   changed, and until a token ends or is revoked. Fails when a bad token is taken, a good one refused, or an open stream outlives its
//!   token; add a way to get a token, or to be wrong.
//! * `llm_provider`: a language model behind an OpenAI-compatible endpoint answers as the analyst does: streamed, with tools, and honest
//!   about whatever the provider does. Fails when users see half an answer as a whole one, wait without a word, or read of the
//!   provider's inside; add what providers do to their callers.
//! * `manager_service_integration`: connections, bridge and contexts do the same over real services as in one process. Fails when
//!   what users saw and what a service holds differ, or a service is used up; add what a service could lose, double or mix up.
//! * `storage_contract`: one request has one run and every event is kept, in each store, whatever happens to its server. Fails with
//!   the names of the broken promises; add a promise as a function over a bench.
//! * `shared_store`: nodes over one store. Fails when a run is lost with its node, has two of them, or cannot be cancelled through
//!   another; add what two nodes could do to one run.
//! * `event_log_contract`: every event of a user has one place and the same bytes, on every node, in each log, whatever happens to its
//!   server. Fails with the names of the broken promises; add a promise as a function over a bench.
//! * `own_backend`: the example in `examples/own_backend` is what it says: a backend of one's own, tested from outside.
//!
//! Services are got by `goldenpath_testbed::services`: a given server (`GOLDENPATH_TEST_POSTGRES_URL`,
//! `GOLDENPATH_TEST_REDIS_URL`), else a local binary. One that
//! cannot be had fails its tests with what to install; `GOLDENPATH_SERVICES=embedded` does without where a test is not about it.
//!
//! `driving` holds what they share: connect, ask, wait for the end, judge.
#![allow(clippy::unwrap_used, missing_docs)]

mod agent_integration;
mod auth_integration;
mod driving;
mod event_delivery;
mod event_log_contract;
mod event_timing;
mod llm_provider;
mod manager_service_integration;
mod multi_user_isolation;
#[path = "../../examples/own_backend/mod.rs"]
mod own_backend;
mod shared_store;
mod storage_contract;
