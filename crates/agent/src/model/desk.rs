//! What every model works with: billing data, the tools that read them, turns at the processors.

use super::session::{Looked, failure};
use crate::billing::{BillingError, BillingSource};
use crate::tools::Registry;
use crate::turns::Turns;
use serde_json::{Map, Value};
use std::sync::Arc;
use tokio_util::sync::CancellationToken;

/// See the module; clones share it.
#[derive(Debug, Clone)]
pub(super) struct Desk {
    billing: Arc<dyn BillingSource>,
    tools: Registry,
    turns: Turns,
}

impl Desk {
    pub(super) fn new(billing: Arc<dyn BillingSource>, tools: Registry) -> Self {
        Self { billing, tools, turns: Turns::default() }
    }

    pub(super) fn tools(&self) -> &Registry {
        &self.tools
    }

    /// Lets a tool look at the data of `user`. Dropping the future stops the tool.
    pub(super) async fn look(&self, user: &str, tool: &str, parameters: &Map<String, Value>) -> Looked {
        let Some(tool) = self.tools.get(tool) else {
            let known = self.tools.names().collect::<Vec<_>>().join(", ");
            return Err(failure(
                "unknown_tool",
                &format!("no tool is called `{tool}` (valid: {known})"),
                false,
            ));
        };
        let data = self.billing.billing(user, &self.turns).await.map_err(|error| match error {
            BillingError::Unavailable(_) => failure("billing_unavailable", &error, true),
            BillingError::NoData => failure("no_billing_data", &error, false),
        })?;
        // The guard stops the tool when this future is dropped by a cancel.
        let stop = CancellationToken::new();
        let _guard = stop.clone().drop_guard();
        let parameters = parameters.clone();
        match self.turns.compute(move || tool.look(&data, &parameters, &stop)).await {
            Ok(Ok(found)) => Ok(found),
            Ok(Err(error)) => Err(failure(error.code(), &error, false)),
            Err(_) => Err(failure("tool_crashed", &"the tool stopped unexpectedly", false)),
        }
    }
}
