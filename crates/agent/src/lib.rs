//! An agent that thinks, calls tools and answers. Knows neither its users' sockets nor storage.
//!
//! Reading order: [`Agent`] is the seam; [`Analyst`] is the agent, [`OpenAi`] the same role played by a language model; both read [`Dataset`]s from a
//! [`BillingSource`], generated or imported from a FOCUS export, through the tools of a [`Registry`].

mod runtime;
mod turns;

mod calendar;
mod focus;
mod workload;

mod dataset;
mod money;

mod generate;
mod price_list;

mod billing;
mod tools;

mod model;

pub use billing::{BillingError, BillingSource, GeneratedBilling, ImportedBilling};
pub use dataset::{Dataset, DatasetBuilder};
pub use focus::{BillingRow, ChargeCategory, Import, ImportError, MissingColumn, RowError, read_rows};
pub use generate::{PlantedAnomaly, PlantedIdle, PlantedUncovered, Truth, generate};
pub use model::{Analyst, Endpoint, EndpointError, OpenAi, Tier, Waits};
pub use runtime::{Agent, Answer, Step, StepSink, Task, TaskEnd, TaskFailure};
pub use tools::{Registry, Tool, ToolFailure};
pub use turns::Turns;
pub use workload::Workload;
