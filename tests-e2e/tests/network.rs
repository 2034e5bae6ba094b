//! A network that misbehaves between the users and the backend: `goldenpath proxy`, a process of its own.

use crate::backend::Backend;
use crate::stand_in::Command;
use goldenpath_harness::Target;
use goldenpath_services::{Process, free_port};
use serde_json::Value;
use std::fs;

/// Where the proxy keeps what it did, in its own folder.
const RECEIPTS: &str = "receipts.jsonl";

/// A way to the backend on which bytes suffer.
#[must_use = "the proxy ends when this is dropped"]
pub(crate) struct Network {
    command: Command,
    address: String,
}

impl Network {
    /// Puts it in front of a backend: each toxic as the command line takes it, such as `latency=50:20`.
    pub(crate) async fn with(toxics: &[&str], backend: &Backend) -> Self {
        let ca_file = backend.ca_file().map(|file| file.display().to_string());
        let upstream = backend.target.ws().to_string();
        // Whoever starts it again finds it where it was.
        let listen = format!("127.0.0.1:{}", free_port().unwrap());
        let mut arguments =
            vec!["proxy", "--listen", &listen, "--upstream", &upstream, "--receipts", RECEIPTS];
        if let Some(file) = &ca_file {
            arguments.extend(["--ca-file", file]);
        }
        for toxic in toxics {
            arguments.extend(["--toxic", toxic]);
        }
        let command = Command::start(&arguments, &[]).await;
        let ready = command.ready();
        let address = ready["ws"].as_str().unwrap_or_else(|| panic!("no address: {ready}")).to_owned();
        Self { command, address }
    }

    /// The backend, over this network.
    pub(crate) fn target(&self) -> Target {
        Target::new(&self.address).unwrap()
    }

    /// Its process: whoever pauses or kills it cuts the way.
    pub(crate) fn process(&self) -> &Process {
        self.command.process()
    }

    /// What it did to the bytes so far, a document each.
    pub(crate) fn receipts(&self) -> Vec<Value> {
        let text = fs::read_to_string(self.command.process().folder().join(RECEIPTS)).unwrap_or_default();
        text.lines().filter_map(|line| serde_json::from_str(line).ok()).collect()
    }
}
