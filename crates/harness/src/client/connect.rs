//! The way in: TCP, TLS, the upgrade, all within one deadline and all recorded.

use super::line::{Line, Valve};
use crate::{Auth, AuthError, Forgery, Placement, Recorder, Target, TestUser, Token};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use goldenpath_history::{REDACTED_TOKEN, RecordKind, redact};
use goldenpath_protocol::{ResumePoint, SUBPROTOCOL};
use http::header::{AUTHORIZATION, CONTENT_LENGTH, HeaderName, SEC_WEBSOCKET_PROTOCOL};
use http::{HeaderValue, Request, Response};
use std::borrow::Cow;
use std::io;
use std::net::IpAddr;
use std::time::Duration;
use tokio::net::{TcpSocket, TcpStream, lookup_host};
use tokio_tungstenite::tungstenite::client::IntoClientRequest as _;
use tokio_tungstenite::tungstenite::protocol::WebSocketConfig;
use tokio_tungstenite::tungstenite::{self};
use tokio_tungstenite::{Connector, MaybeTlsStream, WebSocketStream, client_async_tls_with_config};

pub(crate) type Ws = WebSocketStream<MaybeTlsStream<Line>>;

/// A socket that opened, what decides what passes it, and a token that is still to be sent as the first frame.
pub(crate) struct Opened {
    pub(super) socket: Ws,
    pub(super) valve: Valve,
    pub(super) first: Option<Token>,
}

/// The library's 128 KiB are zero-filled on every read; 4 KiB save most of an idle connection's memory and a third of the processor.
const READ_BUFFER: usize = 4 << 10;

/// What the kernel holds for a reader that may stall: several events, so that they are no later for it while it reads.
const NARROW_BUFFER: u32 = 32 << 10;

/// The largest message taken: far above any event's limit, far below what would hurt.
const MAX_MESSAGE: usize = 16 << 20;

/// The most of a refusal's body that is kept.
const MAX_BODY: usize = 4 << 10;

/// Which credential is shown.
#[derive(Debug, Clone, Default)]
pub enum Credential {
    /// The user's good one.
    #[default]
    Valid,
    /// The user's, good for this long only.
    ShortLived(Duration),
    /// One that must be refused.
    Forged(Forgery),
    /// This one, good.
    Exactly(Token),
    /// This one, which was revoked and must be refused.
    Revoked(Token),
    /// This one, made elsewhere, which must be refused for this.
    Bad(Forgery, Token),
}

/// How to connect.
#[derive(Debug, Clone, Default)]
#[must_use]
pub struct Connect {
    credential: Credential,
    client_id: Option<String>,
    resume: Option<String>,
    stalling: bool,
    pub(super) lost_after: Option<u64>,
    from: Option<IpAddr>,
}

impl Connect {
    /// A new connection that resumes nothing.
    pub fn fresh() -> Self {
        Self::default()
    }

    /// Goes on after the last offset received.
    pub fn resuming(mut self, point: &ResumePoint) -> Self {
        self.resume = Some(point.to_string());
        self
    }

    /// Asks to go on from `point`, whatever that is: readable or not.
    pub fn resuming_at(mut self, point: impl Into<String>) -> Self {
        self.resume = Some(point.into());
        self
    }

    /// The link is cut as soon as so many frames have come, the greeting included: what a [`Client::cut`](super::Client::cut)
    /// that waits for them would be too late for.
    pub fn lost_after(mut self, frames: u64) -> Self {
        self.lost_after = Some(frames);
        self
    }

    /// Leaves from this address of the machine, as users do who do not share one.
    pub fn leaving_from(mut self, address: IpAddr) -> Self {
        self.from = Some(address);
        self
    }

    /// Keeps a name for itself over reconnects, as a tab does.
    pub fn as_client(mut self, client_id: impl Into<String>) -> Self {
        self.client_id = Some(client_id.into());
        self
    }

    /// Takes few bytes ahead of its reader: when that stops reading, what comes soon waits with the target. Without it
    /// the kernel swallows megabytes first.
    pub fn stalling(mut self) -> Self {
        self.stalling = true;
        self
    }

    /// Shows another credential.
    pub fn showing(mut self, credential: Credential) -> Self {
        self.credential = credential;
        self
    }
}

