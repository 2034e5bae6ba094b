//! Key files: private to their owner, whole or not there, and named by when they were made and for what.

use super::{KeyError, SigningKey};
use crate::config::SigningAlgorithm;
use goldenpath_protocol::Timestamp;
use std::fs::{self, OpenOptions};
use std::io::Write as _;
use std::path::{Path, PathBuf};

const BEGIN: &str = "auth-key-";
const END: &str = ".pem";

fn failed(path: &Path, why: &dyn std::fmt::Display) -> KeyError {
    KeyError::File { path: path.display().to_string(), why: why.to_string() }
}

/// `auth-key-1800000000000-EdDSA.pem`.
pub(super) fn name(made_at: Timestamp, algorithm: SigningAlgorithm) -> String {
    format!("{BEGIN}{}-{}{END}", made_at.unix_ms(), algorithm.as_str())
}

/// What a file's name says, if it is one of ours.
fn meaning(name: &str) -> Option<(Timestamp, SigningAlgorithm)> {
    let (made_at, algorithm) = name.strip_prefix(BEGIN)?.strip_suffix(END)?.split_once('-')?;
    let algorithm = [SigningAlgorithm::EdDSA, SigningAlgorithm::RS256, SigningAlgorithm::ES256]
        .into_iter()
        .find(|known| known.as_str() == algorithm)?;
    Some((Timestamp::from_unix_ms(made_at.parse().ok()?), algorithm))
}

/// Every key of a directory, the oldest first.
pub(super) fn read_all(directory: &Path) -> Result<Vec<SigningKey>, KeyError> {
    let entries = match fs::read_dir(directory) {
        Err(why) if why.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
        other => other.map_err(|why| failed(directory, &why))?,
    };
    let mut keys = Vec::new();
    for entry in entries {
        let path = entry.map_err(|why| failed(directory, &why))?.path();
        let Some((made_at, algorithm)) = path.file_name().and_then(|name| meaning(name.to_str()?)) else {
            continue;
        };
        keys.push(SigningKey::from_pem(&read_private(&path)?, algorithm, made_at, &path)?);
    }
    keys.sort_by_key(|key| key.made_at);
    Ok(keys)
}

/// A file that nobody else may read.
pub(super) fn read_private(path: &Path) -> Result<Vec<u8>, KeyError> {
    let bytes = fs::read(path).map_err(|why| failed(path, &why))?;
    refuse_if_shared(path)?;
    Ok(bytes)
}

#[cfg(unix)]
fn refuse_if_shared(path: &Path) -> Result<(), KeyError> {
    use std::os::unix::fs::PermissionsExt as _;
    let mode = fs::metadata(path).map_err(|why| failed(path, &why))?.permissions().mode() & 0o777;
    if mode & 0o077 == 0 {
        return Ok(());
    }
    Err(failed(path, &format!("it has mode {mode:03o}, others may use it (hint: chmod 600)")))
}

#[cfg(not(unix))]
fn refuse_if_shared(_path: &Path) -> Result<(), KeyError> {
    Ok(())
}

/// Writes a file of mode 0600, whole before it has its name, and never over another.
pub(super) fn write_private(directory: &Path, name: &str, bytes: &[u8]) -> Result<PathBuf, KeyError> {
    fs::create_dir_all(directory).map_err(|why| failed(directory, &why))?;
    let (draft, path) = (directory.join(format!("{name}.draft")), directory.join(name));
    let mut options = OpenOptions::new();
    options.write(true).create(true).truncate(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    // A draft that a crash left behind may be anybody's to read.
    let _ = fs::remove_file(&draft);
    let written = options.open(&draft).and_then(|mut file| {
        file.write_all(bytes)?;
        file.sync_all()?;
        fs::hard_link(&draft, &path)
    });
    let removed = fs::remove_file(&draft);
    written.and(removed).map_err(|why| failed(&path, &why))?;
    Ok(path)
}
