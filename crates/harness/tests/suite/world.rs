//! A server for one connection, a client of it, and what its record says.

use goldenpath_harness::{
    Auth, Client, Connect, ConnectError, MintSettings, Minter, Recording, Session, Target, TestUser,
};
use goldenpath_history::{ClosedBy, Direction, Record, RecordKind};
use std::future::Future;
use std::sync::Arc;
use std::time::Duration;
use tokio::net::{TcpListener, TcpStream};
use tokio_tungstenite::WebSocketStream;

pub(crate) const SOON: Duration = Duration::from_secs(5);

/// A server for one connection.
pub(crate) async fn serve<F, A>(act: A) -> Target
where
    A: FnOnce(TcpStream) -> F + Send + 'static,
    F: Future<Output = ()> + Send,
{
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move { act(listener.accept().await.unwrap().0).await });
    Target::new(&format!("ws://{address}/ws")).unwrap().with_connect_deadline(Duration::from_millis(500))
}

pub(crate) async fn accept(tcp: TcpStream) -> WebSocketStream<TcpStream> {
    tokio_tungstenite::accept_async(tcp).await.unwrap()
}

pub(crate) fn minting() -> (Auth, TestUser) {
    let minter = Arc::new(Minter::new(MintSettings::default(), &[7; 32]).unwrap());
    let user = TestUser::minted("ada", minter.clone());
    (Auth { mode: goldenpath_harness::AuthMode::Mint(minter), ..Auth::none() }, user)
}

pub(crate) async fn connect(target: Target, recording: &Recording) -> Result<Client, ConnectError> {
    let (auth, user) = minting();
    Session::new(target, auth, recording.recorder()).connect(&user, Connect::fresh()).await
}

pub(crate) fn frames<'a>(records: &'a [Record<'a>], way: Direction) -> Vec<&'a str> {
    let frame = |record: &'a Record<'a>| match &record.kind {
        RecordKind::Frame { dir, raw, .. } if *dir == way => Some(raw.as_ref()),
        _ => None,
    };
    records.iter().filter_map(frame).collect()
}

pub(crate) fn closes(records: &[Record<'_>]) -> Vec<(Option<u16>, ClosedBy)> {
    let close = |record: &Record<'_>| match &record.kind {
        RecordKind::Close { code, by, .. } => Some((*code, *by)),
        _ => None,
    };
    records.iter().filter_map(close).collect()
}
