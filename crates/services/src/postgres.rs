//! Postgres for tests: a given server, or one of the tests' own; a fresh database for whoever asks.

mod strain;

pub use strain::Crowd;

use crate::ServiceError;
use crate::container::{Container, Recipe, engine_answers};
use crate::process::{End, Folder, Program, find, free_port};
use crate::server::Server;
use rand::Rng;
use sqlx::postgres::{PgConnectOptions, PgConnection};
use sqlx::{ConnectOptions, Connection};
use std::ffi::OsString;
use std::fmt;
use std::ops::Deref;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::str::FromStr;
use std::time::Duration;
use tokio::sync::OnceCell;

/// Names a server for tests; its user must be allowed to create databases.
pub const POSTGRES_URL: &str = "GOLDENPATH_TEST_POSTGRES_URL";

const SERVICE: &str = "Postgres";

/// The superuser of a server of one's own.
const SUPERUSER: &str = "goldenpath";

/// How the server's list of connections calls those of this module, whatever the environment would call them.
const APPLICATION: &str = "goldenpath-testbed";

/// Longest wait for one answer of a server that is up.
const ANSWERS_WITHIN: Duration = Duration::from_secs(30);

/// Of a server of one's own: what a test's end may lose is worth no wait for a disk. What a killed server had committed is kept
/// all the same, since the system lives on.
const SETTINGS: &[&str] = &[
    "listen_addresses=127.0.0.1",
    "unix_socket_directories=",
    "dynamic_shared_memory_type=mmap",
    "shared_buffers=32MB",
    "max_connections=200",
    "fsync=off",
    "full_page_writes=off",
];

static SHARED: OnceCell<Postgres> = OnceCell::const_new();

/// A Postgres server.
#[derive(Debug)]
#[must_use = "a server of one's own ends when this is dropped"]
pub struct Postgres {
    url: String,
    server: Server,
}

/// A database that nobody else uses; a given server is rid of it when this is dropped, one of the tests' own goes with it.
#[must_use = "the database is removed when this is dropped"]
pub struct Database {
    name: String,
    url: String,
    // How to remove it; `None` where it goes with its server.
    server: Option<String>,
}

impl fmt::Debug for Database {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // By hand: the URL holds a password.
        f.debug_struct("Database").field("name", &self.name).finish_non_exhaustive()
    }
}

/// What every server can be told.
impl Deref for Postgres {
    type Target = Server;

    fn deref(&self) -> &Server {
        &self.server
    }
}

impl Postgres {
    /// The server that the tests of this process share: the one that [`POSTGRES_URL`] names, else one of their own, which
    /// is started when it is first asked for and ends with the process. Nobody stops it.
    ///
    /// # Errors
    /// [`ServiceError`] when neither can be had, with what to install.
    pub async fn shared() -> Result<&'static Self, ServiceError> {
        SHARED
            .get_or_try_init(async || match std::env::var(POSTGRES_URL) {
                Ok(url) if !url.is_empty() => Ok(Self { url, server: Server::given(SERVICE) }),
                _ => Self::own().await,
            })
            .await
    }

    /// A server of one's own, from a local binary or else in a container, to be paused, restarted and killed.
    ///
    /// # Errors
    /// [`ServiceError`] when there is no binary, with what to install, or when it does not start.
    pub async fn own() -> Result<Self, ServiceError> {
        let start = |why: String| ServiceError::Start { service: SERVICE, why };
        let (initdb, server) = match binaries() {
            Err(_) if engine_answers() => return Self::in_container().await,
            found => found?,
        };
        let folder = Folder::create(&["postgres", "nobody"]).map_err(|why| start(why.to_string()))?;
        let password = format!("{:032x}", rand::rng().random::<u128>());
        let data = folder.path().join("data");
        make_cluster(&initdb, &folder, &data, &password).await.map_err(start)?;
        let port = free_port().map_err(start)?;
        // All is said here: what the environment says of other servers does not matter.
        let url = format!("postgres://{SUPERUSER}:{password}@127.0.0.1:{port}/postgres?sslmode=disable");
        let mut args = vec!["-D".into(), data.into_os_string(), "-p".into(), port.to_string().into()];
        args.extend(SETTINGS.iter().flat_map(|setting| [OsString::from("-c"), OsString::from(*setting)]));
        let program = Program { name: SERVICE, binary: server, args, env: Vec::new(), end: End::Interrupt };
        let asked = url.clone();
        let server = Server::own(program, folder, move || answers(asked.clone())).await?;
        Ok(Self { url, server })
    }

    /// A server of one's own in a container, of the image that GOLDENPATH_IMAGE_POSTGRES names or `postgres:17`: what
    /// [`Postgres::own`] is where there is no local binary.
    ///
    /// # Errors
    /// [`ServiceError`] when no engine runs one.
    pub async fn in_container() -> Result<Self, ServiceError> {
        let password = format!("{:032x}", rand::rng().random::<u128>());
        let url = {
            let password = password.clone();
            move |port: u16| {
                format!("postgres://{SUPERUSER}:{password}@127.0.0.1:{port}/postgres?sslmode=disable")
            }
        };
        let mut command = vec!["postgres"];
        // Where it listens is the container's business.
        command.extend(SETTINGS[2..].iter().flat_map(|setting| ["-c", *setting]));
        let recipe = Recipe {
            name: SERVICE,
            image: "postgres:17",
            variable: "GOLDENPATH_IMAGE_POSTGRES",
            port: 5432,
            env: vec![("POSTGRES_USER", SUPERUSER.to_owned()), ("POSTGRES_PASSWORD", password)],
            command,
        };
        let asked = url.clone();
        let container = Container::start(recipe, move |port| answers(asked(port))).await?;
        Ok(Self { url: url(container.port()), server: Server::contained(SERVICE, container) })
    }

    /// A fresh, empty database.
    ///
    /// # Errors
    /// [`ServiceError::Refused`] when the server makes none.
    pub async fn database(&self) -> Result<Database, ServiceError> {
        let name = format!("goldenpath_test_{}", uuid::Uuid::now_v7().simple());
        let url = with_database(&self.url, &name)?;
        execute(&self.url, format!("CREATE DATABASE {name} TEMPLATE template0 ENCODING 'UTF8'")).await?;
        let server = self.server.is_given().then(|| self.url.clone());
        Ok(Database { name, url, server })
    }
}

