//! A token that its issuer revokes: what it opened ends, soon, and it opens nothing any more.

use super::stage::{ANSWER, Stage, Trouble};
use goldenpath_harness::{AuthMode, Connect, ConnectError, Credential};
use serde_json::json;
use std::time::Duration;
use tokio::time::Instant;

/// Beyond the promise of two seconds, so that a late close is visible as such.
const PATIENCE: Duration = Duration::from_secs(6);

/// For so long the news may be under way, and a moment more: only who is let in after that was let in wrongly.
const UNDER_WAY: Duration = Duration::from_millis(2_200);

/// Revokes a token of a user who does nothing else, where there is an issuer that takes revocations.
pub(crate) async fn probe(stage: &Stage) -> Result<(), Trouble> {
    let AuthMode::OAuth(issuer) = &stage.session().auth().mode else { return Ok(()) };
    let Some(user) = stage.spare() else { return Ok(()) };
    let Some(identity) = user.identity() else { return Ok(()) };
    if !issuer.takes_revocations() {
        return Ok(());
    }
    let unmet = |why: goldenpath_harness::AuthError| Trouble::Unmet(why.to_string());
    // A token of its own: the one in use is renewed when it is due.
    let token = identity.fresh_token().await.map_err(unmet)?;
    let client = stage.enter_as(user, Connect::fresh().showing(Credential::Exactly(token.clone()))).await?;
    client.wait_for_greeting(ANSWER).await?;
    if let Some(scenario) = stage.scenarios(0).first() {
        let prompt = stage.prompts("security/revocation", user).next(scenario);
        stage.answer(&client, &prompt, None).await?;
    }
    let point = client.view(|view| view.resume_point());
    let status = issuer.revoke(&token).await.map_err(unmet)?;
    let note = json!({"kind": "revocation", "owner": &**user.name(), "target": null, "status": status,
        "answer": null});
    stage.recorder().mark(Some(client.conn()), Some(user.name()), "probe", Some(note.to_string()));
    let known = Instant::now() + UNDER_WAY;
    if client.wait_for_close(PATIENCE).await.is_err() {
        client.close().await;
    }
    tokio::time::sleep_until(known).await;
    let resumed = point.map(|point| Connect::fresh().resuming(&point));
    for how in [Some(Connect::fresh()), resumed].into_iter().flatten() {
        match stage.session().connect(user, how.showing(Credential::Revoked(token.clone()))).await {
            // It was let in: the record shows how far it gets.
            Ok(client) => {
                let _ = client.wait_for_greeting(ANSWER).await;
                client.close().await;
            }
            Err(ConnectError::Refused { .. }) => {}
            Err(why) => return Err(why.into()),
        }
    }
    // The user goes on with a token that holds.
    identity.fresh_token().await.map(drop).map_err(unmet)
}
