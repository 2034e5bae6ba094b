//! Which server a URL names, and whether it is one that this can work with. A password in the URL shows up nowhere else.

use crate::{Link, Trouble};
use redis::{Client, IntoConnectionInfo, cmd};

/// A server was not opened. Never holds a password.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// The URL names no server.
    #[error(
        "`{url}` names no Redis server: {why} (hint: `redis://HOST:PORT/DATABASE` or `rediss://…` with TLS)"
    )]
    Url {
        /// The URL, without what is secret.
        url: String,
        /// What is wrong with it.
        why: String,
    },
    /// The server cannot be reached, or does not let us in.
    #[error("`{server}`: {why}")]
    Server {
        /// Its address.
        server: String,
        /// What it said.
        why: String,
    },
    /// The server is too old.
    #[error("`{server}` is Redis {version}, and this needs 7 or newer")]
    TooOld {
        /// Its address.
        server: String,
        /// What it calls itself.
        version: String,
    },
}

/// A server that a URL names.
#[derive(Clone)]
pub struct Server {
    /// Connects to it.
    pub client: Client,
    /// Where it is, for messages.
    pub address: String,
    /// The number of its database.
    pub database: i64,
}

impl std::fmt::Debug for Server {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        // By hand: a client knows a password.
        f.debug_struct("Server")
            .field("address", &self.address)
            .field("database", &self.database)
            .finish_non_exhaustive()
    }
}

impl Server {
    /// Understands `redis://HOST:PORT/DATABASE`; `rediss://` speaks TLS and trusts the system's certificates. Nothing is connected yet.
    ///
    /// # Errors
    /// [`OpenError::Url`].
    pub fn named(url: &str) -> Result<Self, OpenError> {
        let refuse = |why: String| OpenError::Url { url: safe(url), why };
        if !url.starts_with("redis://") && !url.starts_with("rediss://") {
            return Err(refuse("another scheme".to_owned()));
        }
        if url.starts_with("rediss://") {
            // Done before by who else speaks TLS in this process, and then that one stays.
            let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
        }
        let place = url.into_connection_info().map_err(|error| refuse(error.category().to_owned()))?;
        let (address, database) = (place.addr().to_string(), place.redis_settings().db());
        let client = Client::open(place).map_err(|error| refuse(error.category().to_owned()))?;
        Ok(Self { client, address, database })
    }

    /// Refuses what does not run scripts as they are meant: a server older than 7, or none.
    ///
    /// # Errors
    /// [`OpenError`].
    pub async fn check(&self, link: &Link) -> Result<(), OpenError> {
        let server = &self.address;
        let failed = |why: String| OpenError::Server { server: server.clone(), why };
        let said: String = link.query(cmd("INFO").arg("server")).await.map_err(|trouble| match trouble {
            Trouble::Failed(why) => failed(why),
            Trouble::Unavailable | Trouble::NoScript => {
                failed("it does not answer, or shows a certificate that is not trusted".to_owned())
            }
        })?;
        let version = said.lines().find_map(|line| line.strip_prefix("redis_version:")).map(str::trim);
        match version {
            Some(version) if major(version).is_some_and(|major| major >= 7) => Ok(()),
            Some(version) => Err(OpenError::TooOld { server: server.clone(), version: version.to_owned() }),
            None => Err(failed("it does not say which Redis it is".to_owned())),
        }
    }
}

/// A URL without user, password and query.
fn safe(url: &str) -> String {
    let Some((scheme, rest)) = url.split_once("://") else {
        // Not knowing what it is, we know of no part that it is no secret.
        return "…".to_owned();
    };
    let rest = rest.split(['?', '#']).next().unwrap_or_default();
    match rest.rsplit_once('@') {
        Some((_, place)) => format!("{scheme}://…@{place}"),
        None => format!("{scheme}://{rest}"),
    }
}

/// The major version in `7.0.15`.
fn major(version: &str) -> Option<u32> {
    version.split('.').next()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::{major, safe};

    #[test]
    fn no_secret_of_a_url_is_shown() {
        for url in [
            "redis://:hunter2@127.0.0.1:1/0",
            "rediss://joe:hunter2@host",
            "redis://joe:hun@hunter2@host/9",
            "redis://host/?pass=hunter2",
            "redis://host/#hunter2",
            "hunter2",
        ] {
            assert!(!safe(url).contains("hunter2"), "{}", safe(url));
        }
        assert_eq!(safe("redis://:pw@127.0.0.1:6379/2"), "redis://…@127.0.0.1:6379/2");
        assert_eq!(safe("redis://host:1"), "redis://host:1");
    }

    #[test]
    fn versions_are_told_apart_by_their_first_number() {
        assert_eq!(major("7.0.15"), Some(7));
        assert_eq!(major("10.1"), Some(10));
        assert_eq!(major("unstable"), None);
    }
}
