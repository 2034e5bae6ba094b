//! How much the checks catch, measured: a fault is put into a session, the session is judged, and what the check that owns the
//! fault says is the answer.
//!
//! A [`Session`] is simulated here ([`simulated`]) or driven by somebody else in front of a backend; both are assessed
//! alike ([`assess`]). Nothing here reads a clock or a socket.

mod scenario;
mod session;

mod calibration;

mod assess;
mod blame;
mod repeat;
mod witness;

mod column;
mod groups;
mod healthy;
mod matrix;
mod rates;
mod tester;

pub mod formats;

pub use assess::{Attempt, FaultResult, assess, judge};
pub use blame::Blamed;
pub use calibration::{Misjudged, NOT_CALIBRATED, calibrate, calibrate_with};
pub use column::Column;
pub use groups::{GROUPS, Group, group_of};
pub use healthy::{Alarm, HEALTHY, HealthyCase, HealthyRow, alarms, healthy_cases};
pub use matrix::{FaultRow, Matrix};
pub use rates::{AtLeast, AtMost, Rate, Rates};
pub use repeat::seed_ignored;
pub use scenario::scenario;
pub use session::{Driven, Session, broken, simulated};
pub use tester::{TesterRow, TesterTrial, TesterVerdict, tester_faults, tester_row};
pub use witness::witness;
