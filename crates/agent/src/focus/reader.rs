//! Reading a FOCUS export row by row.

use super::columns::{Columns, MissingColumn};
use super::row::BillingRow;
use csv::{ByteRecord, ReaderBuilder, StringRecord};
use std::io::Read;

/// A line that was skipped.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RowError {
    /// Where the row begins, counted from 1, the heading included.
    pub line: u64,
    /// What is wrong with it.
    pub why: String,
}

/// Why nothing can be read from a file.
#[derive(Debug, thiserror::Error)]
pub enum ImportError {
    /// The file itself cannot be read.
    #[error("failed to read billing data: {0}")]
    Read(#[from] std::io::Error),
    /// The heading lacks columns that every FOCUS export has.
    #[error("failed to read billing data: missing required columns {}", listed(.0))]
    MissingColumns(Vec<MissingColumn>),
    /// Not one row was right.
    #[error("failed to read billing data: no usable row ({} wrong{})", .rejected.len(), first(.rejected))]
    NoRows {
        /// The wrong lines.
        rejected: Vec<RowError>,
    },
}

fn listed(missing: &[MissingColumn]) -> String {
    missing.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ")
}

fn first(rejected: &[RowError]) -> String {
    rejected.first().map_or_else(String::new, |row| format!("; line {}: {}", row.line, row.why))
}

/// A whole export in memory.
#[derive(Debug)]
pub struct Import {
    /// The rows that were right, in the file's order.
    pub rows: Vec<BillingRow>,
    /// The lines that were not.
    pub rejected: Vec<RowError>,
}

impl Import {
    /// Reads everything; see [`read_rows`] for reading without keeping.
    ///
    /// # Errors
    /// When the source fails, the heading lacks required columns, or no row is usable.
    pub fn read(source: impl Read) -> Result<Self, ImportError> {
        let mut rows = Vec::new();
        let rejected = read_rows(source, |row| rows.push(row))?;
        Ok(Self { rows, rejected })
    }
}

/// Hands each right row to `take` and returns the lines that were wrong. A row in another currency
/// than the first right one is wrong: amounts of different currencies cannot be added.
///
/// # Errors
/// When the source fails, the heading lacks required columns, or no row is usable.
pub fn read_rows(source: impl Read, mut take: impl FnMut(BillingRow)) -> Result<Vec<RowError>, ImportError> {
    let mut reader = ReaderBuilder::new().flexible(true).from_reader(source);
    let heading = StringRecord::from_byte_record_lossy(reader.byte_headers().map_err(io)?.clone());
    let columns = Columns::of(&heading).map_err(ImportError::MissingColumns)?;

    let mut rejected = Vec::new();
    let mut currency: Option<String> = None;
    let mut bytes = ByteRecord::new();
    let mut taken = 0_u64;
    while reader.read_byte_record(&mut bytes).map_err(io)? {
        let line = bytes.position().map_or(0, csv::Position::line);
        let parsed = StringRecord::from_byte_record(bytes.clone())
            .map_err(|_| "not valid UTF-8".to_owned())
            .and_then(|record| BillingRow::parse(&record, &columns));
        match parsed {
            Ok(row) if currency.as_ref().is_some_and(|known| *known != row.currency) => {
                let known = currency.as_deref().unwrap_or_default();
                rejected.push(RowError {
                    line,
                    why: format!("currency `{}` in a file of `{known}`", row.currency),
                });
            }
            Ok(row) => {
                currency.get_or_insert_with(|| row.currency.clone());
                taken += 1;
                take(row);
            }
            Err(why) => rejected.push(RowError { line, why }),
        }
    }
    if taken == 0 { Err(ImportError::NoRows { rejected }) } else { Ok(rejected) }
}

fn io(error: csv::Error) -> ImportError {
    ImportError::Read(match error.into_kind() {
        csv::ErrorKind::Io(error) => error,
        other => std::io::Error::other(format!("{other:?}")),
    })
}
