//! Weaves mutants into a source tree, each behind a switch, so that one build holds them all.
//!
//! `goldenpath-weave TREE < MUTANTS > PLACES`: MUTANTS is the list of `cargo mutants --list --json`, each with a number `id` besides;
//! TREE's files are changed in place. PLACES is a JSON list of where each woven mutant now stands (file and bytes), from which
//! a compiler's error leads back to its mutant. Mutants that no switch can hold are left out of it.
//!
//! A woven mutant is asleep unless the environment variable `GOLDENPATH_MUTANT` holds its number when the process starts.

mod sites;
mod text;

use serde::{Deserialize, Serialize};
use sites::Sites;
use std::collections::{BTreeMap, BTreeSet};
use std::error::Error;
use std::path::{Path, PathBuf};
use std::{env, fs, io};
use text::Place;

type Outcome<T> = Result<T, Box<dyn Error>>;

/// What each crate with woven mutants gets at the end of its `lib.rs`.
const SWITCH: &str = r#"
#[doc(hidden)]
pub mod woven {
    static AWAKE: std::sync::LazyLock<u32> = std::sync::LazyLock::new(|| {
        std::env::var("GOLDENPATH_MUTANT").ok().and_then(|id| id.parse().ok()).unwrap_or(u32::MAX)
    });
    pub fn is(id: u32) -> bool {
        *AWAKE == id
    }
}
"#;

/// A mutant as `cargo mutants` lists it.
#[derive(Deserialize)]
struct Mutant {
    id: u32,
    file: PathBuf,
    genre: String,
    replacement: String,
    span: Span,
}

#[derive(Deserialize)]
struct Span {
    start: Spot,
}

/// Line and column, both from one.
#[derive(Deserialize, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Spot {
    line: usize,
    column: usize,
}

/// Where a woven mutant stands in its file.
#[derive(Serialize)]
struct Woven<'a> {
    id: u32,
    file: &'a Path,
    start: usize,
    end: usize,
}

fn main() -> Outcome<()> {
    let tree = PathBuf::from(env::args_os().nth(1).ok_or("usage: goldenpath-weave TREE < MUTANTS > PLACES")?);
    let mutants: Vec<Mutant> = serde_json::from_reader(io::stdin().lock())?;
    let mut files: BTreeMap<&Path, Vec<&Mutant>> = BTreeMap::new();
    for mutant in &mutants {
        files.entry(&mutant.file).or_default().push(mutant);
    }
    let mut woven = Vec::new();
    for (file, mutants) in &files {
        let places =
            weave(&tree.join(file), mutants).map_err(|error| format!("{}: {error}", file.display()))?;
        woven.extend(places.into_iter().map(|Place { id, start, end }| Woven { id, file, start, end }));
    }
    let roots: BTreeSet<PathBuf> = woven.iter().filter_map(|mutant| crate_root(mutant.file)).collect();
    for root in roots {
        let path = tree.join(root);
        let source = fs::read_to_string(&path)?;
        fs::write(&path, source + SWITCH)?;
    }
    serde_json::to_writer(io::stdout().lock(), &woven)?;
    Ok(())
}

/// Puts the mutants of one file into it.
fn weave(path: &Path, mutants: &[&Mutant]) -> Outcome<Vec<Place>> {
    let source = fs::read_to_string(path)?;
    let sites = Sites::of(&syn::parse_file(&source)?);
    let edits = sites.edits(mutants);
    let (woven, places) = text::apply(&source, &edits);
    fs::write(path, woven)?;
    Ok(places)
}

/// `crates/NAME/src/lib.rs` of a file below `crates/NAME/src`.
fn crate_root(file: &Path) -> Option<PathBuf> {
    let source = file.ancestors().find(|folder| folder.ends_with("src"))?;
    Some(source.join("lib.rs"))
}
