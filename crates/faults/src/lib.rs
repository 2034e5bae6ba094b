//! Seeded faults: each a small rewriting of what passes between clients and a backend.
//!
//! A [`Fault`] sees one [`Step`] after the other (the same shape that a history has) and says what becomes of it; whatever it
//! does leaves a [`Receipt`]. An [`Injector`] runs it, over a finished history ([`break_history`]) or between two
//! sockets alike: a [`Proxy`] does that in front of any backend, with toxics ([`TOXICS`]) for bytes beside it.
//! [`catalogue`] lists every fault, with the check that must catch it. Nothing here knows a verdict.

mod act;
mod aim;
mod catalogue;
mod fault;
mod injector;
mod kinds;
mod message;
mod noted;
mod offline;
mod places;
mod proxy;
mod receipt;
mod scene;
mod spot;
mod store_note;

#[cfg(test)]
mod tests;

pub use act::Act;
pub use aim::Aim;
pub use catalogue::{Driver, FaultInfo, Need, catalogue, fault_info};
pub use fault::{Fault, Step};
pub use injector::{Due, Injector};
pub use message::Message;
pub use offline::{Broken, break_history};
pub use proxy::{Plan, Proxy, ProxyError, TOXICS, ToxicError, ToxicInfo, ToxicSpec};
pub use receipt::{Deed, Receipt};
pub use scene::{Scene, SceneConn, SceneRun};
