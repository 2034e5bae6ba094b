//! Table of contents of the unit tier. Per module: what value it guards, how it fails, how to add to it.
//!
//! * `adversary`: faults that no list names: combinations, rarer ones, later in a session. Fails when a check keeps its row and not
//!   its promise; whoever thinks of another way to be wrong adds a row to the file it belongs to.
//! * `agent_bridge`: a request's run from its place to its one end, on a clock that stands still. Fails when a step is told otherwise,
//!   when a wait is longer or shorter than it says, or when trouble loses a run; a new kind of trouble is a row in `parts/hitches.rs`.
//! * `architecture`: the map of who may import whom. Fails when a manifest gains an edge that the map lacks; a new
//!   edge is added to the map in the same commit, with its reason.
//! * `connection_places`, `stream_cursor`, `delivery_tracker`, `run_stream`: the parts of the gateway one by one, at their edges: the last place,
//!   the last event that is replayed, the last byte that fits. Fail when a bound moves by one; a new bound gets both its sides there.
//! * `detection`: every fault of the catalogue on twenty seeds, every healthy variation on fifty. Fails when a check misses the fault it
//!   owns, blames somebody whom no receipt names, or cries wolf; a new fault is a row in `goldenpath-faults`.
//! * `detection_page`: `docs/detection.md` against the code. Fails when a row, an owner or a number of the simulated column is not what the
//!   other tests show; its first lines say how it is written anew.
//! * `determinism`: one seed, one story. Fails when a history, a fault or a verdict depends on anything but the seed: on the order of a
//!   table, on the thread, on what was judged before; new variations and faults are in it by their rows.
//! * `differential`: the checks against a plain reading of their promises, over generated histories. Fails when the two say different
//!   things of one history, which it shrinks and shows; a new check that lists can state gets its sentence there.
//! * `event_sequence`, `event_content`: each promise to a chat's user, once kept and once broken. Fail when a check blames a
//!   healthy history or misses a broken one; add the surgery that breaks the new promise (`histories` has the tools).
//! * `event_types`: the JSON shape of every event that clients parse. Fails when a field is renamed, lost or becomes
//!   optional; a new type is added to `golden` by hand.
//! * `json_fields`: the JSON of frames against a parser that builds. Fails when something is read that is none, or read otherwise; a new
//!   spelling joins the list of objects, whose every neighbour is tried.
//! * `manager_contract`: the one way to a socket. Fails when an operation of the manager changes shape or meaning, or a second
//!   writer appears; a new operation gets a line in each of its first two tests.
//! * `manager_core`, `event_delivery_core`: what waits for a socket, in which bytes and order, and what is left when the socket
//!   dies: nothing of the connection, every event. Fail when a place, a frame or a confirmation is lost or invented; a new kind
//!   of loss gets a step in `failed_delivery_handling`.
//! * `event_manager`: a customer's event on its whole way, faults included. Fails when one is lost, doubled, reordered or shown to
//!   somebody else; a new kind of trouble joins the loop of `critical_event_delivery_guarantee`.
//! * `websocket_notifier`: what an agent does is told, once, in order. Fails when a business event changes, when something is told
//!   before it is stored, or when a send keeps quiet about a connection; a new way to fail gets its line in the last test.
//! * `parts`: no tests; the gateway's real parts without sockets, and decorators that fail on demand.
//! * `perturbed`: sessions with one thing more wrong than a row says, many at exactly a limit, counted per check. Fails when a
//!   bound moves by a hair; a new fault and a new variation are in it by themselves.
//! * `side_by_side`: no promise of the product; how a long test works on all processors.
//! * `tables`: small histories at the edges of each rule of the checks, both sides of every limit, and all that is said of them. Fails
//!   when a limit, a guard, a count or a word changes; a new rule gets a case in the `.tale` of its group, a few lines each.
//! * `story`: no tests; histories told by hand, for rules that need no session around them.
//! * `terms`: what a judge is told before it looks, limits exactly met, and the rules for numbers. Fails when a configuration
//!   means something else, or when what lies on a limit is judged otherwise; a new setting gets its row.
//! * `texts`: a list of texts, and what each check of texts says of it. Fails when a rule reads one otherwise; a text that was once
//!   misread is added to the list.
//! * `user_execution_context`: no user is ever told about another. Fails when an event can speak for somebody else; a new
//!   identity joins the lists of refused placeholders and foreign metadata.
//! * `value`, `content`, `isolation`, `timestamps`: what is said of answers, of frames, of what reached somebody else and of clocks, rule by
//!   rule, on either side of every limit. Fail when a limit, a word or a count of one moves; a new rule gets the text that just breaks it and the one that just does not.
//! * `witnesses`: what is left of a broken history when nothing more can be left out. Fails when a fault leaves none, when a record
//!   in one is not needed, or when cutting makes what it shows; a new fault is in it by its row.
//! * `words`: what the judge says of every fault and every healthy variation, count by count. Fails when a sentence, a number or a
//!   limit changes; who meant it reads the new pages (`snapshots/`) and keeps them. A new row is in them by itself.
#![allow(clippy::unwrap_used, missing_docs)]

mod adversary;
mod agent_bridge;
mod architecture;
mod connection_places;
mod content;
mod delivery_tracker;
mod detection;
mod detection_page;
mod determinism;
mod differential;
mod event_content;
mod event_delivery_core;
mod event_manager;
mod event_sequence;
mod event_types;
mod histories;
mod isolation;
mod json_fields;
mod manager_contract;
mod manager_core;
mod parts;
mod perturbed;
mod run_stream;
mod side_by_side;
mod story;
mod stream_cursor;
mod tables;
mod terms;
mod texts;
mod timestamps;
mod user_execution_context;
mod value;
mod websocket_notifier;
mod witnesses;
mod words;
