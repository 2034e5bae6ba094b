//! Settings in force: flags, then environment, then file, then defaults.
//!
//! The file is read as a TOML table, the environment's `GOLDENPATH_*` variables are laid over it, every key is
//! held against [`keys`], and only then does it become a value. Secrets are named, never held: a
//! configuration knows the variable or file where a key lies.

mod keys;
mod limits;
mod model;
mod resolve;

pub(crate) use keys::words;
pub(crate) use limits::limits_of;
pub(crate) use model::{AuthConfig, Config, ScenarioConfig, TargetConfig};
pub(crate) use resolve::{
    Chosen, LOCAL, Length, Settings, TargetChoice, categories, check_profile, length, resolve_record,
    resolve_validate,
};

use crate::exit::CommandError;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// The file that is read when no other is named.
pub(crate) const DEFAULT_FILE: &str = "goldenpath.toml";

/// Where `serve` and `services` keep what is theirs when nothing else is named.
pub(crate) const DATA_DIR: &str = "goldenpath-data";

/// Where `services`, with this data directory, says where they are: a configuration with the environment `local`.
pub(crate) fn services_file(data_dir: &Path) -> PathBuf {
    data_dir.join("services").join(DEFAULT_FILE)
}

/// The variables of the process, as a value: nothing below reads the real ones.
pub(crate) type Environment = BTreeMap<String, String>;

/// The variables of this process.
pub(crate) fn process_environment() -> Environment {
    let text = |(name, value): (std::ffi::OsString, std::ffi::OsString)| {
        Some((name.into_string().ok()?, value.into_string().ok()?))
    };
    std::env::vars_os().filter_map(text).collect()
}

/// Reads the file (`given`, or [`DEFAULT_FILE`] where it exists) with the environment laid over it.
pub(crate) fn load(given: Option<&Path>, environment: &Environment) -> Result<Config, CommandError> {
    let from_environment = environment.get("GOLDENPATH_CONFIG").map(Path::new);
    let named = given.or(from_environment);
    let text = match named {
        Some(path) => Some((path, read(path)?)),
        None => Some(Path::new(DEFAULT_FILE))
            .filter(|path| path.is_file())
            .map(|path| Ok((path, read(path)?)))
            .transpose()?,
    };
    let (place, text) = match &text {
        Some((path, text)) => (path.display().to_string(), text.as_str()),
        None => ("the environment".to_owned(), ""),
    };
    let mut config = parse(&place, text, environment)?;
    find_services(&mut config, &services_file(Path::new(DATA_DIR)))?;
    Ok(config)
}

/// `local` is what `services` started here, unless the configuration has a word on it.
fn find_services(config: &mut Config, file: &Path) -> Result<(), CommandError> {
    if config.environments.contains_key(LOCAL) || !file.is_file() {
        return Ok(());
    }
    let started = parse(&file.display().to_string(), &read(file)?, &Environment::new())?;
    config.environments.extend(started.environments.into_iter().filter(|(name, _)| name == LOCAL));
    Ok(())
}

fn read(path: &Path) -> Result<String, CommandError> {
    std::fs::read_to_string(path).map_err(|why| {
        CommandError::Usage(format!("failed to read the configuration `{}`: {why}", path.display()))
    })
}

/// A configuration from text and variables.
pub(crate) fn parse(place: &str, text: &str, environment: &Environment) -> Result<Config, CommandError> {
    let refuse =
        |why: String| CommandError::Usage(format!("failed to read the configuration from {place}: {why}"));
    let broken = |why: toml::de::Error| refuse(why.to_string().trim_end().to_owned());
    let mut table: toml::Table = text.parse().map_err(broken)?;
    keys::check(&table).map_err(|wrong| refuse(wrong.with_line_of(text)))?;
    // Of the text alone first: a wrong type is shown with its line.
    toml::from_str::<Config>(text).map_err(broken)?;
    keys::overlay(&mut table, environment).map_err(CommandError::Usage)?;
    let config: Config =
        toml::Value::Table(table).try_into().map_err(|why: toml::de::Error| refuse(why.to_string()))?;
    limits::check(&config.limits).map_err(&refuse)?;
    Ok(config)
}

#[cfg(test)]
mod tests;
