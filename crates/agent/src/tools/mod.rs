//! What the agent can look up: one file per tool, and the registry that finds them by name.

mod cost_analyzer;
mod idle_resources;
mod measures;
mod recommendation_ranker;
mod schema;
mod scope;
mod usage_anomalies;

use crate::dataset::Dataset;
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;
use std::sync::Arc;
use tokio_util::sync::CancellationToken;

pub(crate) use scope::Parameters;

/// Why a tool gave no result at all. A tool that looked and could not judge does give one: its
/// `status` is `insufficient_data`.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ToolFailure {
    /// A parameter is of the wrong type or holds an unknown value.
    #[error("parameter `{name}` is `{value}`; valid: {valid}")]
    BadParameter {
        /// Which parameter.
        name: String,
        /// What it holds.
        value: String,
        /// What it may hold.
        valid: String,
    },
    /// The question is about days of which there are no rows.
    #[error("the period {asked} lies outside the billing data, which covers {available}")]
    OutsidePeriod {
        /// The days asked about.
        asked: String,
        /// The days there are.
        available: String,
    },
    /// It was told to stop.
    #[error("stopped before the tool had a result")]
    Cancelled,
}

impl ToolFailure {
    /// The code on the wire.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::BadParameter { .. } => "bad_parameter",
            Self::OutsidePeriod { .. } => "period_outside_data",
            Self::Cancelled => "cancelled",
        }
    }
}

/// A question that can be asked of billing data.
pub trait Tool: Send + Sync + std::fmt::Debug {
    /// The name by which it is called.
    fn name(&self) -> &'static str;

    /// What it finds out, in one sentence: for a model that chooses among tools, and for users who see it called.
    fn description(&self) -> &'static str;

    /// The JSON Schema of its parameters: an object with nothing but what is named.
    fn schema(&self) -> Value {
        schema::scope()
    }

    /// Looks. The result holds `subject`, which repeats the parameters, and `status`.
    ///
    /// # Errors
    /// When the parameters cannot be understood or met, or `stop` came first.
    fn look(
        &self,
        data: &Dataset,
        parameters: &Map<String, Value>,
        stop: &CancellationToken,
    ) -> Result<Map<String, Value>, ToolFailure>;
}

/// The tools by name.
#[derive(Debug, Clone)]
pub struct Registry(BTreeMap<&'static str, Arc<dyn Tool>>);

impl Registry {
    /// No tool.
    #[must_use]
    pub fn empty() -> Self {
        Self(BTreeMap::new())
    }

    /// The same with `tool`, which replaces one of the same name.
    #[must_use]
    pub fn with(mut self, tool: Arc<dyn Tool>) -> Self {
        self.0.insert(tool.name(), tool);
        self
    }

    /// The tool called `name`.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<Arc<dyn Tool>> {
        self.0.get(name).cloned()
    }

    /// Every tool, by name.
    pub fn tools(&self) -> impl Iterator<Item = &Arc<dyn Tool>> + '_ {
        self.0.values()
    }

    /// Every name, sorted.
    pub fn names(&self) -> impl Iterator<Item = &'static str> + '_ {
        self.0.keys().copied()
    }
}

impl Default for Registry {
    /// The four cost tools.
    fn default() -> Self {
        Self::empty()
            .with(Arc::new(cost_analyzer::CostAnalyzer))
            .with(Arc::new(usage_anomalies::UsageAnomalies))
            .with(Arc::new(idle_resources::IdleResources))
            .with(Arc::new(recommendation_ranker::RecommendationRanker))
    }
}

/// The answer of a tool that looked and cannot judge.
fn insufficient_data(parameters: &Map<String, Value>, reason: impl Into<String>) -> Map<String, Value> {
    result(parameters, "insufficient_data", json!({ "reason": reason.into() }))
}

/// A result: what was asked about, how it went, what was found.
fn result(parameters: &Map<String, Value>, status: &str, found: Value) -> Map<String, Value> {
    let mut map = match found {
        Value::Object(map) => map,
        other => Map::from_iter([("value".to_owned(), other)]),
    };
    map.insert("subject".to_owned(), Value::Object(parameters.clone()));
    map.insert("status".to_owned(), status.into());
    map
}
