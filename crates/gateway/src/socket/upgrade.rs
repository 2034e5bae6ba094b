//! Who gets a socket. A refusal here is plain HTTP: no socket, no frame.

use super::session;
use crate::auth::Authenticated;
use crate::http::Refusal;
use crate::manager::{self, HeldToken, Permit, Visitor};
use crate::network::client_address;
use crate::server::{Gateway, Peer};
use axum::extract::ws::WebSocketUpgrade;
use axum::extract::ws::rejection::WebSocketUpgradeRejection;
use axum::extract::{ConnectInfo, RawQuery, State};
use axum::response::Response;
use goldenpath_protocol::SUBPROTOCOL;
use http::header::{HOST, ORIGIN};
use http::{HeaderMap, HeaderName, StatusCode};
use std::sync::Arc;

/// Read per system call. tungstenite's own 128 KiB would be the memory of ten idle connections.
const READ_BUFFER: usize = 4 * 1024;
/// Written per system call, at least.
const WRITE_BUFFER: usize = 4 * 1024;
/// An inbound message of up to this many times the limit is read to be refused by name; more closes 1009.
const READ_TO_REFUSE: usize = 4;
/// What framing may add to an event on the wire, and the control frames beside it.
const WRITE_SLACK: usize = 64 * 1024;

const FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");

pub(crate) async fn upgrade(
    State(gateway): State<Arc<Gateway>>,
    ConnectInfo(peer): ConnectInfo<Peer>,
    headers: HeaderMap,
    RawQuery(query): RawQuery,
    upgrade: Result<WebSocketUpgrade, WebSocketUpgradeRejection>,
) -> Result<Response, Refusal> {
    let Authenticated { presented, claims } = gateway.authenticate(&headers, query.as_deref()).await?;
    check_origin(&headers, &gateway.config.allowed_origins)?;
    refuse_if_draining(&gateway)?;
    let upgrade = upgrade.map_err(|rejection| {
        Refusal::new(
            StatusCode::BAD_REQUEST,
            "bad_request",
            format!("not a WebSocket handshake: {rejection}"),
        )
    })?;
    let visitor = Visitor {
        user: claims.user_id.clone(),
        address: client_address(
            peer.address.ip(),
            forwarded(&headers).as_deref(),
            &gateway.config.trusted_proxies,
        ),
        client_id: presented.client_id.clone(),
    };
    let permit = admit(&gateway, visitor)?;
    // Again, now that the place is taken: a drain that begins from here on counts it and waits for its socket.
    refuse_if_draining(&gateway)?;
    let config = &gateway.config;
    let largest = config.message_bytes.saturating_mul(READ_TO_REFUSE);
    let upgrade = upgrade
        .read_buffer_size(READ_BUFFER)
        .write_buffer_size(WRITE_BUFFER)
        .max_write_buffer_size(WRITE_BUFFER + config.event_bytes + WRITE_SLACK)
        .max_message_size(largest)
        .max_frame_size(largest);
    let upgrade = if presented.subprotocol { upgrade.protocols([SUBPROTOCOL]) } else { upgrade };
    peer.wire.limit_message(largest);
    Ok(upgrade.on_upgrade(move |socket| async move {
        let tasks = gateway.tasks.clone();
        let visit = session::Visit {
            tier: claims.tier,
            token: HeldToken::from(&claims),
            resume: presented.resume,
            wire: peer.wire,
        };
        // A task of its own: axum's would keep the whole handshake in memory for as long as the socket lives.
        tasks.spawn(session::run(socket, gateway, permit, visit));
    }))
}

fn refuse_if_draining(gateway: &Gateway) -> Result<(), Refusal> {
    if !gateway.is_draining() {
        return Ok(());
    }
    let message = "the server is about to stop";
    Err(Refusal::new(StatusCode::SERVICE_UNAVAILABLE, "draining", message).retry_after(1))
}

/// All hops that proxies named, in one list: each may have added a line of its own (RFC 9110, 5.3).
fn forwarded(headers: &HeaderMap) -> Option<String> {
    let lines: Option<Vec<_>> =
        headers.get_all(FORWARDED_FOR).iter().map(|value| value.to_str().ok()).collect();
    lines.map(|lines| lines.join(","))
}

/// Browsers say where a page comes from; a page of somebody else must not use its visitor's session.
fn check_origin(headers: &HeaderMap, allowed: &[String]) -> Result<(), Refusal> {
    let Some(origin) = headers.get(ORIGIN) else { return Ok(()) };
    let origin = origin.to_str().unwrap_or_default();
    let host = headers.get(HOST).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let same_host = origin
        .split_once("://")
        .is_some_and(|(_, authority)| !authority.is_empty() && authority.eq_ignore_ascii_case(host));
    if same_host || allowed.iter().any(|one| one.eq_ignore_ascii_case(origin)) {
        return Ok(());
    }
    Err(Refusal::new(StatusCode::FORBIDDEN, "forbidden_origin", "pages of this origin may not connect"))
}

fn admit(gateway: &Gateway, visitor: Visitor) -> Result<Permit, Refusal> {
    gateway.manager.admit(visitor).map_err(|refusal| {
        let (status, code) = match refusal {
            manager::Refusal::UserLimit => (StatusCode::TOO_MANY_REQUESTS, "user_limit"),
            manager::Refusal::AddressLimit => (StatusCode::TOO_MANY_REQUESTS, "ip_limit"),
            manager::Refusal::NodeLimit => (StatusCode::SERVICE_UNAVAILABLE, "node_limit"),
        };
        Refusal::new(status, code, refusal.to_string()).retry_after(5)
    })
}

#[cfg(test)]
mod tests {
    use super::{check_origin, forwarded};
    use crate::network::client_address;
    use http::HeaderMap;

    #[test]
    fn proxies_may_name_their_hops_in_lines_of_their_own() {
        let mut headers = HeaderMap::new();
        for line in ["6.6.6.6", "1.1.1.1", "10.0.0.2"] {
            headers.append("x-forwarded-for", line.parse().unwrap());
        }
        let trusted = ["10.0.0.0/8".parse().unwrap()];
        let client = client_address("10.0.0.1".parse().unwrap(), forwarded(&headers).as_deref(), &trusted);
        assert_eq!(client.to_string(), "1.1.1.1");
    }

    #[test]
    fn only_own_and_listed_origins_may_connect() {
        let allowed = ["https://app.example.com".to_owned()];
        let judge = |origin: Option<&str>| {
            let mut headers = HeaderMap::new();
            headers.insert("host", "127.0.0.1:8000".parse().unwrap());
            if let Some(origin) = origin {
                headers.insert("origin", origin.parse().unwrap());
            }
            check_origin(&headers, &allowed).is_ok()
        };
        assert!(
            judge(None) && judge(Some("http://127.0.0.1:8000")) && judge(Some("https://APP.example.com"))
        );
        assert!(!judge(Some("https://evil.example")) && !judge(Some("null")) && !judge(Some("")));
        assert!(!judge(Some("http://127.0.0.1:9000")));
    }
}
