//! What thinks in `serve`: the analyst, or a language model behind the endpoint that the environment names.

use crate::exit::CommandError;
use crate::nearest::unknown;
use goldenpath_agent::{Agent, Analyst, BillingSource, Endpoint, OpenAi};
use std::sync::Arc;

/// The names of `--model`.
const MODELS: [&str; 2] = ["analyst", "openai"];

/// What was chosen, as far as it can be told before there are billing data.
#[derive(Debug)]
pub(crate) enum Thinker {
    Analyst,
    LanguageModel(Box<Endpoint>),
}

impl Thinker {
    /// What `model` names; its endpoint is in the environment, since keys are no flags.
    pub(crate) fn named(model: &str) -> Result<Self, CommandError> {
        match model {
            "analyst" => Ok(Self::Analyst),
            "openai" => Endpoint::from_variables(|variable| std::env::var(variable).ok())
                .map(|endpoint| Self::LanguageModel(Box::new(endpoint)))
                .map_err(|why| refused(&why)),
            _ => Err(CommandError::Usage(unknown("model", model, &MODELS))),
        }
    }

    /// It, at work on `billing`.
    pub(crate) fn on(self, billing: Arc<dyn BillingSource>) -> Result<Arc<dyn Agent>, CommandError> {
        match self {
            Self::Analyst => Ok(Arc::new(Analyst::new(billing))),
            Self::LanguageModel(endpoint) => {
                let agent = OpenAi::new(billing, *endpoint).map_err(|why| refused(&why))?;
                Ok(Arc::new(agent))
            }
        }
    }
}

fn refused(why: &goldenpath_agent::EndpointError) -> CommandError {
    CommandError::Usage(format!("failed to set up the model `openai`: {why}"))
}
