//! Redis for tests: a given server, or one of the tests' own; names of their own for whoever asks.

use crate::ServiceError;
use crate::container::{Container, Recipe, engine_answers};
use crate::process::{End, Folder, Program, find, free_port};
use crate::relay::Relay;
use crate::server::Server;
use ::redis::{AsyncConnectionConfig, Client, FromRedisValue};
use std::ffi::OsString;
use std::ops::Deref;
use std::time::Duration;
use tokio::sync::OnceCell;
use url::Url;

/// Names a server for tests. They write under names of their own and leave what expires in a quarter of an hour.
pub const REDIS_URL: &str = "GOLDENPATH_TEST_REDIS_URL";

const SERVICE: &str = "Redis";

/// Longest wait for one answer of a server that is up.
const ANSWERS_WITHIN: Duration = Duration::from_secs(30);

static SHARED: OnceCell<Redis> = OnceCell::const_new();

/// A Redis server.
#[derive(Debug)]
#[must_use = "a server of one's own ends when this is dropped"]
pub struct Redis {
    url: String,
    server: Server,
}

/// What a server of one's own keeps when it ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Keeps {
    Nothing,
    Everything,
}

/// What every server can be told.
impl Deref for Redis {
    type Target = Server;

    fn deref(&self) -> &Server {
        &self.server
    }
}

impl Redis {
    /// The server that all tests of this process may share: the one that [`REDIS_URL`] names, else one of their own.
    ///
    /// # Errors
    /// [`ServiceError`] when there is none to be had, with what to install.
    pub async fn shared() -> Result<&'static Self, ServiceError> {
        SHARED
            .get_or_try_init(async || match std::env::var(REDIS_URL) {
                Ok(url) if !url.is_empty() => Ok(Self { url, server: Server::given(SERVICE) }),
                _ => Self::own().await,
            })
            .await
    }

    /// A server of one's own, from a local binary, to be emptied, paused and killed; what it held ends with it.
    ///
    /// # Errors
    /// [`ServiceError`] when there is no binary, with what to install, or when it does not start.
    pub async fn own() -> Result<Self, ServiceError> {
        Self::keeping(Keeps::Nothing).await
    }

    /// As [`Redis::own`], but it comes back with all that it held, also after it was killed.
    ///
    /// # Errors
    /// As [`Redis::own`].
    pub async fn lasting() -> Result<Self, ServiceError> {
        Self::keeping(Keeps::Everything).await
    }

    async fn keeping(keeps: Keeps) -> Result<Self, ServiceError> {
        let start = |why: String| ServiceError::Start { service: SERVICE, why };
        let found = find("redis-server", &[]);
        if found.is_none() && engine_answers() {
            return Self::contained(keeps).await;
        }
        let binary = found.ok_or(ServiceError::Missing {
            program: "redis-server",
            hint: "install Redis 7 or newer, on Debian: apt-get install redis-server; or start a container engine; or name a server in \
                   GOLDENPATH_TEST_REDIS_URL",
        })?;
        let folder = Folder::create(&["redis", "nobody"]).map_err(|why| start(why.to_string()))?;
        let port = free_port().map_err(start)?;
        let url = format!("redis://127.0.0.1:{port}/0");
        let port = port.to_string();
        let mut args = vec!["--bind", "127.0.0.1", "--port", &port, "--save", "", "--maxclients", "1000"];
        if keeps == Keeps::Everything {
            // Written before it is answered: the system lives on when the server is killed, so no disk need be waited for.
            args.extend(["--appendonly", "yes", "--appendfsync", "no"]);
        }
        let args = args.into_iter().map(OsString::from).collect();
        let program = Program { name: SERVICE, binary, args, env: Vec::new(), end: End::Terminate };
        let asked = url.clone();
        let server = Server::own(program, folder, move || answers(asked.clone())).await?;
        Ok(Self { url, server })
    }

    /// A server of one's own in a container, of the image that GOLDENPATH_IMAGE_REDIS names or `redis:7`: what [`Redis::lasting`] is
    /// where there is no local binary.
    ///
    /// # Errors
    /// [`ServiceError`] when no engine runs one.
    pub async fn in_container() -> Result<Self, ServiceError> {
        Self::contained(Keeps::Everything).await
    }

    async fn contained(keeps: Keeps) -> Result<Self, ServiceError> {
        // Only loopback leads to it.
        let mut command =
            vec!["redis-server", "--protected-mode", "no", "--save", "", "--maxclients", "1000"];
        if keeps == Keeps::Everything {
            command.extend(["--appendonly", "yes", "--appendfsync", "no"]);
        }
        let (image, variable) = ("redis:7", "GOLDENPATH_IMAGE_REDIS");
        let recipe = Recipe { name: SERVICE, image, variable, port: 6379, env: Vec::new(), command };
        let url = |port: u16| format!("redis://127.0.0.1:{port}/0");
        let container = Container::start(recipe, move |port| answers(url(port))).await?;
        Ok(Self { url: url(container.port()), server: Server::contained(SERVICE, container) })
    }

    /// Where it is, perhaps with a password: for `--log`, not for messages.
    #[must_use]
    pub fn url(&self) -> &str {
        &self.url
    }

    /// Another way to it, that can be cut; with the URL by which it leads here.
    ///
    /// # Errors
    /// [`ServiceError`] when its address is none, or the way cannot begin.
    pub async fn by_relay(&self) -> Result<(Relay, String), ServiceError> {
        let unusable = |why: &str| ServiceError::Refused {
            service: SERVICE,
            what: "another way to it",
            why: why.to_owned(),
        };
        let mut url = Url::parse(&self.url).map_err(|why| unusable(&why.to_string()))?;
        let host = url.host_str().ok_or_else(|| unusable("its URL names no host"))?;
        let relay = Relay::to(&format!("{host}:{}", url.port().unwrap_or(6_379))).await?;
        url.set_ip_host(relay.address().ip()).map_err(|()| unusable("its host cannot be changed"))?;
        url.set_port(Some(relay.address().port())).map_err(|()| unusable("its port cannot be changed"))?;
        Ok((relay, url.into()))
    }

    /// What nobody else's keys begin with.
    #[must_use]
    pub fn fresh_prefix() -> String {
        format!("goldenpath-test-{}", uuid::Uuid::now_v7().simple())
    }

    /// Tells it one command, past every log: for what a test has to find or break there.
    ///
    /// # Errors
    /// [`ServiceError::Refused`] with what the server said.
    pub async fn command<T: FromRedisValue>(&self, words: &[&str]) -> Result<T, ServiceError> {
        ask(&self.url, words).await.map_err(|why| ServiceError::Refused {
            service: SERVICE,
            what: "a command",
            why,
        })
    }
}

async fn answers(url: String) -> Result<(), String> {
    let _: String = ask(&url, &["PING"]).await?;
    Ok(())
}

async fn ask<T: FromRedisValue>(url: &str, words: &[&str]) -> Result<T, String> {
    let asked = async {
        let client = Client::open(url)?;
        // Ours is around all of it; the client's own half a second is not enough for a busy machine.
        let config = AsyncConnectionConfig::new().set_response_timeout(None).set_connection_timeout(None);
        let mut connection = client.get_multiplexed_async_connection_with_config(&config).await?;
        let mut command = ::redis::Cmd::new();
        command.arg(words);
        command.query_async(&mut connection).await
    };
    let answer = tokio::time::timeout(ANSWERS_WITHIN, asked).await;
    let answer = answer.map_err(|_| format!("no answer within {ANSWERS_WITHIN:?}"))?;
    answer.map_err(|why: ::redis::RedisError| why.to_string())
}
