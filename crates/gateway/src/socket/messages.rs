//! What each client frame does.

use super::frame::{self, Misunderstood, parse};
use super::reader::Reader;
use crate::bridge::{Accepted, RequestRefused, RunRequest};
use crate::manager::{Connection, HeldToken};
use axum::extract::ws::Message;
use goldenpath_protocol::{ClientFrame, ErrorCode, RequestId, ServerFrame};
use std::sync::Arc;

/// A message as a frame, if it is one.
pub(super) fn understand(message: &Message, most: usize) -> Result<ClientFrame, Misunderstood> {
    match message {
        Message::Text(text) if text.len() > most => {
            let message = format!("the message has {} bytes, the limit is {most}", text.len());
            Err(Misunderstood::new(ErrorCode::TooLarge, message))
        }
        Message::Text(text) => parse(text),
        _ => Err(Misunderstood::new(ErrorCode::BinaryFrame, "frames are JSON in text messages")),
    }
}

/// The request that a message is about, whether or not it is served.
pub(super) fn request_id(message: &Message, most: usize) -> Option<RequestId> {
    match message {
        Message::Text(text) if text.len() <= most => frame::request_id(text),
        _ => None,
    }
}

impl Reader<'_> {
    pub(super) async fn serve(&mut self, frame: ClientFrame) {
        let connection = self.connection;
        match frame {
            ClientFrame::AgentRequest { request_id, thread_id, agent, message } => {
                let request = RunRequest {
                    user_id: connection.user().clone(),
                    tier: self.tier,
                    request_id: request_id.clone(),
                    thread_id,
                    agent,
                    message,
                };
                // Announced before the run makes an event; the writer drains the outbox after every read of the
                // log and before it writes what it read, so no event of the run overtakes it here.
                let asked_by = Arc::clone(connection);
                let begun =
                    self.gateway.bridge.request(request, move |accepted| announce(&asked_by, accepted)).await;
                if let Err(RequestRefused { code, message }) = begun {
                    connection.reply(&ServerFrame::error(code, message, Some(request_id)));
                }
            }
            ClientFrame::Cancel { run_id } => {
                if let Err(refused) = self.gateway.bridge.cancel(connection.user(), &run_id).await {
                    connection.reply(&ServerFrame::error(refused.code, refused.message, None));
                }
            }
            ClientFrame::Ack { offset } => self.acknowledge(offset).await,
            ClientFrame::Refresh { token } => self.refresh(&token).await,
            ClientFrame::Ping { n } => {
                connection.reply(&ServerFrame::Pong { n, server_time: self.gateway.clock.now() });
            }
        }
    }

    async fn acknowledge(&self, offset: u64) {
        let connection = self.connection;
        if !connection.delivery().acknowledged(offset) {
            let sent = connection.delivery().last_written();
            let message = format!("offset {offset} was not sent here, the last one was {sent}");
            connection.reply(&ServerFrame::error(ErrorCode::AckOutOfRange, message, None));
            return;
        }
        let Some(client) = connection.client_id() else { return };
        if let Err(error) = self.gateway.log.acknowledge(connection.user(), client, offset).await {
            tracing::warn!(%error, "failed to keep an acknowledgement");
            connection.reply(&ServerFrame::error(
                ErrorCode::Internal,
                "failed to keep the acknowledgement",
                None,
            ));
        }
    }

    async fn refresh(&mut self, token: &str) {
        let (connection, gateway) = (self.connection, self.gateway);
        let leeway = gateway.config.token_leeway.as_secs();
        let refuse = |message: String| {
            connection.reply(&ServerFrame::error(ErrorCode::RefreshRefused, message, None));
        };
        match gateway.verifier.renew(connection.user(), token, gateway.clock.now(), leeway).await {
            Ok(claims) => {
                connection.refresh(HeldToken::from(&claims));
                self.tier = claims.tier;
                if gateway.end_if_revoked(connection) {
                    return;
                }
                connection.reply(&ServerFrame::TokenRefreshed { token_expires_at: claims.expires_at });
            }
            Err(refused) => {
                tracing::info!(cause = refused.cause(), "refused a refresh");
                refuse(refused.to_string());
            }
        }
    }
}

fn announce(connection: &Connection, accepted: &Accepted) {
    let Accepted { request_id, run_id, thread_id, duplicate } = accepted.clone();
    connection.reply(&ServerFrame::RequestAccepted { request_id, run_id, thread_id, duplicate });
}
