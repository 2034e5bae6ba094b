//! What a server does in one step.

use crate::{Link, Trouble};
use redis::{Cmd, FromRedisValue, cmd};

/// A script, known to the server by the hash of its code.
#[derive(Debug)]
pub struct Script {
    code: String,
    sha: String,
}

impl Script {
    /// A script of this code (Lua).
    #[must_use]
    pub fn new(code: &str) -> Self {
        let sha = redis::Script::new(code).get_hash().to_owned();
        Self { code: code.to_owned(), sha }
    }

    /// A call of it, without its keys and arguments.
    #[must_use]
    pub fn call(&self) -> Cmd {
        let mut call = cmd("EVALSHA");
        call.arg(&self.sha);
        call
    }

    /// Runs a call of it; tells the server the script when it does not know it.
    pub async fn run<T: FromRedisValue>(&self, link: &Link, call: &Cmd) -> Result<T, Trouble> {
        match link.query(call).await {
            Err(Trouble::NoScript) => {
                self.load(link).await?;
                link.query(call).await
            }
            answered => answered,
        }
    }

    /// Tells the server the script.
    pub async fn load(&self, link: &Link) -> Result<(), Trouble> {
        let _: String = link.query(cmd("SCRIPT").arg("LOAD").arg(&self.code)).await?;
        Ok(())
    }
}
