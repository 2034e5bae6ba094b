//! Backends that do what a test tells them, and clients, both down to the byte.

use futures_util::{SinkExt as _, StreamExt as _};
use goldenpath_faults::{Plan, Proxy, Receipt};
use std::fmt::Write as _;
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream};

pub(crate) const ROWS: &[&str] =
    &["agent_started", "agent_thinking", "tool_executing", "tool_completed", "agent_completed"];

/// Every wait of these tests ends by then.
const DEADLINE: Duration = Duration::from_secs(20);

/// What was to come, came in time.
#[track_caller]
pub(crate) fn soon<T>(what: &str, waiting: impl Future<Output = T>) -> impl Future<Output = T> {
    let what = what.to_owned();
    async move {
        match tokio::time::timeout(DEADLINE, waiting).await {
            Ok(came) => came,
            Err(_) => panic!("no sign of {what} within {DEADLINE:?}"),
        }
    }
}

/// A free port.
pub(crate) async fn listener() -> TcpListener {
    TcpListener::bind("127.0.0.1:0").await.unwrap()
}

/// A backend's listener, and a proxy in front of it.
pub(crate) async fn proxied(plan: Plan) -> (TcpListener, Proxy, Receipts) {
    let backend = listener().await;
    let url = format!("ws://{}/ws", backend.local_addr().unwrap());
    let receipts = Receipts::default();
    let kept = receipts.clone();
    let plan = plan.receipts(move |receipt| kept.0.lock().unwrap().push(receipt));
    let proxy = Proxy::start(listener().await, &url, plan).await.unwrap();
    (backend, proxy, receipts)
}

/// What was signed.
#[derive(Debug, Clone, Default)]
pub(crate) struct Receipts(Arc<Mutex<Vec<Receipt>>>);

impl Receipts {
    pub(crate) fn all(&self) -> Vec<Receipt> {
        self.0.lock().unwrap().clone()
    }
}

/// The head of a request or an answer.
pub(crate) async fn head(from: &mut (impl AsyncRead + Unpin)) -> String {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        head.push(soon("the rest of a head", from.read_u8()).await.unwrap());
    }
    String::from_utf8(head).unwrap()
}

pub(crate) const ASKING: &str = "GET /ws?a=1 HTTP/1.1\r\nHost: proxy\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\
     Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nX-Odd-Case: Kept\r\n\
     Sec-WebSocket-Extensions: permessage-deflate\r\n\r\n";

pub(crate) const SWITCHING: &str = "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\
     Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\nX-From: backend\r\n\r\n";

/// A socket through the proxy, upgraded by hand: both ends, and the heads that each saw.
pub(crate) struct Raw {
    pub(crate) client: TcpStream,
    pub(crate) server: TcpStream,
    pub(crate) request: String,
    pub(crate) response: String,
}

pub(crate) async fn raw(backend: &TcpListener, proxy: &Proxy) -> Raw {
    let mut client = TcpStream::connect(proxy.addr()).await.unwrap();
    client.write_all(ASKING.as_bytes()).await.unwrap();
    let (mut server, _) = soon("the proxy at the backend", backend.accept()).await.unwrap();
    let request = head(&mut server).await;
    server.write_all(SWITCHING.as_bytes()).await.unwrap();
    let response = head(&mut client).await;
    Raw { client, server, request, response }
}

/// Plain bytes through the proxy: the client's end and the backend's.
pub(crate) async fn wire(backend: &TcpListener, proxy: &Proxy) -> (TcpStream, TcpStream) {
    let client = TcpStream::connect(proxy.addr()).await.unwrap();
    let (server, _) = soon("the proxy at the backend", backend.accept()).await.unwrap();
    (client, server)
}

pub(crate) async fn read(from: &mut (impl AsyncRead + Unpin), size: usize) -> Vec<u8> {
    let mut bytes = vec![0; size];
    soon("all bytes", from.read_exact(&mut bytes)).await.unwrap();
    bytes
}

pub(crate) type Client = WebSocketStream<MaybeTlsStream<TcpStream>>;
pub(crate) type Server = WebSocketStream<TcpStream>;

/// A WebSocket through the proxy, by a library: both ends.
pub(crate) async fn socket(backend: &TcpListener, proxy: &Proxy) -> (Client, Server) {
    let accepting = async {
        let (stream, _) = backend.accept().await.unwrap();
        tokio_tungstenite::accept_async(stream).await.unwrap()
    };
    let url = proxy.ws_url();
    let (client, server) =
        soon("a socket", async { tokio::join!(tokio_tungstenite::connect_async(&url), accepting) }).await;
    (client.unwrap().0, server)
}

/// A greeted socket of a user.
pub(crate) async fn greeted(backend: &TcpListener, proxy: &Proxy, user: &str) -> (Client, Server) {
    let (mut client, mut server) = socket(backend, proxy).await;
    let greeting = format!(r#"{{"type":"connection_established","user_id":"{user}","recovered":"fresh"}}"#);
    server.send(Message::text(greeting.clone())).await.unwrap();
    assert_eq!(text(&mut client).await, greeting);
    (client, server)
}

/// The next text.
pub(crate) async fn text(client: &mut Client) -> String {
    match soon("a text", client.next()).await {
        Some(Ok(Message::Text(text))) => text.to_string(),
        other => panic!("no text but {other:?}"),
    }
}

/// The events of one run, as a backend writes them.
pub(crate) fn run(user: &str, run: &str) -> Vec<String> {
    let event = |(place, kind): (usize, &&str)| {
        let mut event = format!(r#"{{"type":"{kind}","event_id":"{run}-{place}","user_id":"{user}""#);
        let _ = write!(event, r#","run_id":"{run}","request_id":"q-{run}","seq":{}}}"#, place + 1);
        event
    };
    ROWS.iter().enumerate().map(event).collect()
}

/// Sends the events of one run.
pub(crate) async fn send_run(server: &mut Server, user: &str, id: &str) {
    for event in run(user, id) {
        server.send(Message::text(event)).await.unwrap();
    }
}
