//! What went wrong in a call, and what that says of its connection.

use crate::StoreError;

/// A call did not succeed.
#[derive(Debug)]
pub(super) enum Fault {
    /// The database, or the way to it.
    Database(sqlx::Error),
    /// What was found there.
    Found(StoreError),
}

impl From<sqlx::Error> for Fault {
    fn from(error: sqlx::Error) -> Self {
        Self::Database(error)
    }
}

impl From<StoreError> for Fault {
    fn from(error: StoreError) -> Self {
        Self::Found(error)
    }
}

impl Fault {
    /// A failure that no repetition mends.
    pub(super) fn failed(why: impl Into<String>) -> Self {
        Self::Found(StoreError::Failed(why.into()))
    }

    /// Whether the connection is dead, or leads to a server that takes no work any more.
    pub(super) fn is_of_the_connection(&self) -> bool {
        match self {
            Self::Database(error) => is_of_the_connection(error),
            Self::Found(_) => false,
        }
    }

    /// Whether a key was taken.
    pub(super) fn is_double(&self) -> bool {
        matches!(self, Self::Database(sqlx::Error::Database(cause)) if cause.is_unique_violation())
    }
}

/// The connection broke, or its server shuts down, recovers, or has become a copy that can only be read.
fn is_of_the_connection(error: &sqlx::Error) -> bool {
    match error {
        sqlx::Error::Io(_) | sqlx::Error::Protocol(_) | sqlx::Error::Tls(_) => true,
        sqlx::Error::Database(_) => {
            let code = code(error);
            code.starts_with("08") || ["57P01", "57P02", "57P03", "57P05", "25006"].contains(&code.as_str())
        }
        _ => false,
    }
}

/// Whether a server that refuses a connection may soon take one: it starts, or has too many.
pub(super) fn may_soon_connect(error: &sqlx::Error) -> bool {
    match error {
        sqlx::Error::Io(_) => true,
        sqlx::Error::Database(_) => ["57P01", "57P02", "57P03", "53300"].contains(&code(error).as_str()),
        _ => false,
    }
}

impl From<Fault> for StoreError {
    fn from(fault: Fault) -> Self {
        match fault {
            Fault::Found(error) => error,
            Fault::Database(error) if is_of_the_connection(&error) || may_pass(&error) => Self::Unavailable,
            Fault::Database(error) => Self::Failed(error.to_string()),
        }
    }
}

/// Whether the same call may succeed later: out of resources (53), a deadlock or conflict (40), a lock (55P03), out of time (57014).
fn may_pass(error: &sqlx::Error) -> bool {
    let code = code(error);
    code.starts_with("53") || code.starts_with("40") || ["55P03", "57014"].contains(&code.as_str())
}

/// The five characters of SQLSTATE; empty for what the database did not say.
fn code(error: &sqlx::Error) -> String {
    match error {
        sqlx::Error::Database(cause) => cause.code().unwrap_or_default().into_owned(),
        _ => String::new(),
    }
}
