//! A way to a server that can be cut and healed, as networks are: what is under way waits, nobody is told.

use crate::ServiceError;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::{JoinHandle, JoinSet};

/// Read at once, bytes.
const PIECE: usize = 16 * 1024;

/// Carries bytes between whoever connects to it and one server.
#[derive(Debug)]
#[must_use = "the way is gone when this is dropped"]
pub struct Relay {
    address: SocketAddr,
    open: watch::Sender<bool>,
    held_up: Arc<AtomicU64>,
    task: JoinHandle<()>,
}

impl Relay {
    /// Leads to `server`, host and port, from a free port.
    ///
    /// # Errors
    /// [`ServiceError::Start`] when there is none.
    pub async fn to(server: &str) -> Result<Self, ServiceError> {
        let start = |why: std::io::Error| ServiceError::Start { service: "a relay", why: why.to_string() };
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.map_err(start)?;
        let address = listener.local_addr().map_err(start)?;
        let (open, held_up) = (watch::Sender::new(true), Arc::new(AtomicU64::new(0)));
        let task =
            tokio::spawn(carry_all(listener, server.to_owned(), open.subscribe(), Arc::clone(&held_up)));
        Ok(Self { address, open, held_up, task })
    }

    /// Where it begins, host and port.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// From now on nothing passes, either way; connections stay, and new ones get no answer.
    pub fn cut(&self) {
        self.open.send_replace(false);
    }

    /// What was held up goes on, and everything passes again.
    pub fn heal(&self) {
        self.open.send_replace(true);
    }

    /// How often something was held up so far.
    #[must_use]
    pub fn held_up(&self) -> u64 {
        self.held_up.load(Ordering::Relaxed)
    }
}

impl Drop for Relay {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// Serves everybody, until it is aborted, and all its connections with it.
async fn carry_all(
    listener: TcpListener,
    server: String,
    open: watch::Receiver<bool>,
    held_up: Arc<AtomicU64>,
) {
    let mut carried = JoinSet::new();
    loop {
        // Those that ended are forgotten.
        while carried.try_join_next().is_some() {}
        let Ok((near, _)) = listener.accept().await else { continue };
        let _ = carried.spawn(carry(near, server.clone(), open.clone(), Arc::clone(&held_up)));
    }
}

async fn carry(near: TcpStream, server: String, mut open: watch::Receiver<bool>, held_up: Arc<AtomicU64>) {
    wait_until_open(&mut open, &held_up).await;
    let Ok(far) = TcpStream::connect(&server).await else { return };
    // Without it the way works, only slower.
    let _ = (near.set_nodelay(true), far.set_nodelay(true));
    let ((from_near, to_near), (from_far, to_far)) = (near.into_split(), far.into_split());
    let there = pass(from_near, to_far, open.clone(), &held_up);
    let back = pass(from_far, to_near, open, &held_up);
    tokio::join!(there, back);
}

/// Passes bytes, and their end, one way.
async fn pass(
    mut from: impl AsyncRead + Unpin,
    mut to: impl AsyncWrite + Unpin,
    mut open: watch::Receiver<bool>,
    held_up: &AtomicU64,
) {
    let mut piece = vec![0; PIECE];
    loop {
        let read = from.read(&mut piece).await.unwrap_or(0);
        wait_until_open(&mut open, held_up).await;
        if read == 0 || to.write_all(&piece[..read]).await.is_err() {
            break;
        }
    }
    // The other side may be gone already.
    let _ = to.shutdown().await;
}

async fn wait_until_open(open: &mut watch::Receiver<bool>, held_up: &AtomicU64) {
    if !*open.borrow() {
        held_up.fetch_add(1, Ordering::Relaxed);
    }
    // Fails when the relay is gone; then this is aborted.
    let _ = open.wait_for(|open| *open).await;
}

#[cfg(test)]
mod tests {
    use super::Relay;
    use std::time::Duration;
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    use tokio::net::{TcpListener, TcpStream};

    /// Far longer than loopback takes, and short: it is waited for whenever nothing comes, as it must.
    const SILENCE: Duration = Duration::from_millis(200);
    const SOON: Duration = Duration::from_secs(10);

    #[tokio::test]
    async fn what_is_held_up_goes_on_when_the_way_is_healed() {
        let server = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let relay = Relay::to(&server.local_addr().unwrap().to_string()).await.unwrap();
        let mut near = TcpStream::connect(relay.address()).await.unwrap();
        let (mut far, _) = server.accept().await.unwrap();
        near.write_all(b"one").await.unwrap();
        let mut heard = [0; 3];
        far.read_exact(&mut heard).await.unwrap();
        assert_eq!((&heard, relay.held_up()), (b"one", 0));

        relay.cut();
        near.write_all(b"two").await.unwrap();
        far.write_all(b"TWO").await.unwrap();
        let mut late = TcpStream::connect(relay.address()).await.unwrap();
        late.write_all(b"new").await.unwrap();
        let mut answer = [0; 3];
        tokio::time::timeout(SILENCE, far.read_exact(&mut heard)).await.unwrap_err();
        tokio::time::timeout(SILENCE, near.read_exact(&mut answer)).await.unwrap_err();
        tokio::time::timeout(SILENCE, server.accept()).await.unwrap_err();
        assert!(relay.held_up() >= 3, "{}", relay.held_up());

        relay.heal();
        tokio::time::timeout(SOON, far.read_exact(&mut heard)).await.unwrap().unwrap();
        tokio::time::timeout(SOON, near.read_exact(&mut answer)).await.unwrap().unwrap();
        assert_eq!((&heard, &answer), (b"two", b"TWO"));
        let (mut far, _) = tokio::time::timeout(SOON, server.accept()).await.unwrap().unwrap();
        tokio::time::timeout(SOON, far.read_exact(&mut heard)).await.unwrap().unwrap();
        assert_eq!(&heard, b"new");
    }
}
