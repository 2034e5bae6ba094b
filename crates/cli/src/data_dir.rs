//! The directory that `serve` keeps its data in, held by one process at a time.
//!
//! Held by a lock of the kernel, which falls with its process however that ends: nothing is left to clean up.

use crate::exit::CommandError;
use std::fs::{File, OpenOptions, TryLockError};
use std::path::Path;

/// The file that is locked; it holds nothing.
const LOCK: &str = "serve.lock";

/// A data directory that is ours until this is dropped.
#[derive(Debug)]
#[must_use = "the directory is another process's to take once this is dropped"]
pub(crate) struct DataDir {
    _lock: File,
}

impl DataDir {
    /// Takes a directory, which is made when it is not there. A second process would end the first one's open
    /// runs as if their process were dead, so it is refused.
    pub(crate) fn hold(path: &Path) -> Result<Self, CommandError> {
        let failed = |why: std::io::Error| {
            CommandError::Usage(format!("failed to take the data directory `{}`: {why}", path.display()))
        };
        std::fs::create_dir_all(path).map_err(failed)?;
        let lock = OpenOptions::new().append(true).create(true).open(path.join(LOCK)).map_err(failed)?;
        match lock.try_lock() {
            Ok(()) => Ok(Self { _lock: lock }),
            Err(TryLockError::WouldBlock) => Err(CommandError::Usage(format!(
                "the data directory `{}` is in use by another `goldenpath serve` (hint: stop that one, or give \
                 this one its own `--data-dir`)",
                path.display()
            ))),
            Err(TryLockError::Error(why)) => Err(failed(why)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::DataDir;

    #[test]
    fn a_directory_is_held_once_and_free_again() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("data");
        let held = DataDir::hold(&path).unwrap();
        let refused = DataDir::hold(&path).unwrap_err().to_string();
        assert!(refused.contains("in use by another"), "{refused}");
        drop(held);
        let _again = DataDir::hold(&path).unwrap();
    }
}
