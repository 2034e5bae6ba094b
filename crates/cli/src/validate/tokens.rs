//! Tokens that must be refused, tokens that must be taken, and tokens renewed in mid-stream.

use super::stage::{ANSWER, Stage, Trouble};
use goldenpath_harness::{AuthMode, Client, Connect, ConnectError, Credential, Forgery, Token};
use serde_json::json;

/// Shows every bad token, on a new connection and on a resume, then a good one, then renews it with the own and with a foreign one.
pub(crate) async fn probe(stage: &Stage) -> Result<(), Trouble> {
    if matches!(stage.session().auth().mode, AuthMode::None) {
        return Ok(());
    }
    let Some(user) = stage.spare() else { return Ok(()) };
    let own = stage.enter(user).await?;
    let point = own.view(|view| view.resume_point());
    own.close().await;
    // What looks at tokens must not be passed by on the way back.
    let ways = [Some(Connect::fresh()), point.map(|point| Connect::fresh().resuming(&point))];
    for forgery in Forgery::ALL {
        for how in ways.iter().flatten() {
            match stage.session().connect(user, how.clone().showing(Credential::Forged(forgery))).await {
                // It was let in: an answer is awaited, so that the record shows how far it gets.
                Ok(client) => {
                    let _ = client.wait_for_greeting(ANSWER).await;
                    client.close().await;
                }
                Err(ConnectError::Refused { .. }) => {}
                Err(ConnectError::Credential(why)) => {
                    // Not every case can be made of a given token, on whatever way.
                    stage.note(user.name(), &why.to_string());
                    break;
                }
                Err(why) => return Err(why.into()),
            }
        }
    }
    // After all these failures the same user gets in.
    let client = stage.enter(user).await?;
    let Some(own) = user.token().map_err(|why| Trouble::Unmet(why.to_string()))? else { return Ok(()) };
    stage.go_on(user, refresh(stage, &client, &own, user.name()).await)?;
    if let Some(other) = stage.users().iter().find(|other| other.name() != user.name()) {
        let foreign = other.token().map_err(|why| Trouble::Unmet(why.to_string()))?;
        if let Some(foreign) = foreign {
            stage.go_on(user, refresh(stage, &client, &foreign, other.name()).await)?;
        }
    }
    if let Some(scenario) = stage.scenarios(0).first() {
        // Still the same user afterwards: whose run this is shows in its events.
        let prompt = stage.prompts("security/refreshed", user).next(scenario);
        stage.answer(&client, &prompt, None).await?;
    }
    client.close().await;
    Ok(())
}

async fn refresh(stage: &Stage, client: &Client, token: &Token, owner: &str) -> Result<(), Trouble> {
    let (taken, refused) = client.view(|view| (view.refreshed.len(), view.errors.len()));
    client.refresh(token).await?;
    let answer = client
        .wait_for("the answer to a refresh", ANSWER, |view| {
            let yes = view.refreshed.get(taken).cloned();
            yes.or_else(|| view.errors.get(refused).map(|error| error.raw.clone()))
        })
        .await;
    let note = json!({"kind": "refresh", "owner": owner, "target": null, "status": null, "answer": answer.as_ref().ok()});
    stage.recorder().mark(Some(client.conn()), Some(client.user()), "probe", Some(note.to_string()));
    answer.map(|_| ()).map_err(Trouble::from)
}
