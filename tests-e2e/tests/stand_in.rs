//! What is driven where no backend is named: the reference backend as it runs in production, in processes of its own. A front that
//! ends TLS, behind it two nodes, behind them Postgres and Redis. For as long as one test needs it.

mod certificates;
mod command;
mod front;
mod node;
mod servers;

pub(crate) use certificates::Certificates;
pub(crate) use command::Command;
pub(crate) use node::{Node, NodeSettings};
pub(crate) use servers::Servers;

use front::Front;
use futures_util::future::join_all;
use goldenpath_harness::{Auth, MintSettings, Minter, Probe, Target};
use goldenpath_services::{Relay, embedded_alone};
use std::path::Path;
use std::time::Duration;
use tempfile::TempDir;
use tokio::time::Instant;

/// How long it may take until a request goes all the way, when every process is ready.
const START_UP: Duration = Duration::from_secs(20);

/// How many nodes there are.
const NODES: usize = 2;

/// The processes and their data. Dropping it ends the ones and removes the other.
#[must_use = "the processes end when this is dropped"]
pub(crate) struct StandIn {
    // In the order of their end: nobody is asked for what is gone.
    system: System,
    certificates: Certificates,
    secret: String,
    _data: TempDir,
}

/// Which processes there are.
enum System {
    /// The reference backend alone, one process, without what stands around it in production.
    Embedded(Box<Node>),
    /// All of it.
    Whole(Box<Whole>),
}

/// The processes of the whole system.
pub(crate) struct Whole {
    front: Front,
    /// The nodes, which the front gives users to in turn.
    pub(crate) nodes: Vec<Node>,
    /// What the nodes share.
    pub(crate) servers: Servers,
    /// The way from the first node to Redis, where the test wished for one that can be cut.
    pub(crate) relay: Option<Relay>,
}

/// What a test needs of its stand-in beyond any other.
#[derive(Debug, Clone, Default)]
pub(crate) struct Wishes {
    /// Whether it will break the servers that the nodes share.
    pub(crate) breaks_servers: bool,
    /// Whether the first node shall reach Redis by a way that can be cut.
    pub(crate) cuts_redis: bool,
    /// What makes nodes special: the first, the second; those not named are as usual.
    pub(crate) nodes: Vec<NodeSettings>,
}

impl StandIn {
    /// Starts everything on free ports and waits until a request goes all the way.
    pub(crate) async fn start(wishes: &Wishes) -> Self {
        let data = tempfile::tempdir().unwrap();
        let certificates = Certificates::make(data.path());
        let secret = format!("{:064x}", rand::random::<u128>());
        let env = [("GOLDENPATH_JWT_SECRET", secret.as_str())];
        let system = if embedded_alone().unwrap_or_else(|why| panic!("{why}")) {
            System::Embedded(Box::new(Node::start(&[], &env, &NodeSettings::default()).await))
        } else {
            System::Whole(Box::new(Whole::start(wishes, &certificates, &env).await))
        };
        let stand_in = Self { system, certificates, secret, _data: data };
        stand_in.wait_until_alive().await;
        stand_in
    }

    async fn wait_until_alive(&self) {
        let probe = Probe::new(&self.target()).unwrap();
        let until = Instant::now() + START_UP;
        loop {
            match probe.get("ready", None).await {
                Ok(answer) if answer.status == 200 => return,
                other => {
                    assert!(Instant::now() < until, "the stand-in is not ready: {other:?}");
                    tokio::time::sleep(Duration::from_millis(20)).await;
                }
            }
        }
    }

    /// Where it is, for those who trust its authority.
    pub(crate) fn target(&self) -> Target {
        match &self.system {
            System::Whole(whole) => {
                Target::new(&whole.front.address()).unwrap().with_ca_file(self.ca_file()).unwrap()
            }
            // One process is the whole backend: what it takes of the machine is what the backend takes.
            System::Embedded(node) => match node.process().pid() {
                Some(pid) => node.target().with_pid(pid),
                None => node.target(),
            },
        }
    }

    /// The file with its authority's certificate.
    pub(crate) fn ca_file(&self) -> &Path {
        self.certificates.authority()
    }

    /// Tokens signed with the key that all nodes know.
    pub(crate) fn auth(&self) -> Auth {
        Auth::mint(Minter::new(MintSettings::default(), self.secret.as_bytes()).unwrap())
    }

    /// The processes, to be broken one by one; `None` where the reference backend runs alone.
    pub(crate) fn whole(&self) -> Option<&Whole> {
        match &self.system {
            System::Whole(whole) => Some(whole),
            System::Embedded(_) => None,
        }
    }
}

impl Whole {
    async fn start(wishes: &Wishes, certificates: &Certificates, env: &[(&str, &str)]) -> Self {
        let servers = if wishes.breaks_servers { Servers::own().await } else { Servers::shared().await };
        let (relay, url) = match wishes.cuts_redis {
            true => servers.redis().by_relay().await.map(|(relay, url)| (Some(relay), url)).unwrap(),
            false => (None, servers.redis().url().to_owned()),
        };
        let starts = (0..NODES).map(async |n| {
            let log = if n == 0 { &url } else { servers.redis().url() };
            let own = wishes.nodes.get(n).cloned().unwrap_or_default();
            Node::start(&["--store", servers.database().url(), "--log", log], env, &own).await
        });
        let nodes = join_all(starts).await;
        let addresses: Vec<&str> = nodes.iter().map(Node::address).collect();
        let front = Front::start(certificates, &addresses).await;
        Self { front, nodes, servers, relay }
    }
}

mod tests;
