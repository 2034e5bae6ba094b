//! One question to a provider over HTTP, and its answer as chunks. Every wait has an end; dropping an exchange ends its request.

use super::chunk::Chunk;
use super::endpoint::{Endpoint, EndpointError};
use super::request::Request;
use super::retry_after::retry_after;
use super::trouble::Trouble;
use futures_util::StreamExt;
use futures_util::stream::{BoxStream, try_unfold};
use reqwest::header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE, RETRY_AFTER};
use reqwest::redirect::Policy;
use reqwest::{Client, Response};
use sse_stream::{Sse, SseByteStream};
use std::time::{Duration, SystemTime};
use tokio::time::{Instant, timeout_at};

/// A longer answer is none that anybody reads.
const MOST_BYTES: usize = 8 * 1024 * 1024;

/// What a stream says when it has said everything.
const DONE: &str = "[DONE]";

/// Asks one endpoint; clones share its connections.
#[derive(Debug, Clone)]
pub(super) struct Provider {
    client: Client,
    endpoint: Endpoint,
}

impl Provider {
    pub(super) fn new(endpoint: Endpoint) -> Result<Self, EndpointError> {
        // A redirect could carry the key to somebody else.
        let mut builder = Client::builder().connect_timeout(endpoint.waits.connect).redirect(Policy::none());
        if endpoint.url.scheme() == "http" {
            // Without TLS no roots are needed, and a machine may have none.
            builder = builder.tls_certs_only([]);
        }
        let client = builder.build().map_err(|why| EndpointError::SetUp(why.without_url().to_string()))?;
        Ok(Self { client, endpoint })
    }

    pub(super) fn endpoint(&self) -> &Endpoint {
        &self.endpoint
    }

    /// Asks; gives the answer's begin.
    pub(super) async fn ask(&self, request: &Request<'_>) -> Result<Exchange, Trouble> {
        let waits = &self.endpoint.waits;
        let first_by = Instant::now() + waits.first;
        let mut asked = self
            .client
            .post(self.endpoint.url.clone())
            .header(ACCEPT, "text/event-stream, application/json")
            .json(request);
        if let Some(authorization) = &self.endpoint.authorization {
            asked = asked.header(AUTHORIZATION, authorization.clone());
        }
        let answered = timeout_at(first_by, asked.send()).await.map_err(|_| Trouble::Slow(waits.first))?;
        let response = answered.map_err(|why| trouble_of(&why, waits.connect))?;
        let status = response.status();
        if !status.is_success() {
            let header = response.headers().get(RETRY_AFTER).and_then(|value| value.to_str().ok());
            let wait = header.and_then(|header| retry_after(header, SystemTime::now()));
            return Err(Trouble::of_status(status.as_u16(), wait));
        }
        Ok(Exchange::new(response, first_by, waits.first, waits.between))
    }
}

fn trouble_of(why: &reqwest::Error, connect: Duration) -> Trouble {
    if why.is_connect() && why.is_timeout() {
        Trouble::Slow(connect)
    } else if why.is_connect() {
        Trouble::Unreachable
    } else {
        Trouble::Broken("the connection ended before the answer began")
    }
}

/// An answer that is being read.
pub(super) struct Exchange {
    body: Body,
}

enum Body {
    /// Piece by piece.
    Events(BoxStream<'static, Result<Sse, sse_stream::Error>>),
    /// From a provider that does not stream.
    Whole(BoxStream<'static, Result<bytes::Bytes, Unread>>),
}

/// Why no more bytes came.
#[derive(Debug, Clone, Copy, thiserror::Error)]
enum Unread {
    #[error("nothing came for {0:?}")]
    Slow(Duration),
    #[error("the connection ended in its middle")]
    Cut,
    #[error("it is too long")]
    TooLong,
}

impl From<Unread> for Trouble {
    fn from(unread: Unread) -> Self {
        match unread {
            Unread::Slow(waited) => Self::Slow(waited),
            Unread::Cut => Self::Broken("the connection ended in its middle"),
            Unread::TooLong => Self::Broken("it is too long"),
        }
    }
}

impl Exchange {
    fn new(response: Response, first_by: Instant, first: Duration, between: Duration) -> Self {
        let kind = response.headers().get(CONTENT_TYPE).and_then(|value| value.to_str().ok());
        let whole = kind.is_some_and(|kind| kind.trim_start().starts_with("application/json"));
        let pieces = pieces(response, first_by, first, between);
        let body = if whole { Body::Whole(pieces) } else { Body::Events(SseByteStream::new(pieces).boxed()) };
        Self { body }
    }

    /// The next chunk. An answer that ends without saying that it does is broken.
    pub(super) async fn next(&mut self) -> Result<Chunk, Trouble> {
        let text = match &mut self.body {
            Body::Events(events) => next_data(events).await?,
            Body::Whole(pieces) => {
                let mut whole = Vec::new();
                while let Some(piece) = pieces.next().await {
                    whole.extend_from_slice(&piece?);
                }
                String::from_utf8(whole).map_err(|_| Trouble::Broken("it is not UTF-8"))?
            }
        };
        let chunk: Chunk = serde_json::from_str(&text)
            .map_err(|_| Trouble::Broken("a piece of it is not what the API promises"))?;
        if chunk.is_error() {
            return Err(Trouble::Broken("the provider reported an error in its middle"));
        }
        Ok(chunk)
    }
}

/// The next event that carries data.
async fn next_data(
    events: &mut BoxStream<'static, Result<Sse, sse_stream::Error>>,
) -> Result<String, Trouble> {
    loop {
        let event = match events.next().await {
            Some(Ok(event)) => event,
            Some(Err(sse_stream::Error::Body(why))) => {
                return Err(why.downcast_ref::<Unread>().map_or(Unread::Cut.into(), |why| (*why).into()));
            }
            Some(Err(_)) => return Err(Trouble::Broken("it is not UTF-8")),
            None => return Err(Trouble::Broken("it ended without saying so")),
        };
        match event.data.filter(|data| !data.is_empty()) {
            Some(data) if data.trim() == DONE => {
                return Err(Trouble::Broken("it ended without saying why"));
            }
            Some(data) => return Ok(data),
            None => {}
        }
    }
}

/// A body piece by piece, each of them waited for no longer than is allowed. Comments that keep a stream alive count.
fn pieces(
    response: Response,
    first_by: Instant,
    first: Duration,
    between: Duration,
) -> BoxStream<'static, Result<bytes::Bytes, Unread>> {
    let begin = (response, Some(first_by), 0_usize);
    try_unfold(begin, move |(mut response, first_by, read)| async move {
        let by = first_by.unwrap_or_else(|| Instant::now() + between);
        let waited = if first_by.is_some() { first } else { between };
        let piece = timeout_at(by, response.chunk()).await.map_err(|_| Unread::Slow(waited))?;
        let Some(piece) = piece.map_err(|_| Unread::Cut)? else { return Ok(None) };
        let read = read.saturating_add(piece.len());
        if read > MOST_BYTES {
            return Err(Unread::TooLong);
        }
        Ok(Some((piece, (response, None, read))))
    })
    .boxed()
}