/// A connection that did not come about. All but [`ConnectError::Credential`] left a record.
#[derive(Debug, thiserror::Error)]
pub enum ConnectError {
    /// The target refused at the upgrade.
    #[error("failed to connect: the target answered {status}: {body}")]
    Refused {
        /// The HTTP status.
        status: u16,
        /// The body, without tokens; empty when not all of it came with the head.
        body: String,
    },
    /// The target did not answer, or with something that is no WebSocket.
    #[error("failed to connect to `{url}`: {why}")]
    Unreachable {
        /// The address.
        url: String,
        /// Why.
        why: String,
    },
    /// No such credential could be made.
    #[error(transparent)]
    Credential(#[from] AuthError),
}

/// Opens a socket.
pub(crate) async fn open(
    target: &Target,
    auth: &Auth,
    user: &TestUser,
    recorder: &Recorder,
    conn: u32,
    how: Connect,
) -> Result<Opened, ConnectError> {
    let shown = Shown::of(user, auth.placement, &how.credential)?;
    if let (Some(token), None | Some("revoked")) = (&shown.token, shown.case) {
        recorder.hide(token);
    }
    let url = target.safe_url();
    let unreachable = |why: String| ConnectError::Unreachable { url: url.clone(), why };
    let request = request(target, &how, &shown).map_err(&unreachable)?;
    let intended_t_ns = recorder.now_ns();
    let valve = Valve::default();
    let upgraded = upgrade(target, request, &how, valve.clone());
    let attempt = tokio::time::timeout(target.connect_deadline(), upgraded).await;
    let (status, body, result) = match attempt {
        Ok(Ok(socket)) => (Some(101), None, Ok(socket)),
        Ok(Err(Failure::Refused(status, body))) => {
            let body = body.map(|body| clean(&body, shown.token.as_ref()));
            let told = body.clone().unwrap_or_default();
            (Some(status), body, Err(ConnectError::Refused { status, body: told }))
        }
        Ok(Err(Failure::Broken(status, why))) => {
            let why = clean(&why, shown.token.as_ref());
            (status, Some(why.clone()), Err(unreachable(why)))
        }
        Err(_) => {
            let why = format!("no answer within {} s", target.connect_deadline().as_secs_f64());
            (None, Some(why.clone()), Err(unreachable(why)))
        }
    };
    recorder.record(
        Some(conn),
        Some(user.name()),
        RecordKind::Open {
            url: Some(Cow::Owned(recorded_url(&url, &how))),
            status,
            intended_t_ns: Some(intended_t_ns),
            credential: shown.case.map(Cow::Borrowed),
            body: body.map(Cow::Owned),
        },
    );
    let first = (shown.placement == Placement::FirstFrame).then_some(shown.token).flatten();
    result.map(|socket| Opened { socket, valve, first })
}

/// The address as the record tells it: who comes back, and from where, but no token.
fn recorded_url(safe_url: &str, how: &Connect) -> String {
    let client = how.client_id.as_ref().map(|client| format!("client_id={client}"));
    let resume = how.resume.as_ref().map(|resume| format!("resume={resume}"));
    let asked: Vec<String> = client.into_iter().chain(resume).collect();
    if asked.is_empty() { safe_url.to_owned() } else { format!("{safe_url}?{}", asked.join("&")) }
}

/// A credential as it goes out.
struct Shown {
    token: Option<Token>,
    placement: Placement,
    case: Option<&'static str>,
}

impl Shown {
    fn of(user: &TestUser, placement: Placement, credential: &Credential) -> Result<Self, AuthError> {
        let valid = |token| Ok(Self { token, placement, case: None });
        match credential {
            Credential::Valid => valid(user.token()?),
            Credential::ShortLived(ttl) => valid(Some(user.token_for(*ttl)?)),
            Credential::Exactly(token) => valid(Some(token.clone())),
            Credential::Revoked(token) => {
                Ok(Self { token: Some(token.clone()), placement, case: Some("revoked") })
            }
            Credential::Bad(forgery, token) => {
                Ok(Self { token: Some(token.clone()), placement, case: Some(forgery.case()) })
            }
            Credential::Forged(Forgery::InQuery) if placement == Placement::Query => Err(AuthError::Case {
                case: Forgery::InQuery.case(),
                why: "this target takes its tokens in the query",
            }),
            Credential::Forged(forgery) => {
                let placement = if *forgery == Forgery::InQuery { Placement::Query } else { placement };
                Ok(Self { token: user.forged(*forgery)?, placement, case: Some(forgery.case()) })
            }
        }
    }
}

fn request(target: &Target, how: &Connect, shown: &Shown) -> Result<Request<()>, String> {
    let mut url = target.ws().clone();
    // Neither can fail for `ws` and `wss`.
    let _ = url.set_username("");
    let _ = url.set_password(None);
    {
        let mut query = url.query_pairs_mut();
        if let Some(client_id) = &how.client_id {
            query.append_pair("client_id", client_id);
        }
        if let Some(resume) = &how.resume {
            query.append_pair("resume", resume);
        }
        if let (Placement::Query, Some(token)) = (shown.placement, &shown.token) {
            query.append_pair("token", token.reveal());
        }
    }
    if url.query() == Some("") {
        url.set_query(None);
    }
    let mut request = url.as_str().into_client_request().map_err(|why| why.to_string())?;
    let mut put = |name: HeaderName, value: String| {
        let mut value = HeaderValue::try_from(value).map_err(|_| "the token holds control characters")?;
        value.set_sensitive(true);
        request.headers_mut().insert(name, value);
        Ok::<(), &str>(())
    };
    match (shown.placement, &shown.token) {
        (Placement::Header, Some(token)) => put(AUTHORIZATION, format!("Bearer {}", token.reveal()))?,
        (Placement::Subprotocol, Some(token)) => {
            let token = URL_SAFE_NO_PAD.encode(token.reveal());
            put(SEC_WEBSOCKET_PROTOCOL, format!("{SUBPROTOCOL}, jwt.{token}"))?;
        }
        (Placement::Subprotocol, None) => put(SEC_WEBSOCKET_PROTOCOL, SUBPROTOCOL.to_owned())?,
        _ => {}
    }
    Ok(request)
}

enum Failure {
    /// With the body, when it came whole.
    Refused(u16, Option<String>),
    /// With the status, when an answer came that is no upgrade.
    Broken(Option<u16>, String),
}

async fn upgrade(target: &Target, request: Request<()>, how: &Connect, valve: Valve) -> Result<Ws, Failure> {
    let broken = |why: String| Failure::Broken(None, why);
    let host = target.ws().host_str().unwrap_or_default().trim_matches(['[', ']']).to_owned();
    let port = target.ws().port_or_known_default().unwrap_or(80);
    let tcp = match how.stalling || how.from.is_some() {
        true => connect_as(how, &host, port).await,
        false => TcpStream::connect((host.as_str(), port)).await,
    };
    let tcp = tcp.map_err(|why| broken(why.to_string()))?;
    // Small frames must leave at once; without it they only leave later.
    let _ = tcp.set_nodelay(true);
    let config = WebSocketConfig::default()
        .read_buffer_size(READ_BUFFER)
        .max_message_size(Some(MAX_MESSAGE))
        .max_frame_size(Some(MAX_MESSAGE));
    let connector = target.tls().map(Connector::Rustls);
    match client_async_tls_with_config(request, Line::new(tcp, valve), Some(config), connector).await {
        Ok((socket, _)) => Ok(socket),
        Err(tungstenite::Error::Http(answer)) => {
            Err(Failure::Refused(answer.status().as_u16(), whole_body(&answer)))
        }
        Err(why) => Err(broken(why.to_string())),
    }
}

/// A connection from an address of one's own, or one whose kernel keeps little for it. That size must be set before the
/// handshake, which tells it.
async fn connect_as(how: &Connect, host: &str, port: u16) -> io::Result<TcpStream> {
    let mut failed = io::Error::new(io::ErrorKind::NotFound, "no address of that name");
    for address in lookup_host((host, port)).await? {
        let socket = if address.is_ipv4() { TcpSocket::new_v4()? } else { TcpSocket::new_v6()? };
        if how.stalling {
            socket.set_recv_buffer_size(NARROW_BUFFER)?;
        }
        if let Some(from) = how.from {
            socket.bind((from, 0).into())?;
        }
        match socket.connect(address).await {
            Ok(tcp) => return Ok(tcp),
            Err(why) => failed = why,
        }
    }
    Err(failed)
}

/// The body of a refusal, if all of it came in the packets of the head: the library reads no further, and a part of a
/// text is no evidence of what it says.
fn whole_body(answer: &Response<Option<Vec<u8>>>) -> Option<String> {
    let length = answer.headers().get(CONTENT_LENGTH)?.to_str().ok()?.parse::<usize>().ok()?;
    let body = answer.body().as_deref().unwrap_or_default();
    let whole = body.len() >= length;
    whole.then(|| String::from_utf8_lossy(&body[..length.min(MAX_BODY)]).into_owned())
}

/// A refusal's text without the token that it may echo; the mark left there shows that it did.
fn clean(text: &str, token: Option<&Token>) -> String {
    // First by its shape, which says what it was; then by its text, for one that looks like nothing.
    let text = redact(text);
    match token.map(Token::reveal) {
        Some(token) if !token.is_empty() => text.replace(token, REDACTED_TOKEN),
        _ => text.into_owned(),
    }
}
