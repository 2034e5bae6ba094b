//! The words at which the inside of a machine may show.

/// How what stands at an anchor is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Reading {
    /// The words alone are proof.
    Trace,
    /// `at f (file.js:10:3)`: a frame of a stack.
    Frame,
    /// `goroutine 7 [running]`.
    Goroutine,
    /// `panicked at src/main.rs:10`: a place in a source.
    Panic,
    /// `java.lang.IllegalStateException: …`: the name of what was thrown, and what it says.
    Thrown,
    /// `…/node_modules/…`: a directory below others.
    Inside,
    /// A path below a directory of people: three parts are proof.
    Home,
    /// A path of a machine: proof when it names a source or a secret file.
    Path,
    /// A prefix of a key: so many characters of it are proof.
    Key(usize),
    /// A web token: three parts.
    Jwt,
    /// A member with this name that holds a text.
    Member,
    /// An address that holds a password.
    Address,
    /// What a recorder wrote in the place of a secret.
    Hidden,
}

use Reading::{
    Address, Frame, Goroutine, Hidden, Home, Inside, Jwt, Key, Member, Panic, Path, Thrown, Trace,
};

/// Where to look, and how.
pub(super) const ANCHORS: &[(&str, Reading)] = &[
    ("«redacted ", Hidden),
    ("Traceback (most recent call last)", Trace),
    ("panicked at ", Panic),
    ("stack backtrace:", Trace),
    ("run with `RUST_BACKTRACE", Trace),
    ("Exception in thread \\\"", Trace),
    ("goroutine ", Goroutine),
    ("java.lang.", Thrown),
    ("org.springframework.", Thrown),
    ("System.NullReferenceException", Trace),
    ("sqlalchemy.exc.", Trace),
    ("psycopg2.", Thrown),
    ("SQLSTATE[", Trace),
    ("/site-packages/", Inside),
    ("/node_modules/", Inside),
    ("/rustc/", Trace),
    (".cargo/registry/", Trace),
    ("-----BEGIN RSA PRIVATE KEY", Trace),
    ("-----BEGIN PRIVATE KEY", Trace),
    ("-----BEGIN EC PRIVATE KEY", Trace),
    ("-----BEGIN OPENSSH PRIVATE KEY", Trace),
    (" at ", Frame),
    ("File \\\"/", Trace),
    ("/home/", Home),
    ("/root/", Home),
    ("/Users/", Home),
    ("C:\\\\Users\\\\", Trace),
    ("/app/", Path),
    ("/srv/", Path),
    ("/opt/", Path),
    ("/usr/", Path),
    ("/var/", Path),
    ("/etc/", Path),
    ("/tmp/", Path),
    ("/workspace/", Path),
    ("sk-", Key(20)),
    ("sk_live_", Key(12)),
    ("sk_test_", Key(12)),
    ("AKIA", Key(16)),
    ("ASIA", Key(16)),
    ("AIza", Key(30)),
    ("ghp_", Key(30)),
    ("gho_", Key(30)),
    ("github_pat_", Key(20)),
    ("glpat-", Key(16)),
    ("xoxb-", Key(20)),
    ("xoxp-", Key(20)),
    ("Bearer ", Key(20)),
    ("eyJ", Jwt),
    ("api_key", Member),
    ("apikey", Member),
    ("apiKey", Member),
    ("api-key", Member),
    ("secret_key", Member),
    ("secretKey", Member),
    ("secret_access_key", Member),
    ("secretAccessKey", Member),
    ("client_secret", Member),
    ("access_token", Member),
    ("accessToken", Member),
    ("refresh_token", Member),
    ("private_key", Member),
    ("password", Member),
    ("passwd", Member),
    ("\"secret", Member),
    ("\"token", Member),
    ("\"authorization", Member),
    ("\"Authorization", Member),
    ("postgres://", Address),
    ("postgresql://", Address),
    ("mysql://", Address),
    ("mongodb://", Address),
    ("mongodb+srv://", Address),
    ("redis://", Address),
    ("amqp://", Address),
];

/// Anchors that are searched one by one: three bytes tell much less than the four of a piece, and a rare letter needs no company.
pub(super) const SHORT: &[&str] = &["sk-", "eyJ", "«redacted"];

/// Pieces of which every other anchor holds one, few enough to be searched all at once. The blanks around `at` are as they
/// stand before a frame of a stack at the start of a line.
pub(super) const PIECES: &[&str] = &[
    "Traceback (",
    "panicked at ",
    "stack backtrace:",
    "RUST_BACKTRACE",
    "Exception in thread",
    "goroutine ",
    "java.",
    "javax.",
    "org.",
    "System.NullRef",
    "sqlalchemy.exc.",
    "psycopg2.",
    "SQLSTATE[",
    "site-packages/",
    "node_modules/",
    "/rustc/",
    ".cargo/registry/",
    "-----BEGIN ",
    "  at ",
    "\\n at ",
    "\\t at ",
    "File \\\"/",
    "/home/",
    "/root/",
    "/Users/",
    "C:\\\\Users",
    "/app/",
    "/srv/",
    "/opt/",
    "/usr/",
    "/var/",
    "/etc/",
    "/tmp/",
    "/workspace/",
    "sk_live_",
    "sk_test_",
    "AKIA",
    "ASIA",
    "AIza",
    "ghp_",
    "gho_",
    "github_pat_",
    "glpat-",
    "xoxb-",
    "xoxp-",
    "Bearer ",
    "api_key",
    "apikey",
    "apiKey",
    "api-key",
    "secret",
    "access_token",
    "accessToken",
    "refresh_token",
    "private_key",
    "passw",
    "\"token",
    "\"authorization",
    "\"Authorization",
    "sql://",
    "postgres://",
    "mongodb",
    "redis://",
    "amqp://",
];

/// Endings of files that no user should hear of.
pub(super) const FILES: &[&str] = &[
    "c", "cc", "cfg", "conf", "cpp", "cs", "db", "env", "go", "ini", "java", "js", "key", "kt", "lock",
    "log", "mjs", "pem", "php", "py", "pyc", "rb", "rs", "scala", "sh", "so", "sock", "sqlite", "sqlite3",
    "toml", "ts", "tsx", "yaml", "yml",
];
