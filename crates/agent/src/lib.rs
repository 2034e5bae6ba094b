//! An agent that thinks, calls tools and answers. Knows neither sockets nor storage.

mod runtime;

pub use runtime::{Agent, Answer, Step, StepSink, Task, TaskEnd, TaskFailure};
