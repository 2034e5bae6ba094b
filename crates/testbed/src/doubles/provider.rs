//! A model provider whose answers come as a script says: with pauses, and broken off in their middle. Where whole answers
//! are enough, an HTTP mock does.

use crate::TestbedError;
use crate::builder::part;
use axum::body::{Body, Bytes};
use axum::extract::{Json, State};
use axum::http::header::CONTENT_TYPE;
use axum::response::{IntoResponse, Response};
use axum::{Router, routing::post};
use futures_util::stream::unfold;
use serde_json::Value;
use std::collections::VecDeque;
use std::io;
use std::sync::{Arc, Mutex, PoisonError};
use tokio::net::TcpListener;
use tokio::sync::Semaphore;
use tokio_util::task::AbortOnDropHandle;

/// One step of an answer's body.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Beat {
    /// These bytes are sent.
    Send(String),
    /// Nothing is sent until [`ScriptedProvider::go_on`].
    Hold,
    /// The connection ends where it stands.
    Break,
}

/// A provider of completions on a port of its own, until it is dropped. Each request is answered by the next answer of the script;
/// one too many gets 404.
#[derive(Debug)]
#[must_use = "the provider stops when this is dropped"]
pub struct ScriptedProvider {
    url: String,
    shared: Arc<Shared>,
    _server: AbortOnDropHandle<()>,
}

#[derive(Debug)]
struct Shared {
    script: Mutex<VecDeque<Vec<Beat>>>,
    asked: Mutex<Vec<Value>>,
    gate: Semaphore,
    /// One permit for each answer whose asker left before its end.
    abandoned: Semaphore,
}

impl ScriptedProvider {
    /// Starts it.
    ///
    /// # Errors
    /// When no port can be had.
    pub async fn start(script: Vec<Vec<Beat>>) -> Result<Self, TestbedError> {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.map_err(part("model provider"))?;
        let addr = listener.local_addr().map_err(part("model provider"))?;
        let shared = Arc::new(Shared {
            script: Mutex::new(script.into()),
            asked: Mutex::default(),
            gate: Semaphore::new(0),
            abandoned: Semaphore::new(0),
        });
        let router =
            Router::new().route("/v1/chat/completions", post(answer)).with_state(Arc::clone(&shared));
        let server = tokio::spawn(async move {
            // It ends only with its task.
            let _ = axum::serve(listener, router).await;
        });
        let url = format!("http://{addr}/v1");
        Ok(Self { url, shared, _server: AbortOnDropHandle::new(server) })
    }

    /// The address of its API.
    #[must_use]
    pub fn url(&self) -> &str {
        &self.url
    }

    /// The requests so far.
    #[must_use]
    pub fn asked(&self) -> Vec<Value> {
        self.shared.asked.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Lets one answer that holds, or the next to do so, go on.
    pub fn go_on(&self) {
        self.shared.gate.add_permits(1);
    }

    /// Waits until somebody leaves before the end of an answer.
    pub async fn abandoned(&self) {
        if let Ok(left) = self.shared.abandoned.acquire().await {
            left.forget();
        }
    }
}

async fn answer(State(shared): State<Arc<Shared>>, Json(request): Json<Value>) -> Response {
    shared.asked.lock().unwrap_or_else(PoisonError::into_inner).push(request);
    let next = shared.script.lock().unwrap_or_else(PoisonError::into_inner).pop_front();
    let Some(beats) = next else { return axum::http::StatusCode::NOT_FOUND.into_response() };
    let playing = Playing { beats: beats.into(), shared };
    let body = unfold(playing, |mut playing| async move {
        let piece = playing.next().await?;
        Some((piece, playing))
    });
    ([(CONTENT_TYPE, "text/event-stream")], Body::from_stream(body)).into_response()
}

/// An answer on its way.
struct Playing {
    beats: VecDeque<Beat>,
    shared: Arc<Shared>,
}

impl Playing {
    async fn next(&mut self) -> Option<io::Result<Bytes>> {
        loop {
            match self.beats.front()? {
                Beat::Send(_) => {}
                // Stays first until it is over: who is left here was abandoned.
                Beat::Hold => self.shared.gate.acquire().await.ok()?.forget(),
                Beat::Break => {
                    self.beats.clear();
                    return Some(Err(io::Error::from(io::ErrorKind::ConnectionAborted)));
                }
            }
            if let Some(Beat::Send(text)) = self.beats.pop_front() {
                return Some(Ok(Bytes::from(text)));
            }
        }
    }
}

impl Drop for Playing {
    fn drop(&mut self) {
        if !self.beats.is_empty() {
            self.shared.abandoned.add_permits(1);
        }
    }
}
