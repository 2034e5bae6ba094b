//! A store by its URL, and what may be wrong with one.

use crate::postgres::ServerError;
use crate::sqlite::SchemaError;
use crate::{PostgresStore, SqliteStore, Store};
use std::path::PathBuf;
use std::sync::Arc;

/// The schemes that name a store.
pub const SCHEMES: &[&str] = &["sqlite", "postgres", "postgresql"];

/// The store could not be opened. Shows a server without its password.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// The URL names no store. It is not shown: with it, a password might be.
    #[error(
        "the URL names no store (hint: `sqlite:PATH`, `sqlite::memory:` or `postgres://USER@HOST/DATABASE`)"
    )]
    Url,
    /// The URL names no SQLite store. Not shown either.
    #[error("the URL names no SQLite store (hint: `sqlite:PATH` or `sqlite::memory:`)")]
    SqliteUrl,
    /// The URL cannot be understood.
    #[error("the URL names no Postgres store: {0} (hint: `postgres://USER@HOST/DATABASE`)")]
    PostgresUrl(String),
    /// The directory of the file cannot be made.
    #[error("`{path}`: {error}")]
    Directory {
        /// The directory.
        path: PathBuf,
        /// What the file system said.
        error: std::io::Error,
    },
    /// The file is no store of ours, or cannot be read or written.
    #[error("`{path}`: {error}")]
    Database {
        /// The file, or `:memory:`.
        path: PathBuf,
        /// What is wrong with it.
        error: SchemaError,
    },
    /// The server's database is no store of ours, or cannot be reached.
    #[error("`{server}`: {error}")]
    Server {
        /// Host, port and database.
        server: String,
        /// What is wrong with it.
        error: ServerError,
    },
}

/// Opens what a URL names: a [`SqliteStore`] or a [`PostgresStore`].
///
/// # Errors
/// [`OpenError`] when it names neither, or as the store says.
pub async fn open_store(url: &str) -> Result<Arc<dyn Store>, OpenError> {
    match url.split_once(':') {
        Some(("sqlite", _)) => Ok(Arc::new(SqliteStore::open(url).await?)),
        Some(("postgres" | "postgresql", _)) => Ok(Arc::new(PostgresStore::open(url).await?)),
        _ => Err(OpenError::Url),
    }
}
