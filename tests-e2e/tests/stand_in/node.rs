//! One node of the reference backend: `goldenpath serve`.

use super::process::Process;
use std::path::Path;

/// A node that listens.
pub(super) struct Node {
    process: Process,
    address: String,
}

impl Node {
    /// Starts it on a free port, with its data in a folder, and waits until it says where it listens.
    pub(super) async fn start(data: &Path) -> Self {
        let folder = data.to_str().expect("a folder for temporary files has a name in UTF-8");
        let arguments = ["serve", "--listen", "127.0.0.1:0", "--data-dir", folder];
        let (process, ready) = Process::goldenpath(&arguments, data).await;
        let address =
            ready["ws"].as_str().and_then(authority).unwrap_or_else(|| panic!("no address: {ready}"));
        Self { process, address: address.to_owned() }
    }

    /// Host and port.
    pub(super) fn address(&self) -> &str {
        &self.address
    }

    pub(super) fn pid(&self) -> u32 {
        self.process.pid()
    }
}

/// Host and port of an address.
fn authority(url: &str) -> Option<&str> {
    url.split_once("://")?.1.split('/').next()
}
