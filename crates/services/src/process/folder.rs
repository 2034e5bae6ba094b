//! The folder of a service, and the account that it runs as.
//!
//! Some servers refuse to run as root, so for root they run as somebody who may do nothing else; the folder is theirs.

use std::io;
use std::os::unix::fs::chown;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::Command;
use tempfile::TempDir;

/// An account without rights; where even that is missing, the number that it has everywhere.
const NOBODY: (u32, u32) = (65_534, 65_534);

/// A temporary folder that the service's account owns; removed when dropped.
#[derive(Debug)]
pub struct Folder {
    dir: TempDir,
    // `None`: whoever runs the tests.
    account: Option<(u32, u32)>,
}

impl Folder {
    /// An empty folder for the first of `accounts` that exists, if this process may choose; with none named, for its own account.
    ///
    /// # Errors
    /// As the file system says.
    pub fn create(accounts: &[&str]) -> io::Result<Self> {
        let dir = tempfile::Builder::new().prefix("goldenpath-service-").tempdir()?;
        let chosen = !accounts.is_empty() && rustix::process::geteuid().is_root();
        let account = chosen.then(|| account(accounts));
        if let Some((user, group)) = account {
            chown(dir.path(), Some(user), Some(group))?;
        }
        Ok(Self { dir, account })
    }

    /// Where it lies.
    #[must_use]
    pub fn path(&self) -> &Path {
        self.dir.path()
    }

    /// Lets a command run as the folder's owner, inside the folder.
    pub(crate) fn own<'c>(&self, command: &'c mut Command) -> &'c mut Command {
        command.current_dir(self.path());
        if let Some((user, group)) = self.account {
            command.uid(user).gid(group);
        }
        command
    }
}

fn account(names: &[&str]) -> (u32, u32) {
    let accounts = std::fs::read_to_string("/etc/passwd").unwrap_or_default();
    names.iter().find_map(|name| named(&accounts, name)).unwrap_or(NOBODY)
}

/// User and group number of an account.
fn named(accounts: &str, name: &str) -> Option<(u32, u32)> {
    accounts.lines().find_map(|line| {
        let mut fields = line.split(':');
        if fields.next() != Some(name) {
            return None;
        }
        Some((fields.nth(1)?.parse().ok()?, fields.next()?.parse().ok()?))
    })
}

#[cfg(test)]
mod tests {
    use super::named;

    #[test]
    fn an_account_is_found_by_its_whole_name() {
        let accounts =
            "root:x:0:0:root:/root:/bin/sh\npostgresql:x:7:8::/:/bin/sh\npostgres:x:101:104::/:/bin/sh\n";
        assert_eq!(named(accounts, "postgres"), Some((101, 104)));
        assert_eq!(named(accounts, "nobody"), None);
        assert_eq!(named("postgres:x\n", "postgres"), None);
    }
}
