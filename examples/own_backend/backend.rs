//! The smallest backend that keeps the promises: it greets, accepts a request, and shows its work by the five events.
//!
//! Stands where yours would. It knows the wire protocol (`docs/protocol.md`) and nothing of goldenpath.

use futures_util::{SinkExt, StreamExt};
use jsonwebtoken::{DecodingKey, Validation};
use serde::Deserialize;
use serde_json::{Value, json};
use std::net::SocketAddr;
use std::time::Instant;
use time::OffsetDateTime;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::handshake::server::{ErrorResponse, Request, Response};
use tokio_tungstenite::tungstenite::http::StatusCode;
use uuid::Uuid;

/// Tells when ferries can cross: by harbour, the tides of the day.
const TIDES: [(&str, &str, &str, f64); 2] =
    [("Harwich", "04:12", "10:31", 0.9), ("Tórshavn", "05:47", "11:58", 1.3)];

/// What its tokens are signed with.
pub(crate) const KEY: &[u8; 32] = b"a key of the test, nobody else's";

/// A running backend; it stops when this is dropped.
pub(crate) struct Backend {
    pub(crate) addr: SocketAddr,
    open: watch::Sender<bool>,
    _accepting: JoinSet<()>,
}

impl Backend {
    /// Listens on a free port. The tide table answers nobody before it is opened.
    pub(crate) async fn start() -> std::io::Result<Self> {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await?;
        let addr = listener.local_addr()?;
        let (open, tides) = watch::channel(false);
        let mut accepting = JoinSet::new();
        accepting.spawn(async move {
            let mut connections = JoinSet::new();
            while let Ok((stream, _)) = listener.accept().await {
                let tides = tides.clone();
                connections.spawn(async move {
                    // A client that is refused or went away needs no more answer.
                    if let Ok(connection) = Connection::accept(stream, tides).await {
                        let _ = connection.serve().await;
                    }
                });
            }
        });
        Ok(Self { addr, open, _accepting: accepting })
    }

    /// Lets the tide table answer, also those who asked before.
    pub(crate) fn open_tide_table(&self) {
        self.open.send_replace(true);
    }
}

type Sent = Result<(), tokio_tungstenite::tungstenite::Error>;

/// One user's connection, and the place in the stream of what was sent there.
struct Connection {
    socket: WebSocketStream<TcpStream>,
    user_id: String,
    offset: u64,
    tides: watch::Receiver<bool>,
}

impl Connection {
    /// No token, no socket.
    async fn accept(
        stream: TcpStream,
        tides: watch::Receiver<bool>,
    ) -> Result<Self, tokio_tungstenite::tungstenite::Error> {
        let mut user_id = String::new();
        #[allow(clippy::result_large_err, reason = "the callback's type is tungstenite's")]
        let door = |request: &Request, response: Response| {
            user_id = user_of(request).ok_or_else(refusal)?;
            Ok(response)
        };
        let socket = tokio_tungstenite::accept_hdr_async(stream, door).await?;
        Ok(Self { socket, user_id, offset: 0, tides })
    }

    async fn serve(mut self) -> Sent {
        self.send(&json!({
            "type": "connection_established", "connection_id": Uuid::new_v4(), "user_id": self.user_id,
            "epoch": Uuid::new_v4().simple(), "offset": 0, "recovered": "fresh", "replay": 0, "acked": 0,
            "server_time": now(), "token_expires_at": "2099-01-01T00:00:00.000Z", "ping_interval_ms": 20_000, "limits": {},
        }))
        .await?;
        while let Some(message) = self.socket.next().await {
            let Message::Text(text) = message? else { continue };
            let frame: Value = serde_json::from_str(&text).unwrap_or_default();
            match frame["type"].as_str() {
                Some("ping") => {
                    self.send(&json!({"type": "pong", "n": frame["n"], "server_time": now()})).await?
                }
                Some("agent_request") => self.run(&frame).await?,
                _ => {
                    let error = json!({"type": "error", "code": "unknown_type", "message": "no such frame", "retryable": false});
                    self.send(&error).await?;
                }
            }
        }
        Ok(())
    }

