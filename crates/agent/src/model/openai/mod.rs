//! A language model behind any OpenAI-compatible endpoint, with the cost tools: it chooses what to look up, and writes the answer.
//!
//! Reading order: an [`Endpoint`] says where; a `provider` asks there and reads the stream; a `reply` is put together from its
//! chunks; `telling` decides what users see of it, and when; a `conversation` goes round until there is an answer.

mod arguments;
mod calls;
mod chunk;
mod conversation;
mod endpoint;
mod provider;
mod reply;
mod request;
mod retry_after;
mod telling;
mod trouble;
mod wording;

use super::analyst::{NAMES, name};
use super::desk::Desk;
use super::session::Session;
use crate::billing::BillingSource;
use crate::runtime::{Agent, StepSink, Task, TaskEnd};
use crate::tools::Registry;
use async_trait::async_trait;
use conversation::Conversation;
use provider::Provider;
use std::sync::Arc;
use tokio_util::sync::CancellationToken;

pub use endpoint::{Endpoint, EndpointError, Waits};

/// Answers with a language model. It has the same names as the analyst, since it plays the same role.
#[derive(Debug, Clone)]
pub struct OpenAi {
    desk: Desk,
    provider: Provider,
}

impl OpenAi {
    /// A language model with the four cost tools.
    ///
    /// # Errors
    /// When no client of this endpoint can be made.
    pub fn new(billing: Arc<dyn BillingSource>, endpoint: Endpoint) -> Result<Self, EndpointError> {
        Self::with_tools(billing, Registry::default(), endpoint)
    }

    /// A language model with other tools.
    ///
    /// # Errors
    /// When no client of this endpoint can be made.
    pub fn with_tools(
        billing: Arc<dyn BillingSource>,
        tools: Registry,
        endpoint: Endpoint,
    ) -> Result<Self, EndpointError> {
        Ok(Self { desk: Desk::new(billing, tools), provider: Provider::new(endpoint)? })
    }
}

#[async_trait]
impl Agent for OpenAi {
    fn names(&self) -> Vec<String> {
        NAMES.map(str::to_owned).into()
    }

    async fn run(&self, task: Task, steps: StepSink, cancel: CancellationToken) -> TaskEnd {
        let session = Session::new(&self.desk, &task, name(&task.agent), &steps, &cancel);
        Conversation::new(session, &self.provider).run().await
    }
}
