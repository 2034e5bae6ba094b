//! `AgentWebSocketBridge`: from a request to its run, from an agent's steps to events, and to one end, whatever
//! fails on the way. The runtime's clock stands still, so every wait is exact and none is waited for.

mod endings;
mod pieces;
mod recovery;
mod requests;
mod steps;
mod trouble;
