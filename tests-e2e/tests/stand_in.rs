//! What is driven where no backend is named: the reference backend as people run it, in processes of its own, behind a front that
//! ends TLS. For as long as one test needs it.

mod certificates;
mod front;
mod node;
mod process;

pub(crate) use certificates::Certificates;
pub(crate) use process::Process;

use front::Front;
use goldenpath_harness::{Auth, MintSettings, Minter, Probe, Target};
use node::Node;
use std::path::Path;
use std::time::Duration;
use tempfile::TempDir;
use tokio::time::Instant;

/// How long each process may take until it answers.
const START_UP: Duration = Duration::from_secs(20);

/// The processes and their data. Dropping it kills the ones and removes the other.
#[must_use = "the processes end when this is dropped"]
pub(crate) struct StandIn {
    // In the order of their end: nobody is asked for what is gone.
    front: Option<Front>,
    node: Node,
    certificates: Certificates,
    data: TempDir,
}

/// Whether the reference backend alone is to be driven, without what stands around it in production.
fn embedded() -> bool {
    match std::env::var("GOLDENPATH_SERVICES").as_deref() {
        Ok("embedded") => true,
        Err(_) | Ok("") => false,
        Ok(other) => panic!("`GOLDENPATH_SERVICES` is `{other}`; valid is `embedded`, or nothing"),
    }
}

impl StandIn {
    /// Starts everything on free ports and waits until a request goes all the way.
    pub(crate) async fn start() -> Self {
        let data = tempfile::tempdir().unwrap();
        let node = Node::start(data.path()).await;
        let certificates = Certificates::make(data.path());
        let front = (!embedded()).then(|| Front::start(data.path(), &certificates, &[node.address()]));
        let stand_in = Self { front, node, certificates, data };
        stand_in.wait_until_alive().await;
        stand_in
    }

    async fn wait_until_alive(&self) {
        let probe = Probe::new(&self.target()).unwrap();
        let until = Instant::now() + START_UP;
        loop {
            match probe.get("health", None).await {
                Ok(answer) if answer.status == 200 => return,
                other => {
                    assert!(
                        Instant::now() < until,
                        "the stand-in is not alive: {other:?}; its front says: {:?}",
                        self.front.as_ref().map(Front::said)
                    );
                    tokio::time::sleep(Duration::from_millis(20)).await;
                }
            }
        }
    }

    /// Where it is, for those who trust its authority.
    pub(crate) fn target(&self) -> Target {
        let target = match &self.front {
            Some(front) => Target::new(&front.address()).unwrap().with_ca_file(self.ca_file()).unwrap(),
            None => Target::new(&format!("ws://{}/ws", self.node.address())).unwrap(),
        };
        target.with_pid(self.node.pid())
    }

    /// The file with its authority's certificate.
    pub(crate) fn ca_file(&self) -> &Path {
        self.certificates.authority()
    }

    /// Tokens signed with the key that the node made for itself.
    pub(crate) fn auth(&self) -> Auth {
        let key = std::fs::read(self.data.path().join("dev-secret")).unwrap();
        Auth::mint(Minter::new(MintSettings::default(), key.trim_ascii()).unwrap())
    }
}
