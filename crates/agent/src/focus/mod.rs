//! FOCUS 1.0 exports: a CSV file in, typed rows and a list of the lines that were wrong out.
//!
//! `NULL` and empty cells are absent values, unknown columns are ignored, and a wrong row is named
//! by its line and skipped. Nothing here judges costs.

mod columns;
mod reader;
mod row;

pub use columns::MissingColumn;
pub use reader::{Import, ImportError, RowError, read_rows};
pub use row::{BillingRow, ChargeCategory};
