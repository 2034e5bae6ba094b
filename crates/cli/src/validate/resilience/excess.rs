//! What a client may not do: nonsense, too much at once, too many places. Each is refused in words, or closed with its code.

use super::TrialPart;
use super::tab::{Tab, point};
use super::told::Told;
use crate::validate::stage::{ANSWER, Stage, Trouble};
use goldenpath_harness::{Client, Connect, ConnectError, TestUser};
use std::time::Duration;

/// How soon a connection is closed that has earned it.
const SOON: Duration = Duration::from_secs(3);

/// The longest that is waited for leave to come back.
const LONGEST_WAIT: Duration = Duration::from_secs(10);

/// The largest limits that are tried out.
const MOST_MESSAGES: usize = 400;
const MOST_BYTES: usize = 256 << 10;
const MOST_PLACES: usize = 20;

/// Frames that nobody can understand.
const NONSENSE: [&str; 3] = ["no JSON at all", r#"{"type":"no_such_type"}"#, r#"{"n":1}"#];

/// Frames that cannot be understood, one by one and in a row; one that is too large; and the connection works on, where
/// it was not closed.
pub(super) async fn bad_frames(stage: &Stage, user: &TestUser, n: usize) -> Result<(), Trouble> {
    let client = stage.enter(user).await?;
    let told = Told::by(&client.wait_for_greeting(ANSWER).await?);
    for (number, nonsense) in (100..).zip(NONSENSE) {
        refused(&client, client.send_text(nonsense.to_owned())).await?;
        // What is understood in between keeps the connection.
        client.ping(number).await?;
    }
    refused(&client, client.send_binary(vec![0, 159, 146, 150])).await?;
    client.ping(200).await?;
    if told.message_bytes <= MOST_BYTES {
        let large = format!(r#"{{"type":"ping","n":1,"pad":"{}"}}"#, "x".repeat(told.message_bytes));
        refused(&client, client.send_text(large)).await?;
    }
    Tab::new(stage, user, n, TrialPart::BadFrames).answer(&client).await?;
    client.close().await;

    let client = stage.enter(user).await?;
    for nonsense in NONSENSE {
        client.send_text(nonsense.to_owned()).await?;
    }
    client.wait_for_close(SOON).await?;
    Ok(())
}

/// Waits for the `error` that answers what is sent.
async fn refused(
    client: &Client,
    sending: impl Future<Output = Result<(), goldenpath_harness::SendError>>,
) -> Result<(), Trouble> {
    let before = client.view(|view| view.errors.len());
    sending.await?;
    let errors = |view: &goldenpath_harness::View| (view.errors.len() > before).then_some(());
    Ok(client.wait_for("an `error`", ANSWER, errors).await?)
}

/// One connection more than a user may have, a name that comes twice, and more messages than are served.
pub(super) async fn limits(stage: &Stage, user: &TestUser, n: usize) -> Result<(), Trouble> {
    let mut tab = Tab::new(stage, user, n, TrialPart::Limits);
    let client = stage.enter(user).await?;
    let told = Told::by(&client.wait_for_greeting(ANSWER).await?);
    stage.go_on(user, no_place(stage, user, &told).await)?;
    tab.answer(&client).await?;

    let name = tab.name();
    let first = stage.enter_as(user, Connect::fresh().as_client(name.as_str())).await?;
    let second = stage.enter_as(user, Connect::fresh().as_client(name)).await?;
    first.wait_for_close(SOON).await?;
    tab.answer(&second).await?;
    second.close().await;

    let many = told.message_burst + told.refusals_to_close + told.refusals_to_close / 4;
    let run = tab.begin(&client).await?;
    if many <= MOST_MESSAGES {
        let offset = client.view(|view| view.offset);
        for _ in 0..many {
            if client.ack(offset).await.is_err() {
                break;
            }
        }
        if client.wait_for_close(SOON).await.is_err() {
            client.close().await;
        }
    } else {
        client.close().await;
    }
    // Whoever waits is served again, from where it was.
    tokio::time::sleep(asked_to_wait(&client)).await;
    let from = point(&client)?;
    let client = tab.come_back(&from, Connect::fresh()).await?;
    tab.ends_unwatched(&run).await;
    tab.answer(&client).await?;
    client.close().await;
    Ok(())
}

/// How long a closed connection was told to stay away.
fn asked_to_wait(client: &Client) -> Duration {
    #[derive(serde::Deserialize)]
    struct Closing {
        after_ms: Option<u64>,
    }
    let told = client.view(|view| serde_json::from_str::<Closing>(view.closing.as_deref()?).ok()?.after_ms);
    Duration::from_millis(told.unwrap_or_default()).min(LONGEST_WAIT)
}

/// Takes every place of the user's, and asks for one more.
async fn no_place(stage: &Stage, user: &TestUser, told: &Told) -> Result<(), Trouble> {
    let mut taken = Vec::new();
    while taken.len() <= told.connections_per_user.min(MOST_PLACES) {
        match stage.session().connect(user, Connect::fresh()).await {
            Ok(client) => {
                client.wait_for_greeting(ANSWER).await?;
                taken.push(client);
            }
            Err(ConnectError::Refused { .. }) => break,
            Err(why) => return Err(why.into()),
        }
    }
    for client in taken {
        client.close().await;
    }
    Ok(())
}
