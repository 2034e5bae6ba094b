//! A token that ends while its socket is open: the stream goes on for the grace, then it is over, and says why.

use super::stage::{ANSWER, Stage, Trouble};
use goldenpath_harness::{Connect, Credential, TestUser};
use serde_json::{Value, json};
use std::time::Duration;
use tokio::task::JoinHandle;

/// How long the token is good.
const TTL: Duration = Duration::from_secs(3);

/// The grace, where the greeting does not tell it.
const GRACE: Duration = Duration::from_secs(25);

/// Beyond expiry and grace: one second is the promise, the rest makes a late close visible as such.
const SLACK: Duration = Duration::from_secs(5);

/// Watches one ending token beside everything else; ends with its owner.
pub(crate) struct Expiry(JoinHandle<Result<(), Trouble>>);

impl Expiry {
    pub(crate) fn begin(stage: &Stage) -> Self {
        let stage = stage.uncounted();
        Self(tokio::spawn(async move {
            match stage.spare().cloned() {
                Some(user) => watch(&stage, &user).await,
                None => Ok(()),
            }
        }))
    }

    /// How it went.
    pub(crate) async fn outcome(mut self) -> Result<(), Trouble> {
        (&mut self.0).await.unwrap_or_else(|why| match why.is_panic() {
            true => std::panic::resume_unwind(why.into_panic()),
            false => Err(Trouble::Unmet(format!("the watch ended early: {why}"))),
        })
    }
}

impl Drop for Expiry {
    fn drop(&mut self) {
        self.0.abort();
    }
}

async fn watch(stage: &Stage, user: &TestUser) -> Result<(), Trouble> {
    let client = stage.enter_as(user, Connect::fresh().showing(Credential::ShortLived(TTL))).await?;
    let greeting = client.wait_for_greeting(ANSWER).await?;
    if let Some(scenario) = stage.scenarios(0).first() {
        let prompt = stage.prompts("security/expiry", user).next(scenario);
        stage.answer(&client, &prompt, None).await?;
    }
    let grace = greeting.token_grace.unwrap_or(GRACE);
    let closed = client.wait_for_close(TTL + grace + SLACK).await;
    let expires_at = serde_json::from_str::<Value>(&greeting.raw)
        .map(|frame| frame["token_expires_at"].clone())
        .unwrap_or_default();
    let note = json!({
        "kind": "expiry",
        "owner": &**user.name(),
        "target": greeting.connection_id,
        "status": closed.as_ref().ok().and_then(|closed| closed.code),
        "answer": client.view(|view| view.closing.clone()),
        "token_expires_at": expires_at,
    });
    stage.recorder().mark(Some(client.conn()), Some(user.name()), "probe", Some(note.to_string()));
    if closed.is_err() {
        client.close().await;
    } else if let Some(point) = client.view(|view| view.resume_point()) {
        // With a token that holds its user goes on where it was.
        stage.enter_as(user, Connect::fresh().resuming(&point)).await?.close().await;
    }
    closed.map(|_| ()).map_err(Trouble::from)
}
