//! The gateway's real parts without sockets, decorators that fail on demand, and a clock that a test turns. Shared
//! set-up of the tests of the manager, the notifier and the delivery.

mod backend;
mod doubles;
mod samples;

pub(crate) use backend::{Backend, Tab};
pub(crate) use samples::{
    answer, body, connect, context, frame, kinds, later, manager, object, offsets, user, visitor,
};
