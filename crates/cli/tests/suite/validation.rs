//! A call of `validate`, said by what it is to do.

use crate::support::{Backend, KEY_VARIABLE, OUT, Place, ProxyProcess, Ran, Running};

/// `validate`, with its flags as they are added up.
#[derive(Clone)]
pub(crate) struct Validation(Vec<String>);

/// Validates these categories; the embedded backend unless another one is named. Leaves its session in [`OUT`].
pub(crate) fn validate(categories: &str) -> Validation {
    Validation(vec!["validate".to_owned()]).with(&["--categories", categories, "--output-dir", OUT])
}

impl Validation {
    /// With more flags, word by word.
    pub(crate) fn with(mut self, flags: &[&str]) -> Self {
        self.0.extend(flags.iter().map(|&flag| flag.to_owned()));
        self
    }

    /// By so many users.
    pub(crate) fn users(self, count: u32) -> Self {
        self.with(&["--users", &count.to_string()])
    }

    pub(crate) fn seed(self, seed: u64) -> Self {
        self.with(&["--seed", &seed.to_string()])
    }

    /// Limits of time that no machine breaks: for tests that are not about how fast this one is.
    pub(crate) fn at_any_speed(self) -> Self {
        self.with(&["--performance-threshold", "5000"])
    }

    /// Drives `backend`, with tokens minted by its own key.
    pub(crate) fn of(self, backend: &Backend) -> Self {
        self.of_with_key_in(backend, KEY_VARIABLE)
    }

    /// Drives `backend`, with tokens minted by the key in `variable`.
    pub(crate) fn of_with_key_in(self, backend: &Backend, variable: &str) -> Self {
        self.with(&["--target", &backend.url, "--auth", "mint", "--auth-key-env", variable])
    }

    /// Drives the backend behind `proxy`.
    pub(crate) fn through(self, proxy: &ProxyProcess) -> Self {
        self.with(&["--target", &proxy.url, "--auth", "mint", "--auth-key-env", KEY_VARIABLE])
    }

    /// Drives whatever listens on `url`, and shows no token.
    pub(crate) fn without_tokens_of(self, url: &str) -> Self {
        self.with(&["--target", url, "--auth", "none"])
    }

    /// Does it, to its end.
    pub(crate) fn run(&self, place: &Place) -> Ran {
        self.run_with(place, &[])
    }

    /// The same, with variables of the environment.
    pub(crate) fn run_with(&self, place: &Place, variables: &[(&str, &str)]) -> Ran {
        place.goldenpath_with(&self.arguments(), variables)
    }

    /// Begins it.
    pub(crate) fn start(&self, place: &Place) -> Running {
        Running::start(place.path(), &self.arguments())
    }

    fn arguments(&self) -> Vec<&str> {
        self.0.iter().map(String::as_str).collect()
    }
}
