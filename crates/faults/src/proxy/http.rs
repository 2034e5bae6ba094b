//! One client's connection, by HTTP: requests go on to the backend, answers come back, upgrades become sockets.

use super::asker::{asker, decoded, holds_a_token};
use super::desk::Desk;
use super::event_stream;
use super::frame::MAX_BYTES;
use super::hub::{Answer, Gate, Input};
use super::io::{Ending, Socket};
use super::relay::relay;
use super::socket;
use super::upstream::Upstream;
use bytes::Bytes;
use http::header::{
    ACCEPT_ENCODING, CONTENT_ENCODING, CONTENT_LENGTH, CONTENT_TYPE, HOST, SEC_WEBSOCKET_EXTENSIONS,
    TRANSFER_ENCODING, UPGRADE,
};
use http::{HeaderMap, HeaderValue, Method, Request, Response, StatusCode, Uri, response};
use http_body_util::combinators::UnsyncBoxBody;
use http_body_util::{BodyExt as _, Empty, Full, Limited};
use hyper::body::Incoming;
use hyper::upgrade::OnUpgrade;
use hyper_util::rt::TokioIo;
use std::sync::Arc;
use tokio::sync::{mpsc, oneshot};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

pub(super) type BoxError = Box<dyn std::error::Error + Send + Sync>;

/// A body, whatever it comes from.
pub(super) type Body = UnsyncBoxBody<Bytes, BoxError>;

/// What stands between clients and a backend that speaks HTTP.
pub(super) struct Front {
    pub(super) desk: Arc<Desk>,
    pub(super) upstream: Upstream,
    /// Where the fault is, if there is one.
    pub(super) hub: Option<mpsc::Sender<Input>>,
    pub(super) tasks: TaskTracker,
    pub(super) stop: CancellationToken,
}

/// What is asked, as far as answers depend on it.
struct Asked {
    conn: u32,
    user: Option<String>,
    uri: Uri,
    run_id: Option<String>,
}

impl Asked {
    fn of(conn: u32, request: &Request<Incoming>) -> (Self, bool) {
        let (headers, uri) = (request.headers(), request.uri().clone());
        let run_id = uri.path().rsplit_once("/runs/").map(|(_, id)| id);
        let run_id =
            run_id.filter(|id| request.method() == Method::GET && !id.is_empty() && !id.contains('/'));
        let run_id = run_id.map(str::to_owned);
        let upgrades =
            headers.get(UPGRADE).is_some_and(|to| to.as_bytes().eq_ignore_ascii_case(b"websocket"));
        (Self { conn, user: asker(headers, &uri), uri, run_id }, upgrades)
    }
}

/// Serves one connection until it ends or is upgraded.
pub(super) async fn serve(front: Arc<Front>, socket: Socket) {
    let ending = socket.ending();
    let answering = hyper::service::service_fn(move |request| answer(front.clone(), ending.clone(), request));
    let served = hyper::server::conn::http1::Builder::new()
        .preserve_header_case(true)
        .auto_date_header(false)
        .serve_connection(TokioIo::new(socket), answering)
        .with_upgrades();
    if let Err(why) = served.await {
        tracing::debug!(%why, "a client's connection ended");
    }
}

/// Gets the backend's answer. Without one the client's connection ends, as it would without us.
async fn answer(
    front: Arc<Front>,
    ending: Ending,
    mut request: Request<Incoming>,
) -> Result<Response<Body>, BoxError> {
    let (asked, upgrades) = Asked::of(front.desk.next_conn(), &request);
    let client = upgrades.then(|| hyper::upgrade::on(&mut request));
    prepare(&front, &mut request, upgrades)?;
    let (mut response, upstream_ending) = send(&front, request).await.inspect_err(|why| {
        tracing::warn!(%why, "no answer from the backend");
    })?;
    match client {
        Some(client) if response.status() == StatusCode::SWITCHING_PROTOCOLS => {
            let server = hyper::upgrade::on(&mut response);
            let sides = Sides { client, server, endings: [ending, upstream_ending] };
            upgraded(&front, asked, sides, response).await
        }
        Some(_) => refused(&front, asked, response).await,
        None => answered(&front, asked, ending, response).await,
    }
}

/// What must change for the backend to take the request, and for us to read what follows.
fn prepare(front: &Front, request: &mut Request<Incoming>, upgrades: bool) -> Result<(), BoxError> {
    let path = request.uri().path_and_query().map_or("/", |path| path.as_str()).to_owned();
    *request.uri_mut() = path.parse()?;
    request.headers_mut().insert(HOST, HeaderValue::from_str(front.upstream.authority())?);
    if upgrades {
        request.headers_mut().remove(SEC_WEBSOCKET_EXTENSIONS);
    } else if front.hub.is_some() {
        request.headers_mut().remove(ACCEPT_ENCODING);
    }
    Ok(())
}

async fn send(front: &Front, request: Request<Incoming>) -> Result<(Response<Incoming>, Ending), BoxError> {
    let (io, ending) = front.upstream.connect().await?;
    let (mut sender, connection) = hyper::client::conn::http1::Builder::new()
        .preserve_header_case(true)
        .handshake(TokioIo::new(io))
        .await?;
    let stop = front.stop.clone();
    front.tasks.spawn(stop.run_until_cancelled_owned(connection.with_upgrades()));
    Ok((sender.send_request(request).await?, ending))
}

/// Both sides of an upgrade, and how their sockets end.
struct Sides {
    client: OnUpgrade,
    server: OnUpgrade,
    endings: [Ending; 2],
}

