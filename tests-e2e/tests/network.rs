//! A network that misbehaves between the users and the backend: `goldenpath proxy`, a process of its own.

use crate::backend::Backend;
use crate::stand_in::Process;
use goldenpath_harness::Target;
use serde_json::Value;
use std::fs;
use tempfile::TempDir;

/// A way to the backend on which bytes suffer.
#[must_use = "the proxy ends when this is dropped"]
pub(crate) struct Network {
    _process: Process,
    address: String,
    folder: TempDir,
}

impl Network {
    /// Puts it in front of a backend: each toxic as the command line takes it, such as `latency=50:20`.
    pub(crate) async fn with(toxics: &[&str], backend: &Backend) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let receipts = folder.path().join("receipts.jsonl");
        let ca_file = backend.ca_file().map(|file| file.display().to_string());
        let (upstream, receipts) = (backend.target.ws().to_string(), receipts.display().to_string());
        let mut arguments = vec!["proxy", "--upstream", &upstream, "--receipts", &receipts];
        if let Some(file) = &ca_file {
            arguments.extend(["--ca-file", file]);
        }
        for toxic in toxics {
            arguments.extend(["--toxic", toxic]);
        }
        let (process, ready) = Process::goldenpath(&arguments, folder.path()).await;
        let address = ready["ws"].as_str().unwrap_or_else(|| panic!("no address: {ready}")).to_owned();
        Self { _process: process, address, folder }
    }

    /// The backend, over this network.
    pub(crate) fn target(&self) -> Target {
        Target::new(&self.address).unwrap()
    }

    /// What it did to the bytes so far, a document each.
    pub(crate) fn receipts(&self) -> Vec<Value> {
        let text = fs::read_to_string(self.folder.path().join("receipts.jsonl")).unwrap_or_default();
        text.lines().filter_map(|line| serde_json::from_str(line).ok()).collect()
    }
}