impl Database {
    /// Where it is, with the password: for `--store`, not for messages.
    #[must_use]
    pub fn url(&self) -> &str {
        &self.url
    }

    /// Runs a statement in it, past every store: for what a test has to find or break there.
    ///
    /// # Errors
    /// [`ServiceError::Refused`] with what the server said.
    pub async fn execute(&self, statement: impl Into<String>) -> Result<(), ServiceError> {
        execute(&self.url, statement.into()).await
    }

    /// How many connections of others lead to it, those of a store above all.
    ///
    /// # Errors
    /// As [`Database::execute`].
    pub async fn connections(&self) -> Result<i64, ServiceError> {
        self.count_of_others("").await
    }

    /// How many of these are in the middle of something.
    ///
    /// # Errors
    /// As [`Database::execute`].
    pub async fn busy_connections(&self) -> Result<i64, ServiceError> {
        self.count_of_others("AND state <> 'idle'").await
    }

    async fn count_of_others(&self, which: &str) -> Result<i64, ServiceError> {
        self.number(format!(
            "SELECT count(*) FROM pg_stat_activity
             WHERE datname = current_database() AND application_name <> '{APPLICATION}' {which}"
        ))
        .await
    }

    /// The one number that a statement gives.
    ///
    /// # Errors
    /// As [`Database::execute`].
    pub async fn number(&self, statement: impl Into<String>) -> Result<i64, ServiceError> {
        let statement: String = statement.into();
        let refused = |why: sqlx::Error| refused("a number", &why);
        let mut connection = connect(&self.url).await.map_err(refused)?;
        let number = sqlx::query_scalar(sqlx::AssertSqlSafe(statement))
            .fetch_one(&mut connection)
            .await
            .map_err(refused)?;
        connection.close().await.map_err(refused)?;
        Ok(number)
    }
}

impl Drop for Database {
    fn drop(&mut self) {
        let Some(server) = self.server.take() else { return };
        let statement = format!("DROP DATABASE IF EXISTS {} WITH (FORCE)", self.name);
        // A thread of its own: the one that drops may be in the middle of a runtime, which must not be blocked by another.
        let removed = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
            let runtime = runtime.map_err(|why| refused_for("a runtime", why.to_string()))?;
            runtime.block_on(execute(&server, statement))
        });
        if let Ok(Err(why)) = removed.join() {
            eprintln!("failed to remove the database `{}`: {why}", self.name);
        }
    }
}

