//! The documents a report becomes, one format per file.

mod json;
mod junit;
mod markdown;
mod text;

pub use json::json;
pub use junit::{JunitError, junit};
pub use markdown::markdown;
pub use text::{last_line, text};
