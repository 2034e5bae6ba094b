//! Where a language model is asked, and how long it is waited for.

use reqwest::Url;
use reqwest::header::HeaderValue;
use std::fmt;
use std::time::Duration;

/// The variables that say where.
const URL: &str = "GOLDENPATH_LLM_URL";
const MODEL: &str = "GOLDENPATH_LLM_MODEL";
const KEY: &str = "GOLDENPATH_LLM_KEY";

/// What every address of completions ends with.
const COMPLETIONS: &str = "/chat/completions";

/// An endpoint cannot be used. No message holds the key, or an address that may hold one.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum EndpointError {
    /// A variable is missing or empty.
    #[error("the variable `{variable}` is not set (hint: {hint})")]
    Missing {
        /// Which one.
        variable: &'static str,
        /// What it holds.
        hint: &'static str,
    },
    /// The address is none.
    #[error(
        "`GOLDENPATH_LLM_URL` holds no address of a model provider: {why} (valid: `https://api.example.com/v1`)"
    )]
    BadUrl {
        /// What is wrong with it.
        why: String,
    },
    /// The key holds what no HTTP header may.
    #[error("`GOLDENPATH_LLM_KEY` holds characters that no HTTP header may (hint: a line break at its end?)")]
    BadKey,
    /// No HTTP client can be made.
    #[error("failed to set up the client of the model provider: {0}")]
    SetUp(String),
}

/// How long a model is waited for, and how often it is asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Waits {
    /// For a connection.
    pub connect: Duration,
    /// From a request to the first bytes of its answer.
    pub first: Duration,
    /// For more of an answer that has begun.
    pub between: Duration,
    /// For everything that one run asks: less than a run may last, so that a run says itself why it ends.
    pub whole: Duration,
    /// How often one question is asked before the run fails.
    pub attempts: u32,
}

impl Default for Waits {
    fn default() -> Self {
        Self {
            connect: Duration::from_secs(5),
            first: Duration::from_secs(25),
            between: Duration::from_secs(15),
            whole: Duration::from_secs(40),
            attempts: 3,
        }
    }
}

/// A language model at an address.
#[derive(Clone)]
pub struct Endpoint {
    pub(super) url: Url,
    pub(super) model: String,
    /// `Bearer …`, marked as sensitive.
    pub(super) authorization: Option<HeaderValue>,
    pub(super) waits: Waits,
}

impl Endpoint {
    /// The model called `model` at `url`, which is that of the completions, or of the API (`https://api.example.com/v1`), or of
    /// the host alone, whose API is taken to be at `/v1`.
    ///
    /// # Errors
    /// When the address is none of `http` or `https`, or no header can hold the key.
    pub fn new(url: &str, model: &str, key: Option<&str>) -> Result<Self, EndpointError> {
        let authorization = key.map(bearer).transpose()?;
        let url = completions(url.trim())?;
        Ok(Self { url, model: model.trim().to_owned(), authorization, waits: Waits::default() })
    }

    /// The endpoint that `GOLDENPATH_LLM_URL`, `_MODEL` and, where the provider wants one, `_KEY` name; `value` looks a variable up.
    ///
    /// # Errors
    /// Names the variable that is missing or wrong.
    pub fn from_variables(value: impl Fn(&str) -> Option<String>) -> Result<Self, EndpointError> {
        let given = |variable| value(variable).filter(|value| !value.trim().is_empty());
        let needed = |variable, hint| given(variable).ok_or(EndpointError::Missing { variable, hint });
        let url =
            needed(URL, "the address of an OpenAI-compatible API, such as `https://api.example.com/v1`")?;
        let model = needed(MODEL, "the name of a model that the provider has")?;
        Self::new(&url, &model, given(KEY).as_deref())
    }

    /// The same, waited for otherwise.
    #[must_use]
    pub fn waiting(mut self, waits: Waits) -> Self {
        self.waits = waits;
        self
    }
}

impl fmt::Debug for Endpoint {
    /// The host alone of the address: the rest may hold a key.
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_struct("Endpoint")
            .field("host", &self.url.host_str())
            .field("model", &self.model)
            .field("authorized", &self.authorization.is_some())
            .field("waits", &self.waits)
            .finish_non_exhaustive()
    }
}

fn bearer(key: &str) -> Result<HeaderValue, EndpointError> {
    let mut value =
        HeaderValue::from_str(&format!("Bearer {}", key.trim())).map_err(|_| EndpointError::BadKey)?;
    value.set_sensitive(true);
    Ok(value)
}

fn completions(text: &str) -> Result<Url, EndpointError> {
    let bad = |why: &str| EndpointError::BadUrl { why: why.to_owned() };
    let mut url = Url::parse(text).map_err(|why| bad(&why.to_string()))?;
    if !matches!(url.scheme(), "http" | "https") {
        return Err(bad("its scheme is neither `http` nor `https`"));
    }
    let path = url.path().trim_end_matches('/');
    if !path.ends_with(COMPLETIONS) {
        let api = if path.is_empty() { "/v1" } else { path };
        let path = format!("{api}{COMPLETIONS}");
        url.set_path(&path);
    }
    Ok(url)
}

#[cfg(test)]
mod tests {
    use super::{Endpoint, EndpointError};
    use rstest::rstest;

    #[rstest]
    #[case("http://127.0.0.1:9/v1", "http://127.0.0.1:9/v1/chat/completions")]
    #[case("http://127.0.0.1:9", "http://127.0.0.1:9/v1/chat/completions")]
    #[case("https://api.example.com/v1/", "https://api.example.com/v1/chat/completions")]
    #[case(
        "https://x.example.com/openai/deployments/m/chat/completions?api-version=1",
        "https://x.example.com/openai/deployments/m/chat/completions?api-version=1"
    )]
    fn an_address_leads_to_the_completions(#[case] given: &str, #[case] asked: &str) {
        assert_eq!(Endpoint::new(given, "m", None).unwrap().url.as_str(), asked);
    }

    #[rstest]
    #[case("not an address")]
    #[case("ftp://example.com/v1")]
    #[case("")]
    fn what_is_no_address_is_refused_by_the_variable_s_name(#[case] given: &str) {
        let error = Endpoint::new(given, "m", None).unwrap_err();
        assert!(error.to_string().contains("GOLDENPATH_LLM_URL"), "{error}");
    }

    #[test]
    fn a_missing_variable_is_named() {
        let only_url = |name: &str| (name == "GOLDENPATH_LLM_URL").then(|| "http://x/v1".to_owned());
        for (value, named) in [
            (&(|_: &str| None) as &dyn Fn(&str) -> Option<String>, "GOLDENPATH_LLM_URL"),
            (&only_url, "GOLDENPATH_LLM_MODEL"),
            (&|_: &str| Some("  ".to_owned()), "GOLDENPATH_LLM_URL"),
        ] {
            let error = Endpoint::from_variables(value).unwrap_err();
            assert!(matches!(error, EndpointError::Missing { variable, .. } if variable == named), "{error}");
        }
    }

    #[test]
    fn nothing_printed_holds_the_key() {
        let secret = "sk-a1b2c3";
        let url = format!("https://user:{secret}@example.com/v1?key={secret}");
        let endpoint = Endpoint::new(&url, "m", Some(secret)).unwrap();
        assert!(!format!("{endpoint:?}").contains(secret), "{endpoint:?}");
        let error =
            Endpoint::new(&format!("{secret}://x"), "m", Some(&format!("{secret}\u{7}"))).unwrap_err();
        assert_eq!(error, EndpointError::BadKey);
        assert!(!error.to_string().contains(secret));
    }
}
