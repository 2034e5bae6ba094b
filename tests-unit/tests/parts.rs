//! The gateway's real parts without sockets, decorators that fail on demand, and a clock that a test turns. Shared
//! set-up of the tests of the manager, the notifier and the delivery.

mod backend;
mod book;
mod doubles;
mod hitches;
mod samples;
mod stage;

pub(crate) use backend::{Backend, Tab};
pub(crate) use hitches::{Call, Trouble};
pub(crate) use samples::{
    answer, body, connect, context, frame, kinds, later, manager, object, offsets, token, user, visitor,
};
pub(crate) use stage::{Part, Stage, answered, asking, done, failure, found, waiting};
