//! What a URL says about a server. A password in it shows up nowhere else.

use super::PostgresLimits;
use sqlx::ConnectOptions;
use sqlx::postgres::PgConnectOptions;
use std::str::FromStr;

/// What a URL may ask for after `?`. Another key is refused: it would be ignored, and written to the log with its value.
const PARAMETERS: &[&str] = &[
    "sslmode",
    "sslrootcert",
    "sslcert",
    "sslkey",
    "host",
    "hostaddr",
    "port",
    "dbname",
    "user",
    "password",
    "application_name",
    "options",
    "statement-cache-capacity",
];

/// How the server's own list of connections calls us, unless the URL says otherwise.
const APPLICATION: &str = "goldenpath";

/// How to connect to what `url` names.
pub(super) fn options(url: &str, limits: &PostgresLimits) -> Result<PgConnectOptions, String> {
    let rest = url
        .strip_prefix("postgres://")
        .or_else(|| url.strip_prefix("postgresql://"))
        .ok_or("it does not begin with `postgres://`")?;
    check(rest)?;
    let options = PgConnectOptions::from_str(url).map_err(|error| match error {
        sqlx::Error::Configuration(why) => why.to_string(),
        other => other.to_string(),
    })?;
    let timeout = limits.call.as_millis().to_string();
    let named = options.get_application_name().is_some();
    let options = if named { options } else { options.application_name(APPLICATION) };
    Ok(options.options([("statement_timeout", timeout.as_str())]).disable_statement_logging())
}

/// Refuses what would be read otherwise than it was meant: a password that is not written as URLs want it ends in the
/// names of host, database or parameters, and those are shown.
fn check(rest: &str) -> Result<(), String> {
    let authority = rest.split(['/', '?', '#']).next().unwrap_or(rest);
    let after = &rest[authority.len()..];
    if after.contains(['@', '#']) || authority.matches('@').count() > 1 {
        return Err(
            "`/`, `?`, `#` and `@` in a name or password are written %2F, %3F, %23 and %40".to_owned()
        );
    }
    let parameters = after.split_once('?').map_or("", |(_, parameters)| parameters);
    for key in parameters.split('&').filter(|pair| !pair.is_empty()).map(|pair| pair.split('=').next()) {
        let key = key.unwrap_or_default();
        if !PARAMETERS.contains(&key) && !key.starts_with("options[") {
            return Err(format!("`{key}` is no parameter (valid: {})", PARAMETERS.join(", ")));
        }
    }
    Ok(())
}

/// Host, port and database: enough to find it, nothing to get in.
pub(super) fn server_name(options: &PgConnectOptions) -> String {
    let database = options.get_database().unwrap_or(options.get_username());
    match options.get_socket() {
        Some(socket) => format!("{}/{database}", socket.display()),
        None => format!("{}:{}/{database}", options.get_host(), options.get_port()),
    }
}

#[cfg(test)]
mod tests {
    use super::{options, server_name};
    use crate::PostgresLimits;

    fn parse(url: &str) -> Result<String, String> {
        options(url, &PostgresLimits::default()).map(|options| server_name(&options))
    }

    #[test]
    fn a_server_is_named_without_user_and_password() {
        let named = parse("postgres://alice:s3cret%40@db.example:6543/runs?sslmode=require").unwrap();
        assert_eq!(named, "db.example:6543/runs");
        assert_eq!(parse("postgresql://alice@[::1]:1/runs").unwrap(), "[::1]:1/runs");
    }

    #[test]
    fn a_statement_ends_with_its_call() {
        let options = options("postgres://a@b/c", &PostgresLimits::default()).unwrap();
        assert!(options.get_options().unwrap().contains("statement_timeout=5000"), "{options:?}");
        assert_eq!(options.get_application_name(), Some("goldenpath"));
    }

    #[test]
    fn a_password_that_is_not_escaped_is_refused_and_not_shown() {
        for url in [
            "postgres://alice:s3/cret@db/runs",
            "postgres://alice:s3?cret@db/runs",
            "postgres://alice:s3#cret@db/runs",
            "postgres://alice:s3@cret@db/runs",
            "postgres://alice:17/cret@db/runs",
            "postgres://alice:17#cret",
        ] {
            let why = parse(url).unwrap_err();
            assert!(why.contains("%40") && !why.contains("cret"), "{why}");
        }
    }

    #[test]
    fn an_unknown_parameter_is_named_without_its_value() {
        let why = parse("postgres://alice@db/runs?sslmode=disable&pasword=s3cret").unwrap_err();
        assert!(why.contains("`pasword`") && why.contains("sslmode") && !why.contains("s3cret"), "{why}");
    }

    #[test]
    fn what_is_no_url_is_refused() {
        for url in ["", "postgres", "postgres:", "postgres:runs", "mysql://a@b/c", "postgres://a@b:port/c"] {
            parse(url).expect_err(url);
        }
    }
}
