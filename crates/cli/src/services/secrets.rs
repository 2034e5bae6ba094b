//! What the services must not share with others: their secrets, made anew, in a folder that only its owner reads, beside the
//! configuration with which `--environment local` finds them.

use crate::args::ServicesArgs;
use crate::config::services_file;
use crate::exit::CommandError;
use rand::Rng;
use sha2::{Digest, Sha256};
use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};

/// Clients of the auth service: the file that deploy/compose.yaml uses, too.
pub(super) const AUTH: &str = include_str!("../../../../deploy/auth.toml");

/// The secrets of one set of services and where they lie.
#[derive(Debug)]
pub(super) struct Secrets {
    folder: PathBuf,
    pub(super) postgres: String,
    pub(super) redis: String,
    pub(super) harness: String,
}

/// The files of the secrets.
const FILES: [&str; 3] = ["postgres-password", "redis-password", "harness-client-secret"];

/// The folder of a data directory that all this lies in.
pub(super) fn folder(data_dir: &Path) -> Result<PathBuf, CommandError> {
    let file = services_file(data_dir);
    let folder = file.parent().unwrap_or(data_dir);
    std::path::absolute(folder).map_err(|why| failed("find", folder, &why))
}

fn failed(what: &str, path: &Path, why: &dyn std::fmt::Display) -> CommandError {
    CommandError::Usage(format!("failed to {what} `{}`: {why}", path.display()))
}

impl Secrets {
    /// Reads them, and makes those that are not there yet.
    pub(super) fn kept_in(folder: &Path) -> Result<Self, CommandError> {
        let mut builder = fs::DirBuilder::new();
        builder.recursive(true);
        #[cfg(unix)]
        std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
        builder.create(folder).map_err(|why| failed("create", folder, &why))?;
        Ok(Self {
            postgres: secret(&folder.join(FILES[0]))?,
            redis: secret(&folder.join(FILES[1]))?,
            harness: secret(&folder.join(FILES[2]))?,
            folder: folder.to_owned(),
        })
    }

    /// Reads them; `None` unless all are there.
    pub(super) fn found_in(folder: &Path) -> Result<Option<Self>, CommandError> {
        if FILES.iter().all(|name| folder.join(name).is_file()) {
            return Self::kept_in(folder).map(Some);
        }
        Ok(None)
    }

    /// What tells these from others without giving them away: each is of 256 random bits, which no one finds by trying.
    pub(super) fn digest(&self) -> String {
        let mut hash = Sha256::new();
        for secret in [&self.postgres, &self.redis, &self.harness] {
            hash.update(secret);
            hash.update("\n");
        }
        format!("{:x}", hash.finalize())
    }

    /// The auth service's configuration, as a file. It holds no secret, and another user reads it inside the container.
    pub(super) fn auth_config(&self) -> Result<PathBuf, CommandError> {
        let file = self.folder.join("auth.toml");
        fs::write(&file, AUTH).map_err(|why| failed("write", &file, &why))?;
        #[cfg(unix)]
        fs::set_permissions(&file, std::os::unix::fs::PermissionsExt::from_mode(0o644))
            .map_err(|why| failed("open to all", &file, &why))?;
        Ok(file)
    }

    /// Lets `--environment local` find the services; gives the file that does.
    pub(super) fn tell_where(&self, args: &ServicesArgs) -> Result<PathBuf, CommandError> {
        let file = services_file(&args.data_dir);
        let secret = self.folder.join("harness-client-secret");
        let text = format!(
            "# What `goldenpath services` started; it goes with `goldenpath services down`.\n\
             [environments.local]\n\
             url = \"ws://127.0.0.1:{gateway}/ws\"\n\
             metrics_url = \"http://127.0.0.1:{gateway}/metrics\"\n\n\
             [environments.local.auth]\n\
             mode = \"oauth\"\n\
             token_url = \"http://127.0.0.1:{auth}/auth/token\"\n\
             client_id = \"harness\"\n\
             client_secret_file = {secret:?}\n\
             grant = \"client_credentials\"\n\
             user_field = \"requested_subject\"\n\
             scope = \"chat agents\"\n",
            gateway = args.gateway_port,
            auth = args.auth_port,
        );
        fs::write(&file, text).map_err(|why| failed("write", &file, &why))?;
        Ok(file)
    }
}

