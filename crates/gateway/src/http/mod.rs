//! The HTTP side: whether the node is well, and the user's own threads and runs.

mod answers;
mod own_data;

pub(crate) use answers::Refusal;

use crate::auth::Hearing;
use crate::server::Gateway;
use crate::socket;
use axum::Router;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use http::StatusCode;
use http::header::CONTENT_TYPE;
use serde::Serialize;
use std::sync::Arc;

/// All routes of a node.
pub(crate) fn router(gateway: Arc<Gateway>) -> Router {
    Router::new()
        .route("/ws", get(socket::upgrade))
        .route("/health", get(health))
        .route("/ready", get(ready))
        .route("/metrics", get(metrics))
        .route("/threads", get(own_data::threads))
        .route("/threads/{id}", get(own_data::thread))
        .route("/runs/{id}", get(own_data::run))
        .fallback(no_such_route)
        .method_not_allowed_fallback(no_such_method)
        .with_state(gateway)
}

#[derive(Serialize)]
struct Health {
    status: &'static str,
}

async fn health() -> Response {
    answers::json(StatusCode::OK, &Health { status: "ok" })
}

/// Whether each part can take work.
#[derive(Serialize)]
struct Readiness {
    ready: bool,
    store: &'static str,
    event_log: &'static str,
    /// Whether tokens can be judged: not before the issuer's keys were read for the first time.
    auth: &'static str,
    draining: bool,
    /// `not_read`: this node is told of no revocations, and a token holds until it expires. `unavailable`: it was not told for
    /// seconds. It still serves then, as the other nodes must: what takes the issuer down must not take them with it.
    revocations: &'static str,
}

async fn ready(State(gateway): State<Arc<Gateway>>) -> Response {
    let (store, event_log) = tokio::join!(gateway.store.ready(), gateway.log.ready());
    if let Err(error) = &store {
        tracing::warn!(%error, "the store is not ready");
    }
    if let Err(error) = &event_log {
        tracing::warn!(%error, "the event log is not ready");
    }
    let draining = gateway.is_draining();
    let can_judge = gateway.verifier.can_judge();
    let ready = store.is_ok() && event_log.is_ok() && can_judge && !draining;
    let word = |ok: bool| if ok { "ok" } else { "unavailable" };
    let body = Readiness {
        ready,
        store: word(store.is_ok()),
        event_log: word(event_log.is_ok()),
        auth: word(can_judge),
        draining,
        revocations: match gateway.verifier.revocations().map(|list| list.hearing()) {
            None => "not_read",
            Some(hearing) => word(hearing == Hearing::Current),
        },
    };
    answers::json(if ready { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE }, &body)
}

async fn metrics(State(gateway): State<Arc<Gateway>>) -> Response {
    ([(CONTENT_TYPE, "text/plain; version=0.0.4; charset=utf-8")], gateway.metrics.render()).into_response()
}

async fn no_such_route() -> Response {
    Refusal::new(StatusCode::NOT_FOUND, "not_found", "no such resource").into_response()
}

async fn no_such_method() -> Response {
    Refusal::new(StatusCode::METHOD_NOT_ALLOWED, "method_not_allowed", "this resource is read with GET")
        .into_response()
}