    /// One run: what is being done is said before it is done, what came out of it as soon as it did.
    async fn run(&mut self, request: &Value) -> Sent {
        let begun = Instant::now();
        let (run_id, thread_id) = (Uuid::new_v4().to_string(), Uuid::new_v4().to_string());
        let message = request["message"].as_str().unwrap_or_default();
        let (harbour, low, high, height) =
            TIDES.into_iter().find(|(harbour, ..)| message.contains(harbour)).unwrap_or(TIDES[0]);
        self.send(&json!({
            "type": "request_accepted", "request_id": request["request_id"], "run_id": run_id,
            "thread_id": thread_id, "duplicate": false,
        }))
        .await?;

        let head = json!({
            "user_id": self.user_id, "thread_id": thread_id, "run_id": run_id, "request_id": request["request_id"],
            "agent_name": "harbour_master",
        });
        let execution_id = Uuid::new_v4().to_string();
        let about = json!({"harbour": harbour});
        let answer = format!(
            "The ferry from {harbour} can leave from 08:30 on: low water is at {low} with {height} m over the sill, high water at {high}.\n\
             1. Plan the departure between 08:30 and {high}, while the water rises.\n\
             2. Load vehicles before 08:00, so that the ramp is clear at half tide.\n\
             3. Keep the pilot booked until {high}; after that the ebb sets against the ferry."
        );
        let steps = [
            json!({"type": "agent_started", "status": "starting", "task_description": format!("Find a departure from {harbour}")}),
            json!({"type": "agent_thinking", "reasoning": format!("The sill at {harbour} dries at low water, so the tide decides."), "step_number": 1}),
            json!({"type": "tool_executing", "tool_name": "tide_table", "execution_id": execution_id, "parameters": about, "tool_purpose": format!("Look up the tides of {harbour}")}),
            json!({"type": "tool_completed", "tool_name": "tide_table", "execution_id": execution_id, "success": true,
                "results": {"subject": about, "low_water": low, "high_water": high, "height_m": height}}),
            json!({"type": "agent_completed", "status": "completed", "final_response": answer, "summary": format!("Leave {harbour} from 08:30 on."),
                "degraded": false, "limitations": [], "event_count": 5}),
        ];
        let mut asked = begun;
        for (seq, mut event) in (1_u64..).zip(steps) {
            self.offset += 1;
            for (name, value) in head.as_object().into_iter().flatten() {
                event[name] = value.clone();
            }
            event["event_id"] = json!(Uuid::now_v7());
            event["timestamp"] = json!(now());
            event["seq"] = json!(seq);
            event["offset"] = json!(self.offset);
            let took = |since: Instant| json!(since.elapsed().as_millis() as u64);
            match event["type"].as_str() {
                Some("tool_completed") => event["duration_ms"] = took(asked),
                Some("agent_completed") => event["duration_ms"] = took(begun),
                _ => {}
            }
            self.send(&event).await?;
            if event["type"] == "tool_executing" {
                asked = Instant::now();
                // A backend that goes away takes its sockets along.
                let _ = self.tides.wait_for(|open| *open).await;
            }
        }
        Ok(())
    }

    async fn send(&mut self, frame: &Value) -> Sent {
        self.socket.send(Message::text(frame.to_string())).await
    }
}

/// RFC 3339, UTC, milliseconds.
fn now() -> String {
    let now = OffsetDateTime::now_utc();
    let (hour, minute, second, millisecond) = now.time().as_hms_milli();
    format!("{}T{hour:02}:{minute:02}:{second:02}.{millisecond:03}Z", now.date())
}

#[derive(Deserialize)]
struct Claims {
    sub: String,
}

/// Whose token the request shows, if it is a good one.
fn user_of(request: &Request) -> Option<String> {
    let token = request.headers().get("authorization")?.to_str().ok()?.strip_prefix("Bearer ")?;
    let mut validation = Validation::default();
    validation.set_audience(&["ferries"]);
    let token = jsonwebtoken::decode::<Claims>(token, &DecodingKey::from_secret(KEY), &validation).ok()?;
    Some(token.claims.sub)
}

fn refusal() -> ErrorResponse {
    let mut refusal = ErrorResponse::new(None);
    *refusal.status_mut() = StatusCode::UNAUTHORIZED;
    refusal
}