/// `--environment local` is something else again.
pub(super) fn forget_where(folder: &Path) -> Result<(), CommandError> {
    remove(&folder.join("goldenpath.toml"))
}

/// Removes all that was made here, and nothing else.
pub(super) fn remove_all(folder: &Path) -> Result<(), CommandError> {
    for name in ["goldenpath.toml", "auth.toml"].iter().chain(&FILES) {
        remove(&folder.join(name))?;
    }
    // Somebody else's file keeps the folder.
    let _ = fs::remove_dir(folder);
    Ok(())
}

fn remove(file: &Path) -> Result<(), CommandError> {
    match fs::remove_file(file) {
        Err(why) if why.kind() != std::io::ErrorKind::NotFound => Err(failed("remove", file, &why)),
        _ => Ok(()),
    }
}

/// The secret in a file, which is made when it is not there.
fn secret(file: &Path) -> Result<String, CommandError> {
    match fs::read_to_string(file) {
        Ok(text) if text.trim().len() >= 32 => return Ok(text.trim().to_owned()),
        Ok(_) => return Err(failed("use", file, &"it holds no secret (hint: `goldenpath services clean`)")),
        Err(why) if why.kind() == std::io::ErrorKind::NotFound => {}
        Err(why) => return Err(failed("read", file, &why)),
    }
    let text = format!("{:032x}{:032x}", rand::rng().random::<u128>(), rand::rng().random::<u128>());
    let mut options = fs::OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let written = options.open(file).and_then(|mut file| writeln!(file, "{text}"));
    written.map_err(|why| failed("write", file, &why))?;
    Ok(text)
}

#[cfg(test)]
mod tests {
    use super::Secrets;

    #[test]
    fn secrets_are_random_kept_and_private() {
        let place = tempfile::tempdir().unwrap();
        let (one, other) = (place.path().join("one"), place.path().join("other"));
        let made = Secrets::kept_in(&one).unwrap();
        let again = Secrets::kept_in(&one).unwrap();
        let others = Secrets::kept_in(&other).unwrap();
        assert_eq!(
            (&made.postgres, &made.redis, &made.harness),
            (&again.postgres, &again.redis, &again.harness)
        );
        let all = [&made.postgres, &made.redis, &made.harness, &others.postgres];
        assert!(all.iter().all(|secret| secret.len() == 64));
        assert_eq!(all.iter().collect::<std::collections::BTreeSet<_>>().len(), 4);
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            let mode = |path: &std::path::Path| std::fs::metadata(path).unwrap().permissions().mode() & 0o777;
            assert_eq!(mode(&one), 0o700);
            assert_eq!(mode(&one.join("postgres-password")), 0o600);
        }
    }

    #[test]
    fn secrets_that_were_made_anew_are_told_from_the_old_ones() {
        let place = tempfile::tempdir().unwrap();
        assert!(Secrets::found_in(place.path()).unwrap().is_none());
        assert_eq!(std::fs::read_dir(place.path()).unwrap().count(), 0, "to look makes nothing");
        let made = Secrets::kept_in(place.path()).unwrap().digest();
        assert_eq!(Secrets::found_in(place.path()).unwrap().unwrap().digest(), made);
        for file in super::FILES {
            std::fs::remove_file(place.path().join(file)).unwrap();
            assert!(Secrets::found_in(place.path()).unwrap().is_none(), "{file}");
            let others = Secrets::kept_in(place.path()).unwrap().digest();
            assert_ne!(others, made, "{file}");
        }
    }

    #[test]
    fn what_is_no_secret_is_not_used() {
        let place = tempfile::tempdir().unwrap();
        std::fs::write(place.path().join("redis-password"), "x\n").unwrap();
        let why = Secrets::kept_in(place.path()).unwrap_err().to_string();
        assert!(why.contains("redis-password") && why.contains("no secret"), "{why}");
    }
}
