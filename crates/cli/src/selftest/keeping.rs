//! What a selftest leaves behind, with `--output-dir`: the document, the page and a witness for each fault.

use crate::exit::CommandError;
use crate::session::SessionFolder;
use crate::witnesses::file;
use goldenpath_checkers::Witness;
use goldenpath_detection::{Matrix, formats};
use std::collections::BTreeMap;
use std::path::Path;
use time::OffsetDateTime;

/// The document's file.
const DOCUMENT: &str = "selftest.json";
/// The page's file.
const PAGE: &str = "detection.md";

/// A new session folder below `output`.
pub(super) fn folder(output: &Path) -> Result<SessionFolder, CommandError> {
    SessionFolder::create(output, OffsetDateTime::now_utc())
}

/// Keeps witnesses; their paths below the folder, by row.
pub(super) fn witnesses(
    folder: &SessionFolder,
    witnesses: &[(&'static str, Witness<'static>)],
) -> BTreeMap<&'static str, String> {
    let mut kept = BTreeMap::new();
    for (row, witness) in witnesses {
        match file(witness).and_then(|bytes| folder.write_witness(row, &bytes)) {
            Ok(path) => {
                kept.insert(*row, path);
            }
            Err(why) => folder.log().line(&format!("the witness of {row} was not kept: {why}")),
        }
    }
    kept
}

/// Writes page and document, the document last: a folder that has it is complete.
pub(super) fn documents(folder: SessionFolder, matrix: &Matrix, document: &str) -> Result<(), CommandError> {
    for problem in matrix.problems() {
        folder.log().line(&problem);
    }
    folder.write(PAGE, &formats::markdown(matrix))?;
    folder.write(DOCUMENT, document)?;
    folder.close().map(|_| ())
}
