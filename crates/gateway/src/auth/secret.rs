//! The key that HS256 tokens are signed with: given by the operator, or random and kept beside the data.
//!
//! There is no built-in secret: whoever reads this source must not be able to sign for anyone's backend.

use rand::TryRngCore;
use rand::rngs::OsRng;
use std::fmt::Write as _;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Write as _};
use std::path::Path;

/// The environment variable that names the secret.
pub const VARIABLE: &str = "GOLDENPATH_JWT_SECRET";

/// Where a random secret is kept, inside the data directory.
pub const FILE: &str = "dev-secret";

/// Shortest secret that is accepted: the size of an HS256 hash (RFC 7518, 3.2).
pub const MIN_BYTES: usize = 32;

/// The secret: the value of `GOLDENPATH_JWT_SECRET` if given, else that of `DATA_DIR/dev-secret`, which is made
/// (random, mode 0600, directory included) when it is not there.
///
/// # Errors
/// The given or kept secret is shorter than 32 bytes, others may read its file, or the file system refuses.
pub fn load(given: Option<String>, data_dir: &Path) -> io::Result<Vec<u8>> {
    if let Some(secret) = given {
        return long_enough(secret.into_bytes(), VARIABLE);
    }
    let path = data_dir.join(FILE);
    match read(&path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            make(data_dir, &path).map_err(|error| at(&path, &error))?;
            read(&path)
        }
        other => other,
    }
}

fn long_enough(secret: Vec<u8>, source: &str) -> io::Result<Vec<u8>> {
    if secret.len() >= MIN_BYTES {
        return Ok(secret);
    }
    let problem = format!("`{source}` holds {} bytes, at least {MIN_BYTES} are needed", secret.len());
    Err(io::Error::new(io::ErrorKind::InvalidInput, format!("{problem} (hint: `openssl rand -hex 32`)")))
}

fn at(path: &Path, error: &io::Error) -> io::Error {
    io::Error::new(error.kind(), format!("`{}`: {error}", path.display()))
}

fn read(path: &Path) -> io::Result<Vec<u8>> {
    let secret = fs::read(path).map_err(|error| at(path, &error))?;
    refuse_if_shared(path)?;
    long_enough(secret, &path.display().to_string())
}

#[cfg(unix)]
fn refuse_if_shared(path: &Path) -> io::Result<()> {
    use std::os::unix::fs::PermissionsExt;
    let mode = fs::metadata(path)?.permissions().mode() & 0o777;
    if mode & 0o077 == 0 {
        return Ok(());
    }
    let problem = format!("`{}` has mode {mode:03o}, others may use it (hint: chmod 600)", path.display());
    Err(io::Error::new(io::ErrorKind::PermissionDenied, problem))
}

#[cfg(not(unix))]
fn refuse_if_shared(_path: &Path) -> io::Result<()> {
    Ok(())
}

/// Makes the file whole or not at all: two processes that start together end up with the same secret.
fn make(data_dir: &Path, path: &Path) -> io::Result<()> {
    fs::create_dir_all(data_dir)?;
    let draft = data_dir.join(format!("{FILE}.{}", random_hex()?));
    let made = create_private(&draft).and_then(|mut file| {
        file.write_all(random_hex()?.as_bytes())?;
        file.sync_all()?;
        // A link, unlike a rename, never replaces what another process has just made.
        fs::hard_link(&draft, path)
    });
    let removed = fs::remove_file(&draft);
    match made {
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(()),
        other => other.and(removed),
    }
}

fn create_private(path: &Path) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path)
}

/// 256 random bits as 64 hex digits: text, so that it can be copied into a variable as it is.
fn random_hex() -> io::Result<String> {
    let mut bytes = [0_u8; 32];
    OsRng.try_fill_bytes(&mut bytes).map_err(io::Error::other)?;
    Ok(bytes.iter().fold(String::with_capacity(64), |mut hex, byte| {
        // Writing to a String cannot fail.
        let _ = write!(hex, "{byte:02x}");
        hex
    }))
}

#[cfg(test)]
mod tests {
    use super::{FILE, load};
    use std::io::ErrorKind;

    #[test]
    fn a_given_secret_is_taken_as_it_is_and_nothing_is_written() {
        let dir = tempfile::tempdir().unwrap();
        let given = "0123456789abcdef0123456789abcdef";
        assert_eq!(load(Some(given.to_owned()), dir.path()).unwrap(), given.as_bytes());
        assert!(!dir.path().join(FILE).exists());
    }

    #[test]
    fn a_short_secret_is_refused_wherever_it_comes_from() {
        let dir = tempfile::tempdir().unwrap();
        for given in ["", "secret", "0123456789abcdef0123456789abcde"] {
            let error = load(Some(given.to_owned()), dir.path()).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::InvalidInput);
            assert!(given.is_empty() || !error.to_string().contains(given), "{error}");
        }
        let path = dir.path().join(FILE);
        drop(super::create_private(&path).unwrap());
        assert_eq!(load(None, dir.path()).unwrap_err().kind(), ErrorKind::InvalidInput);
    }

    #[test]
    fn a_made_secret_is_private_random_and_kept() {
        let dir = tempfile::tempdir().unwrap();
        let data_dir = dir.path().join("not/there/yet");
        let first = load(None, &data_dir).unwrap();
        assert_eq!(first.len(), 64);
        assert_eq!(load(None, &data_dir).unwrap(), first, "kept");
        assert_ne!(load(None, dir.path()).unwrap(), first, "random");
        assert_eq!(std::fs::read_dir(&data_dir).unwrap().count(), 1, "no draft is left behind");
    }

    #[cfg(unix)]
    #[test]
    fn a_made_secret_has_mode_600_and_a_shared_one_is_refused() {
        use std::os::unix::fs::PermissionsExt;
        let dir = tempfile::tempdir().unwrap();
        load(None, dir.path()).unwrap();
        let path = dir.path().join(FILE);
        assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o644)).unwrap();
        let error = load(None, dir.path()).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::PermissionDenied);
        assert!(error.to_string().contains("chmod 600"), "{error}");
    }

    #[test]
    fn processes_that_start_together_agree_on_the_secret() {
        let dir = tempfile::tempdir().unwrap();
        let secrets: Vec<_> = std::thread::scope(|scope| {
            let starts: Vec<_> = (0..8).map(|_| scope.spawn(|| load(None, dir.path()).unwrap())).collect();
            starts.into_iter().map(|start| start.join().unwrap()).collect()
        });
        assert!(secrets.windows(2).all(|pair| pair[0] == pair[1]));
    }
}