async fn upgraded(
    front: &Arc<Front>,
    asked: Asked,
    sides: Sides,
    response: Response<Incoming>,
) -> Result<Response<Body>, BoxError> {
    if let Some(told) = gated(front, &asked, response.status(), None).await? {
        return Ok(told);
    }
    let (hub, conn, stop) = (front.hub.clone(), asked.conn, front.stop.clone());
    let Sides { client, server, endings } = sides;
    let carrying = async move {
        let both = tokio::try_join!(client, server);
        match (both, hub) {
            (Ok((client, server)), Some(hub)) => {
                let [ending, _] = endings;
                socket::join(hub, conn, TokioIo::new(client), TokioIo::new(server), ending).await;
            }
            (Ok((client, server)), None) => {
                relay(TokioIo::new(client), TokioIo::new(server), &endings).await;
            }
            (Err(why), _) => tracing::debug!(%why, "an upgrade came to nothing"),
        }
    };
    front.tasks.spawn(stop.run_until_cancelled_owned(carrying));
    Ok(response.map(|_| Empty::new().map_err(BoxError::from).boxed_unsync()))
}

async fn refused(
    front: &Front,
    asked: Asked,
    response: Response<Incoming>,
) -> Result<Response<Body>, BoxError> {
    if front.hub.is_none() {
        return Ok(streamed(response));
    }
    let (parts, body) = collected(response).await?;
    let told = String::from_utf8_lossy(&body).into_owned();
    Ok(match gated(front, &asked, parts.status, Some(told)).await? {
        Some(told) => told,
        None => Response::from_parts(parts, full(body)),
    })
}

async fn answered(
    front: &Front,
    asked: Asked,
    ending: Ending,
    response: Response<Incoming>,
) -> Result<Response<Body>, BoxError> {
    let Some(hub) = &front.hub else { return Ok(streamed(response)) };
    if streams_events(response.headers()) {
        if let Some(told) = gated(front, &asked, response.status(), None).await? {
            return Ok(told);
        }
        let (parts, body) = response.into_parts();
        let (body, work) = event_stream::through(hub.clone(), asked.conn, body, ending);
        let stop = front.stop.clone();
        front.tasks.spawn(stop.run_until_cancelled_owned(work));
        return Ok(Response::from_parts(parts, body));
    }
    let Some(run_id) = asked.run_id else { return Ok(streamed(response)) };
    let (parts, body) = collected(response).await?;
    let (gate, answer) = oneshot::channel();
    let told = String::from_utf8_lossy(&body).into_owned();
    let (conn, user, status) = (asked.conn, asked.user, parts.status.as_u16());
    hub.send(Input::Store { conn, user, run_id, status, body: told, gate }).await?;
    Ok(match answer.await? {
        Answer::AsItCame => Response::from_parts(parts, full(body)),
        Answer::Instead { status, body } => instead(Some(parts), status, body),
    })
}

/// Asks the fault whether a connection opens as the backend says; gives the other answer where it does not.
async fn gated(
    front: &Front,
    asked: &Asked,
    status: StatusCode,
    body: Option<String>,
) -> Result<Option<Response<Body>>, BoxError> {
    let Some(hub) = &front.hub else { return Ok(None) };
    let (gate, answer): (Gate, _) = oneshot::channel();
    let (conn, user, status) = (asked.conn, asked.user.clone(), status.as_u16());
    let url = told(&asked.uri);
    hub.send(Input::Opened { conn, user, url, status, body, gate }).await?;
    Ok(match answer.await? {
        // Nobody can be let in whom the backend refused.
        Answer::AsItCame | Answer::Instead { status: StatusCode::SWITCHING_PROTOCOLS, .. } => None,
        Answer::Instead { status, body } => Some(instead(None, status, body)),
    })
}

/// The address as a record tells it: with its query, and without a token in it.
fn told(uri: &Uri) -> String {
    let kept = |pair: &&str| !pair.split_once('=').is_some_and(|(name, _)| holds_a_token(name));
    let pairs = uri.query().into_iter().flat_map(|query| query.split('&'));
    let query: Vec<String> = pairs.filter(kept).map(decoded).collect();
    match query.is_empty() {
        true => uri.path().to_owned(),
        false => format!("{}?{}", uri.path(), query.join("&")),
    }
}

/// The answer that the fault gives, in the place of one with these parts.
fn instead(parts: Option<response::Parts>, status: StatusCode, body: String) -> Response<Body> {
    let mut parts = parts.unwrap_or_else(|| {
        let mut parts = Response::new(()).into_parts().0;
        parts.headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        parts
    });
    for told_by_the_body in [CONTENT_LENGTH, CONTENT_ENCODING, TRANSFER_ENCODING] {
        parts.headers.remove(told_by_the_body);
    }
    parts.status = status;
    Response::from_parts(parts, full(body.into()))
}

fn streams_events(headers: &HeaderMap) -> bool {
    let kind = headers.get(CONTENT_TYPE).and_then(|kind| kind.to_str().ok());
    kind.is_some_and(|kind| kind.trim_start().starts_with("text/event-stream"))
}

fn streamed(response: Response<Incoming>) -> Response<Body> {
    response.map(|body| body.map_err(BoxError::from).boxed_unsync())
}

fn full(body: Bytes) -> Body {
    Full::new(body).map_err(BoxError::from).boxed_unsync()
}

async fn collected(response: Response<Incoming>) -> Result<(response::Parts, Bytes), BoxError> {
    let (parts, body) = response.into_parts();
    let body = Limited::new(body, MAX_BYTES).collect().await?;
    Ok((parts, body.to_bytes()))
}
