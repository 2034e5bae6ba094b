//! What every fault is: one method that sees a step and says what becomes of it.

use crate::act::Act;
use goldenpath_history::Record;

/// One thing that happened between a client and a backend, in the shape of a history's record: an open, a frame either way, a
/// close, a request, a sample, or a mark that holds an HTTP answer. Times are nanoseconds since the session began.
pub type Step = Record<'static>;

/// A way in which a backend can be wrong.
///
/// Steps come in the order of time, all connections together. A step that `act` is told nothing about passes
/// unchanged. What a client does (requests, frames to the server) can be kept from the server or changed on its way there, but stays
/// done: in a history those records stand.
pub trait Fault: Send {
    /// Sees a step, and may tell `act` what becomes of it.
    fn rewrite(&mut self, step: &Step, act: &mut Act<'_>);
}
