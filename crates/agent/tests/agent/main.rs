//! The agent from outside: data in, steps and an answer out.
//!
//! - `import`: a FOCUS export becomes data, and what is wrong in it is named.
//! - `truth`: what was planted in generated data is what tools and answers find.
//! - `answers`: answers hold figures of the run's own tools and differ between users and prompts.
//! - `paths`: tiers, failing sources, missing data, cancellation.

mod answers;
mod import;
mod paths;
mod run;
mod truth;
