//! HTTP beside the sockets.

use crate::support::{ASKING, head, proxied, read, soon};
use goldenpath_faults::{Act, Fault, Plan, Step};
use goldenpath_history::RecordKind;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};

/// Says no to every door, alters every stored run, and turns events round.
struct Contrary;

impl Fault for Contrary {
    fn rewrite(&mut self, step: &Step, act: &mut Act<'_>) {
        match &step.kind {
            RecordKind::Open { url, status: Some(101), credential, intended_t_ns, .. } => {
                let (status, body) = (Some(503), Some("full".into()));
                let (url, credential, intended_t_ns) = (url.clone(), credential.clone(), *intended_t_ns);
                let kind = RecordKind::Open { url, status, intended_t_ns, credential, body };
                act.alter(Step { kind, ..step.clone() }, "no slot");
            }
            RecordKind::Mark { name, note: Some(note) } if name == "store" => {
                let note = note.replace("completed", "failed").into();
                let kind = RecordKind::Mark { name: name.clone(), note: Some(note) };
                act.alter(Step { kind, ..step.clone() }, "another state");
            }
            RecordKind::Frame { .. } => {
                let Some(message) = act.message() else { return };
                act.say(message.clone().with("touched", true), "touched");
            }
            _ => {}
        }
    }
}

fn contrary() -> Plan {
    Plan::aware(1).fault_of("test", Box::new(Contrary))
}

/// Asks through the proxy and answers as the backend: what the backend was asked, and all that the client got.
async fn exchange(plan: Plan, asking: &str, answer: &str) -> (String, String) {
    let (backend, proxy, _) = proxied(plan).await;
    let mut client = TcpStream::connect(proxy.addr()).await.unwrap();
    client.write_all(asking.as_bytes()).await.unwrap();
    let (asked, _server) = serve_once(&backend, answer).await;
    let mut got = Vec::new();
    // A reset ends an answer too.
    let _ = soon("the answer", client.read_to_end(&mut got)).await;
    (asked, String::from_utf8(got).unwrap())
}

async fn serve_once(backend: &TcpListener, answer: &str) -> (String, TcpStream) {
    let (mut server, _) = soon("the proxy", backend.accept()).await.unwrap();
    let asked = head(&mut server).await;
    server.write_all(answer.as_bytes()).await.unwrap();
    server.shutdown().await.unwrap();
    (asked, server)
}

const READ_RUN: &str =
    "GET /runs/r-1 HTTP/1.1\r\nHost: proxy\r\nAccept-Encoding: gzip\r\nConnection: close\r\n\r\n";

fn stored(body: &str) -> String {
    format!(
        "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nX-Kept: yes\r\nContent-Length: {}\r\n\r\n{body}",
        body.len()
    )
}

#[tokio::test]
async fn answers_pass_as_they_came() {
    let body = r#"{"run_id":"r-1","state":"completed"}"#;
    let (asked, got) = exchange(Plan::aware(1), READ_RUN, &stored(body)).await;
    assert!(asked.contains("Accept-Encoding: gzip"), "{asked}");
    assert!(
        got.starts_with("HTTP/1.1 200 OK\r\n") && got.contains("X-Kept: yes") && got.ends_with(body),
        "{got}"
    );
    assert!(!got.to_lowercase().contains("date:"), "{got}");
}

#[tokio::test]
async fn a_stored_run_can_be_told_otherwise() {
    let (asked, got) =
        exchange(contrary(), READ_RUN, &stored(r#"{"run_id":"r-1","state":"completed"}"#)).await;
    assert!(!asked.contains("gzip"), "what is compressed can't be read: {asked}");
    assert!(got.contains("X-Kept: yes") && got.ends_with(r#"{"run_id":"r-1","state":"failed"}"#), "{got}");
}

#[tokio::test]
async fn bodies_of_requests_reach_the_backend_whole() {
    let (backend, proxy, _) = proxied(contrary()).await;
    let mut client = TcpStream::connect(proxy.addr()).await.unwrap();
    let body = "x".repeat(100_000);
    let asking =
        format!("POST /auth/token HTTP/1.1\r\nHost: proxy\r\nContent-Length: {}\r\n\r\n{body}", body.len());
    let serving = async {
        let (mut server, _) = backend.accept().await.unwrap();
        head(&mut server).await;
        assert!(read(&mut server, body.len()).await == body.as_bytes());
        server.write_all(b"HTTP/1.1 204 No Content\r\n\r\n").await.unwrap();
    };
    let asking = async {
        client.write_all(asking.as_bytes()).await.unwrap();
        head(&mut client).await
    };
    let ((), got) = soon("the exchange", async { tokio::join!(serving, asking) }).await;
    assert!(got.starts_with("HTTP/1.1 204"), "{got}");
}

#[tokio::test]
async fn a_refusal_passes_and_a_door_can_be_shut() {
    let refusal = "HTTP/1.1 401 Unauthorized\r\nContent-Length: 2\r\nConnection: close\r\n\r\nno";
    let asking = ASKING.replace("Upgrade\r\nUpgrade", "upgrade\r\nUpgrade");
    for plan in [Plan::aware(1), contrary()] {
        let (backend, proxy, _) = proxied(plan).await;
        let mut client = TcpStream::connect(proxy.addr()).await.unwrap();
        client.write_all(asking.as_bytes()).await.unwrap();
        let _server = serve_once(&backend, refusal).await;
        assert!(head(&mut client).await.starts_with("HTTP/1.1 401"));
        assert_eq!(read(&mut client, 2).await, b"no");
    }
    let (backend, proxy, receipts) = proxied(contrary()).await;
    let mut client = TcpStream::connect(proxy.addr()).await.unwrap();
    client.write_all(asking.as_bytes()).await.unwrap();
    let _server = serve_once(&backend, crate::support::SWITCHING).await;
    assert!(head(&mut client).await.starts_with("HTTP/1.1 503"));
    assert_eq!(read(&mut client, 4).await, b"full");
    assert_eq!(receipts.all().len(), 1);
}

const STREAM: &str = "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nConnection: close\r\n\r\n\
    : hello\n\nevent: run\nid: 7\ndata: {\"type\":\"x\"}\n\ndata: [DONE]\n\n";
const ASK_STREAM: &str = "GET /stream HTTP/1.1\r\nHost: proxy\r\nConnection: close\r\n\r\n";

/// The content of a chunked or plain body.
fn body(got: &str) -> String {
    let (head, body) = got.split_once("\r\n\r\n").unwrap();
    if !head.to_lowercase().contains("chunked") {
        return body.to_owned();
    }
    let (mut rest, mut whole) = (body, String::new());
    while let Some((size, after)) = rest.split_once("\r\n") {
        let size = usize::from_str_radix(size, 16).unwrap();
        whole.push_str(&after[..size]);
        rest = after[size..].strip_prefix("\r\n").unwrap();
        if size == 0 {
            break;
        }
    }
    whole
}

#[tokio::test]
async fn events_of_a_stream_pass_and_can_be_changed() {
    let (_, got) = exchange(Plan::aware(1), ASK_STREAM, STREAM).await;
    assert_eq!(body(&got), STREAM.split_once("\r\n\r\n").unwrap().1);
    let (_, got) = exchange(contrary(), ASK_STREAM, STREAM).await;
    assert_eq!(
        body(&got),
        ": hello\n\nevent: run\nid: 7\ndata: {\"touched\":true,\"type\":\"x\"}\n\ndata: [DONE]\n\n"
    );
}
