//! A database under strain: statements that take long, and a server whose connections others hold.

use super::{APPLICATION, Database, connect, execute, refused};
use crate::ServiceError;
use sqlx::Connection as _;
use sqlx::postgres::PgConnection;
use std::fmt;
use std::time::Duration;
use tokio::time::Instant;

/// How long it may take until the connections of others are gone.
const CROWDED_WITHIN: Duration = Duration::from_secs(30);

/// Every connection that a server has, held by nobody who needs it.
#[must_use = "the connections are free again when this is dropped"]
pub struct Crowd(Vec<PgConnection>);

impl fmt::Debug for Crowd {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // By hand: a connection knows its password.
        f.debug_tuple("Crowd").field(&self.0.len()).finish()
    }
}

impl Crowd {
    /// Goes away, every connection in good order.
    ///
    /// # Errors
    /// [`ServiceError::Refused`] when the server is gone.
    pub async fn leave(self) -> Result<(), ServiceError> {
        for connection in self.0 {
            connection.close().await.map_err(|why| refused("an end", &why))?;
        }
        Ok(())
    }
}

impl Database {
    /// Every statement that writes into a table there is takes so long, however many rows and tables it writes.
    ///
    /// # Errors
    /// [`ServiceError::Refused`] with what the server said.
    pub async fn slow_down(&self, by: Duration) -> Result<(), ServiceError> {
        let seconds = by.as_secs_f64();
        self.before_each_write(&format!(
            "-- Once for each statement, also for one that writes several tables.
             IF current_setting('strain.at', true) IS DISTINCT FROM statement_timestamp()::text THEN
                 PERFORM set_config('strain.at', statement_timestamp()::text, false), pg_sleep({seconds});
             END IF;"
        ))
        .await?;
        // Table by table: whoever locked them all would wait for statements that wait for it.
        let all = "DO $$ DECLARE one regclass; BEGIN FOR one IN
                SELECT oid FROM pg_class WHERE relkind = 'r'
                AND relnamespace NOT IN ('pg_catalog'::regnamespace, 'information_schema'::regnamespace)
            LOOP
                EXECUTE format('CREATE OR REPLACE TRIGGER strain BEFORE INSERT OR UPDATE OR DELETE ON %s
                    FOR EACH STATEMENT EXECUTE FUNCTION public.strain()', one);
                COMMIT;
            END LOOP; END $$";
        execute(&self.url, all.to_owned()).await
    }

    /// Statements take as long as they need again.
    ///
    /// # Errors
    /// As [`Database::slow_down`].
    pub async fn speed_up(&self) -> Result<(), ServiceError> {
        self.before_each_write("").await
    }

    async fn before_each_write(&self, what: &str) -> Result<(), ServiceError> {
        let function = format!(
            "CREATE OR REPLACE FUNCTION public.strain() RETURNS trigger LANGUAGE plpgsql AS
             $$ BEGIN {what} RETURN NULL; END $$"
        );
        execute(&self.url, function).await
    }

    /// Takes every connection that the server has, those of others in this database too: they are ended, and whoever wants one is
    /// refused until the crowd leaves.
    ///
    /// # Errors
    /// [`ServiceError::Refused`] with what the server said, or when others still have connections after half a minute.
    pub async fn crowd_out(&self) -> Result<Crowd, ServiceError> {
        let mut held = vec![connect(&self.url).await.map_err(|why| refused("a connection", &why))?];
        let until = Instant::now() + CROWDED_WITHIN;
        loop {
            // Whatever the reason, there is no connection to be had.
            while let Ok(connection) = connect(&self.url).await {
                held.push(connection);
            }
            let ended: i64 = sqlx::query_scalar(sqlx::AssertSqlSafe(format!(
                "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity
                 WHERE datname = current_database() AND application_name <> '{APPLICATION}'"
            )))
            .fetch_one(&mut held[0])
            .await
            .map_err(|why| refused("an end of others", &why))?;
            if ended == 0 {
                return Ok(Crowd(held));
            }
            if Instant::now() >= until {
                return Err(super::refused_for("all connections", format!("{ended} are held by others")));
            }
        }
    }
}
