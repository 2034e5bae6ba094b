//! What the nodes share: a database on Postgres, and a Redis.

use goldenpath_services::{Database, Postgres, Redis};

/// Servers of others, with what one stand-in keeps there.
#[must_use = "what was started ends when this is dropped"]
pub(crate) struct Servers {
    // Removed before its server is.
    database: Database,
    postgres: PostgresServer,
    redis: Redis,
}

/// Making one takes seconds, so whoever breaks none shares.
enum PostgresServer {
    Shared(&'static Postgres),
    Own(Box<Postgres>),
}

impl Servers {
    /// A database on the server that all tests of this process share, and a Redis.
    pub(super) async fn shared() -> Self {
        Self::on(PostgresServer::Shared(Postgres::shared().await.unwrap_or_else(|why| panic!("{why}")))).await
    }

    /// Servers that the test may pause, kill and start again.
    pub(super) async fn own() -> Self {
        Self::on(PostgresServer::Own(Box::new(Postgres::own().await.unwrap_or_else(|why| panic!("{why}")))))
            .await
    }

    async fn on(postgres: PostgresServer) -> Self {
        // It starts at once, and its names are those of users: each stand-in has the same.
        let redis = Redis::own().await.unwrap_or_else(|why| panic!("{why}"));
        let database = postgres.get().database().await.unwrap();
        Self { database, postgres, redis }
    }

    /// The database server: only one's own can be broken.
    pub(crate) fn postgres(&self) -> &Postgres {
        self.postgres.get()
    }

    /// The database of this stand-in.
    pub(crate) fn database(&self) -> &Database {
        &self.database
    }

    /// The event log of this stand-in.
    pub(crate) fn redis(&self) -> &Redis {
        &self.redis
    }
}

impl PostgresServer {
    fn get(&self) -> &Postgres {
        match self {
            Self::Shared(server) => server,
            Self::Own(server) => server,
        }
    }
}
