//! A node as a process of its own: `goldenpath serve` over a given Postgres and Redis.

use super::Outcome;
use goldenpath_harness::Target;
use serde_json::Value;
use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};

/// What nodes have in common.
pub(crate) struct System<'a> {
    pub(crate) store: &'a str,
    pub(crate) log: &'a str,
    pub(crate) secret: &'a str,
    pub(crate) folder: &'a Path,
}

/// A running node. It is killed when this is dropped.
#[derive(Debug)]
pub(crate) struct Node {
    process: Child,
    url: String,
}

impl Node {
    /// Starts one and waits until it says that it is ready.
    pub(crate) fn start(system: &System<'_>, name: &str) -> Outcome<Self> {
        let mut process = Command::new(env!("CARGO_BIN_EXE_goldenpath"))
            .args(["serve", "--listen", "127.0.0.1:0", "--store", system.store, "--log", system.log])
            .arg("--data-dir")
            .arg(system.folder.join(name))
            .env("GOLDENPATH_JWT_SECRET", system.secret)
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()?;
        let mut said = String::new();
        let out = process.stdout.take().ok_or("a node without an output")?;
        BufReader::new(out).read_line(&mut said)?;
        let ready: Value = serde_json::from_str(&said)
            .map_err(|why| format!("a node said `{}` instead of being ready: {why}", said.trim()))?;
        let url = ready["ws"].as_str().ok_or("a node told no address")?.to_owned();
        Ok(Self { process, url })
    }

    pub(crate) fn target(&self) -> Outcome<Target> {
        Ok(Target::new(&self.url)?)
    }

    pub(crate) fn pid(&self) -> u32 {
        self.process.id()
    }

    /// Kills it without a word.
    pub(crate) fn kill(&mut self) -> Outcome<()> {
        self.process.kill()?;
        self.process.wait()?;
        Ok(())
    }
}

impl Drop for Node {
    fn drop(&mut self) {
        // One that was killed has ended already.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}
