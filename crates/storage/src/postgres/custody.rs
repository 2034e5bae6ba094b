//! Which node holds which run. A node says again and again that it lives; the runs of one that has not are for whoever takes them
//! first. All times are the server's: the clocks of nodes differ.

use super::fault::Fault;
use super::read::{RawRunRow, run_row};
use crate::StoreError;
use crate::rows::RunRow;
use goldenpath_protocol::{RunId, UserId};
use sqlx::PgConnection;
use std::time::Duration;

/// Keeps the node alive for so long, and gives its runs that were asked to be cancelled.
pub(super) async fn keep_alive(
    connection: &mut PgConnection,
    node: &str,
    lease: Duration,
) -> Result<Vec<RunId>, Fault> {
    let asked: Vec<String> = sqlx::query_scalar(
        "WITH alive AS (
             INSERT INTO goldenpath.nodes AS known (node, alive_until)
             VALUES ($1, now() + make_interval(secs => $2))
             ON CONFLICT (node) DO UPDATE SET alive_until = excluded.alive_until
         )
         SELECT run_id FROM goldenpath.runs WHERE state = 'running' AND node = $1 AND cancel_asked",
    )
    .bind(node)
    .bind(lease.as_secs_f64())
    .fetch_all(connection)
    .await?;
    let id = |run| RunId::new(run).map_err(|error| StoreError::Failed(error.to_string()).into());
    asked.into_iter().map(id).collect()
}

/// Takes what nodes that are gone held, if it may; gives every running run that this node holds now. Of two nodes that take at once
/// the second waits for the first, and finds another holder than the one that is gone.
pub(super) async fn take_over(
    connection: &mut PgConnection,
    node: &str,
    may: bool,
) -> Result<Vec<RunRow>, Fault> {
    // Forgotten after a day: nobody asks for the name of a node that is gone.
    sqlx::query("DELETE FROM goldenpath.nodes WHERE alive_until < now() - interval '1 day'")
        .execute(&mut *connection)
        .await?;
    let rows: Vec<RawRunRow> = sqlx::query_as(
        // A row that was waited for is looked at again as it is now, the list of living nodes is not: a holder that became known
        // meanwhile is not on it. So what was left behind is found by who held it, and only taken from that one.
        "WITH gone AS (
             SELECT run_id AS left_behind, node AS holder FROM goldenpath.runs
             WHERE $2 AND state = 'running' AND node <> $1
               AND NOT EXISTS (SELECT FROM goldenpath.nodes n WHERE n.node = runs.node AND n.alive_until > now())
         ), taken AS (
             UPDATE goldenpath.runs SET node = $1 FROM gone
             WHERE run_id = left_behind AND node = holder AND state = 'running'
             RETURNING runs.*
         ), held AS (
             SELECT * FROM taken
             UNION ALL
             SELECT * FROM goldenpath.runs WHERE state = 'running' AND node = $1
         )
         SELECT run_id, thread_id, user_id, request_id, agent, message, state, event_count, final_response,
                created_ms, true
         FROM held ORDER BY created_ms, place",
    )
    .bind(node)
    .bind(may)
    .fetch_all(connection)
    .await?;
    rows.into_iter().map(run_row).collect()
}

/// Marks a run for the node that holds it.
pub(super) async fn ask_to_cancel(
    connection: &mut PgConnection,
    user: &UserId,
    run: &RunId,
) -> Result<(), Fault> {
    sqlx::query(
        "UPDATE goldenpath.runs SET cancel_asked = true
         WHERE run_id = $1 AND user_id = $2 AND state = 'running'",
    )
    .bind(run.as_str())
    .bind(user.as_str())
    .execute(connection)
    .await?;
    Ok(())
}
