//! A proxy in front of any backend: it breaks what passes, by toxics (bytes) or by a fault (messages), and signs for what it did.
//!
//! Without either, opcode, payload, fragmentation, order and close codes pass unchanged; [`Plan::passthrough`] carries
//! bytes and looks at nothing.

mod asker;
mod desk;
mod event_stream;
mod frame;
mod heard;
mod http;
mod hub;
mod io;
mod pipe;
mod plan;
mod relay;
mod socket;
mod sse;
mod toxic;
mod upstream;

pub use plan::Plan;
pub use toxic::{TOXICS, ToxicError, ToxicInfo, ToxicSpec};

use crate::injector::Injector;
use desk::Desk;
use http::Front;
use hub::Hub;
use io::Socket;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use upstream::Upstream;

/// How many things may wait for the hub: then readers wait.
const TOLD: usize = 256;

/// How long to wait when no connection can be taken, as for want of descriptors.
const BREATH: Duration = Duration::from_millis(50);

/// A proxy that could not start.
#[derive(Debug, thiserror::Error)]
pub enum ProxyError {
    /// The backend's address is of no use.
    #[error("failed to read the backend's address `{url}`: {why}")]
    Upstream {
        /// The address.
        url: String,
        /// What is wrong with it.
        why: String,
    },
    /// TLS could not be set up.
    #[error("failed to set up TLS: {0}")]
    Tls(String),
    /// The listener is of no use.
    #[error("failed to listen: {0}")]
    Listener(#[from] std::io::Error),
}

/// A proxy at work. Dropping it ends its tasks; [`Proxy::stop`] also waits for them.
#[must_use = "it ends when it is dropped"]
pub struct Proxy {
    addr: SocketAddr,
    path: String,
    tasks: TaskTracker,
    stop: CancellationToken,
}

impl std::fmt::Debug for Proxy {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Proxy").field("addr", &self.addr).finish_non_exhaustive()
    }
}

impl Proxy {
    /// Starts one on a bound listener, in front of `upstream` (`ws`, `wss`, `http` or `https`; paths stay as clients ask for them).
    ///
    /// # Errors
    /// The address or the certificates are of no use.
    pub async fn start(listener: TcpListener, upstream: &str, plan: Plan) -> Result<Self, ProxyError> {
        let addr = listener.local_addr()?;
        let upstream = Upstream::new(upstream, plan.ca.as_deref(), !plan.passthrough)?;
        let (tasks, stop) = (TaskTracker::new(), CancellationToken::new());
        let proxy = Self { addr, path: upstream.path().to_owned(), tasks, stop };
        let desk = Arc::new(Desk::new(plan.seed, plan.on_receipt));
        if plan.passthrough {
            proxy.carry(listener, upstream, desk, plan.toxics);
            return Ok(proxy);
        }
        let hub = plan.fault.map(|(id, fault)| proxy.hub(&desk, Injector::with(id, fault)));
        let (tasks, stop) = (proxy.tasks.clone(), proxy.stop.clone());
        let front = Arc::new(Front { desk: desk.clone(), upstream, hub, tasks, stop });
        if plan.toxics.is_empty() {
            proxy.serve(listener, front);
        } else {
            // Toxics touch bytes: they stand in front of what reads messages.
            let inner = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
            let behind = Upstream::new(&format!("http://{}", inner.local_addr()?), None, false)?;
            proxy.serve(inner, front);
            proxy.carry(listener, behind, desk, plan.toxics);
        }
        Ok(proxy)
    }

    /// Where it listens.
    #[must_use]
    pub fn addr(&self) -> SocketAddr {
        self.addr
    }

    /// Its address in place of the backend's, with the backend's path.
    #[must_use]
    pub fn ws_url(&self) -> String {
        format!("ws://{}{}", self.addr, self.path)
    }

    /// Ends every connection and every task, and waits for them.
    pub async fn stop(self) {
        self.stop.cancel();
        self.tasks.close();
        self.tasks.wait().await;
    }

    fn spawn(&self, work: impl Future<Output = ()> + Send + 'static) {
        let stop = self.stop.clone();
        self.tasks.spawn(stop.run_until_cancelled_owned(work));
    }

    fn hub(&self, desk: &Arc<Desk>, injector: Injector<hub::Origin>) -> mpsc::Sender<hub::Input> {
        let (told, inputs) = mpsc::channel(TOLD);
        self.spawn(Hub::new(desk.clone(), injector).run(inputs));
        told
    }

    /// Serves HTTP to whoever connects.
    fn serve(&self, listener: TcpListener, front: Arc<Front>) {
        let (tasks, stop) = (self.tasks.clone(), self.stop.clone());
        self.spawn(accept(listener, move |stream| {
            let (front, stop) = (front.clone(), stop.clone());
            let serving = http::serve(front, Socket::new(stream));
            tasks.spawn(stop.run_until_cancelled_owned(serving));
        }));
    }

    /// Carries the bytes of whoever connects.
    fn carry(&self, listener: TcpListener, upstream: Upstream, desk: Arc<Desk>, toxics: Vec<ToxicSpec>) {
        let (tasks, stop) = (self.tasks.clone(), self.stop.clone());
        let shared = Arc::new((upstream, desk, toxics));
        self.spawn(accept(listener, move |stream| {
            let (shared, stop) = (shared.clone(), stop.clone());
            let carrying = async move {
                let (upstream, desk, toxics) = &*shared;
                let client = Socket::new(stream);
                match upstream.connect_tcp().await {
                    Ok(server) => pipe::pipe(desk, desk.next_conn(), toxics, client, server).await,
                    Err(why) => {
                        tracing::warn!(%why, "no connection to the backend");
                        client.ending().reset();
                    }
                }
            };
            tasks.spawn(stop.run_until_cancelled_owned(carrying));
        }));
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.stop.cancel();
        self.tasks.close();
    }
}

async fn accept(listener: TcpListener, take: impl Fn(TcpStream) + Send) {
    loop {
        match listener.accept().await {
            Ok((stream, _)) => take(stream),
            Err(why) => {
                tracing::warn!(%why, "failed to take a connection");
                tokio::time::sleep(BREATH).await;
            }
        }
    }
}
