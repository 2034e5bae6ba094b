//! rstest fixtures.

use crate::Testbed;
use rstest::fixture;

/// A backend with its defaults, one per test.
///
/// # Panics
/// When the backend cannot be started: the test cannot look, so it fails.
#[fixture]
pub async fn testbed() -> Testbed {
    match Testbed::builder().start().await {
        Ok(testbed) => testbed,
        Err(error) => panic!("{error}"),
    }
}