/// `initdb` and, beside it, `postgres`.
fn binaries() -> Result<(PathBuf, PathBuf), ServiceError> {
    let missing = |program| ServiceError::Missing {
        program,
        hint: "install PostgreSQL, on Debian: apt-get install postgresql; or start a container engine; or name a server in GOLDENPATH_TEST_POSTGRES_URL",
    };
    let initdb = find("initdb", &installed()).ok_or(missing("initdb"))?;
    let beside = initdb.parent().map(Path::to_owned).unwrap_or_default();
    let server = find("postgres", &[beside]).ok_or(missing("postgres"))?;
    Ok((initdb, server))
}

/// Where distributions put the programs that are not for everybody's `PATH`, newest first.
fn installed() -> Vec<PathBuf> {
    let mut versions: Vec<(u32, PathBuf)> = std::fs::read_dir("/usr/lib/postgresql")
        .into_iter()
        .flatten()
        .flatten()
        .filter_map(|entry| Some((entry.file_name().to_str()?.parse().ok()?, entry.path().join("bin"))))
        .collect();
    versions.sort();
    versions.into_iter().rev().map(|(_, bin)| bin).collect()
}

async fn make_cluster(initdb: &Path, folder: &Folder, data: &Path, password: &str) -> Result<(), String> {
    let file = folder.path().join("password");
    std::fs::write(&file, password).map_err(|why| why.to_string())?;
    // The folder is closed to others, so the file need not be.
    let mut command = Command::new(initdb);
    command.args(["--auth=scram-sha-256", "--encoding=UTF8", "--locale=C", "--no-sync", "--no-instructions"]);
    command.arg("-U").arg(SUPERUSER).arg("--pwfile").arg(&file).arg("-D").arg(data);
    folder.own(&mut command);
    let made = tokio::task::spawn_blocking(move || command.output());
    let made = made.await.map_err(|why| why.to_string())?.map_err(|why| format!("initdb: {why}"))?;
    std::fs::remove_file(&file).map_err(|why| why.to_string())?;
    if !made.status.success() {
        return Err(format!("initdb: {}", String::from_utf8_lossy(&made.stderr).trim()));
    }
    Ok(())
}

/// The same server, another database.
fn with_database(url: &str, name: &str) -> Result<String, ServiceError> {
    let (place, parameters) = url.split_once('?').unwrap_or((url, ""));
    let Some((scheme, rest)) = place.split_once("://") else {
        return Err(refused_for(
            "its URL",
            format!("{POSTGRES_URL} names no server (hint: postgres://USER@HOST)"),
        ));
    };
    let authority = rest.split('/').next().unwrap_or(rest);
    let mark = if parameters.is_empty() { "" } else { "?" };
    Ok(format!("{scheme}://{authority}/{name}{mark}{parameters}"))
}

async fn answers(url: String) -> Result<(), String> {
    connect(&url).await.map_err(|why| why.to_string())?.close().await.map_err(|why| why.to_string())
}

async fn connect(url: &str) -> Result<PgConnection, sqlx::Error> {
    let options = PgConnectOptions::from_str(url)?.application_name(APPLICATION).disable_statement_logging();
    let late = |_| sqlx::Error::Protocol(format!("no answer within {ANSWERS_WITHIN:?}"));
    tokio::time::timeout(ANSWERS_WITHIN, options.connect()).await.map_err(late)?
}

async fn execute(url: &str, statement: String) -> Result<(), ServiceError> {
    let refused = |why: sqlx::Error| refused("a statement", &why);
    let mut connection = connect(url).await.map_err(refused)?;
    // The names in it are our own.
    sqlx::raw_sql(sqlx::AssertSqlSafe(statement)).execute(&mut connection).await.map_err(refused)?;
    connection.close().await.map_err(refused)
}

fn refused(what: &'static str, why: &sqlx::Error) -> ServiceError {
    refused_for(what, why.to_string())
}

fn refused_for(what: &'static str, why: String) -> ServiceError {
    ServiceError::Refused { service: SERVICE, what, why }
}

#[cfg(test)]
mod tests {
    use super::with_database;

    #[test]
    fn another_database_of_the_same_server_has_the_same_address() {
        for (given, named) in [
            ("postgres://a:b@h:1/x?sslmode=disable", "postgres://a:b@h:1/new?sslmode=disable"),
            ("postgresql://a@h", "postgresql://a@h/new"),
            ("postgres://h/", "postgres://h/new"),
        ] {
            assert_eq!(with_database(given, "new").unwrap(), named);
        }
        with_database("h:1", "new").unwrap_err();
    }
}
