//! Words for findings about connections, and what more than one of these checks asks.

use crate::index::{ConnView, Index};
use crate::observation::{ConnIx, UserIx};
use goldenpath_history::{ClosedBy, RecordKind};

/// The connection, as findings name it.
pub(super) fn conn_words(index: &Index, view: &ConnView) -> String {
    format!("a connection of user `{}`", index.user_name(view.user))
}

/// Nanoseconds as seconds, for findings.
#[allow(clippy::cast_precision_loss, reason = "a session is far below 2^53 ns")]
pub(super) fn seconds(ns: u64) -> f64 {
    ns as f64 / 1e9
}

/// How a connection ended that its client did not end, in words.
pub(super) fn end_words(code: Option<u16>, by: ClosedBy) -> String {
    match (code, by) {
        (Some(code), ClosedBy::Server) => format!("the server closed it with {code}"),
        _ => "its transport ended without a Close".to_owned(),
    }
}

/// The `client_id` in an address.
pub(super) fn client_id(kind: &RecordKind<'_>) -> Option<Box<str>> {
    let RecordKind::Open { url: Some(url), .. } = kind else { return None };
    let (_, query) = url.split_once('?')?;
    query.split('&').find_map(|pair| pair.strip_prefix("client_id=")).map(Into::into)
}

/// Whether something asked for on this connection is still owed: the line where it began, for a finding.
pub(super) fn owed_on(index: &Index, conn: ConnIx, user: Option<UserIx>) -> Option<u64> {
    let view = index.user(user?)?;
    view.open_runs.iter().filter_map(|run| index.run(*run)).find_map(|run| {
        let asked_here = index.request_of_run(run).is_some_and(|request| request.conn == Some(conn));
        let seen_here = run.sights.iter().any(|sight| sight.conn == conn);
        (run.terminal.is_none() && (asked_here || seen_here)).then_some(run.last_line)
    })
}
