//! What the server does in one step each.

use super::link::Link;
use super::trouble::Trouble;
use redis::{Cmd, FromRedisValue, cmd};

/// A script, which begins by opening the user's stream.
#[derive(Debug)]
pub(super) struct Script {
    code: String,
    sha: String,
}

/// All of them.
#[derive(Debug)]
pub(super) struct Scripts {
    pub(super) append: Script,
    pub(super) head: Script,
    pub(super) read: Script,
    pub(super) acknowledge: Script,
    pub(super) acknowledged: Script,
}

impl Script {
    fn new(body: &str) -> Self {
        let code = format!("{}\n{body}", include_str!("stream.lua"));
        let sha = redis::Script::new(&code).get_hash().to_owned();
        Self { code, sha }
    }

    /// A call of it, without its keys and arguments.
    pub(super) fn call(&self) -> Cmd {
        let mut call = cmd("EVALSHA");
        call.arg(&self.sha);
        call
    }

    /// Runs a call of it; tells the server the script when it does not know it.
    pub(super) async fn run<T: FromRedisValue>(&self, link: &Link, call: &Cmd) -> Result<T, Trouble> {
        match link.query(call).await {
            Err(Trouble::NoScript) => {
                self.load(link).await?;
                link.query(call).await
            }
            answered => answered,
        }
    }

    /// Tells the server the script.
    pub(super) async fn load(&self, link: &Link) -> Result<(), Trouble> {
        let _: String = link.query(cmd("SCRIPT").arg("LOAD").arg(&self.code)).await?;
        Ok(())
    }
}

impl Scripts {
    pub(super) fn new() -> Self {
        Self {
            append: Script::new(include_str!("append.lua")),
            head: Script::new(include_str!("head.lua")),
            read: Script::new(include_str!("read.lua")),
            acknowledge: Script::new(include_str!("acknowledge.lua")),
            acknowledged: Script::new(include_str!("acknowledged.lua")),
        }
    }
}
