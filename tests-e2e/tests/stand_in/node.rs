//! One node of the reference backend: `goldenpath serve`.

use super::command::Command;
use goldenpath_harness::Target;
use goldenpath_services::{Process, free_port};

/// A node that listens at one address, however often it is started again.
#[must_use = "the node ends when this is dropped"]
pub(crate) struct Node {
    command: Command,
    address: String,
}

/// What makes a node another than its neighbours.
#[derive(Debug, Clone, Default)]
pub(crate) struct NodeSettings {
    /// What stands in its environment, such as another clock's `LD_PRELOAD`.
    pub(crate) env: Vec<(String, String)>,
    /// What is said to `goldenpath serve` beside where its parts are.
    pub(crate) arguments: Vec<String>,
}

impl Node {
    /// Starts it with these arguments, and waits until it is ready.
    pub(super) async fn start(arguments: &[&str], env: &[(&str, &str)], own: &NodeSettings) -> Self {
        let address = format!("127.0.0.1:{}", free_port().unwrap());
        // A folder that lasts as long as the node is wherever it is started.
        let mut all = vec!["serve", "--listen", &address, "--data-dir", "data"];
        all.extend(arguments);
        all.extend(own.arguments.iter().map(String::as_str));
        let own_env = own.env.iter().map(|(name, value)| (name.as_str(), value.as_str()));
        let env: Vec<(&str, &str)> = env.iter().copied().chain(own_env).collect();
        let command = Command::start(&all, &env).await;
        Self { command, address }
    }

    /// Host and port.
    pub(crate) fn address(&self) -> &str {
        &self.address
    }

    /// This node alone, past the front.
    pub(crate) fn target(&self) -> Target {
        Target::new(&format!("ws://{}/ws", self.address)).unwrap()
    }

    /// Its process: `pause` and `resume` it, `kill` or `terminate` it, `start_again` where the front looks for it.
    pub(crate) fn process(&self) -> &Process {
        self.command.process()
    }
}
