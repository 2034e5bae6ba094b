//! How much the checks catch, measured: a fault is put into a session, the session is judged, and what the check that owns the
//! fault says is the answer.
//!
//! A [`Session`] is simulated here ([`simulated`]) or driven by somebody else in front of a backend; both are assessed
//! alike ([`assess`]). Nothing here reads a clock or a socket.

mod scenario;
mod session;

mod assess;
mod blame;
mod witness;

pub use assess::{Attempt, FaultResult, assess, judge};
pub use blame::Blamed;
pub use scenario::scenario;
pub use session::{Driven, Session, simulated};
pub use witness::witness;
