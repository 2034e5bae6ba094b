//! A token that was shown is in no record, whoever says it again.

use crate::world::{SOON, accept, connect, frames, minting, serve};
use futures_util::{SinkExt as _, StreamExt as _};
use goldenpath_harness::{Auth, Connect, Recording, Session, TestUser, Token};
use goldenpath_history::Direction;
use tokio_tungstenite::tungstenite::Message;

#[tokio::test]
async fn a_refreshed_token_is_sent_and_not_recorded() {
    let (sent, mut seen) = tokio::sync::mpsc::channel(1);
    let target = serve(|tcp| async move {
        let mut socket = accept(tcp).await;
        while let Some(Ok(Message::Text(text))) = socket.next().await {
            // The token comes back in what the server says: it must not reach the file either.
            socket.send(Message::text(text.clone())).await.unwrap();
            sent.send(text.to_string()).await.unwrap();
        }
    })
    .await;
    let recording = Recording::in_memory().unwrap();
    let client = connect(target, &recording).await.unwrap();
    let token = minting().1.token().unwrap().unwrap();
    client.refresh(&token).await.unwrap();
    assert!(seen.recv().await.unwrap().contains(token.reveal()));
    client.wait_for("the echo", SOON, |view| (view.frames > 0).then_some(())).await.unwrap();
    drop(client);
    let records = recording.finish().unwrap().records;
    assert_eq!(frames(&records, Direction::Out), [r#"{"token":"«redacted jwt»","type":"refresh"}"#]);
    assert_eq!(frames(&records, Direction::In), [r#"{"token":"«redacted jwt»","type":"refresh"}"#]);
}

/// A token that looks like nothing is known because it was shown.
#[tokio::test]
async fn a_given_token_that_is_no_jwt_is_not_recorded_either() {
    const TOKEN: &str = "correct-horse";
    let target = serve(|tcp| async move {
        let mut socket = accept(tcp).await;
        let echo = || format!("{{\"type\":\"error\",\"message\":\"no {TOKEN}\"}}");
        socket.send(Message::text(echo())).await.unwrap();
        socket.send(Message::binary(echo())).await.unwrap();
        let _ = socket.next().await;
    })
    .await;
    let recording = Recording::in_memory().unwrap();
    let session = Session::new(target, Auth::none(), recording.recorder());
    let user = TestUser::given("ada", Token::new(TOKEN));
    let client = session.connect(&user, Connect::fresh()).await.unwrap();
    client.send_text(format!("I am {TOKEN}")).await.unwrap();
    client.wait_for("both", SOON, |view| (view.frames == 2).then_some(())).await.unwrap();
    recording.recorder().mark(None, None, "store", Some(format!("{{\"body\":\"{TOKEN}\"}}")));
    drop(client);
    let records = recording.finish().unwrap().records;
    assert_eq!(frames(&records, Direction::Out), ["I am «redacted token»"]);
    let kept = format!("{records:?}");
    let encoded = base64::Engine::encode(&base64::engine::general_purpose::STANDARD, TOKEN);
    assert!(!kept.contains(TOKEN) && !kept.contains(encoded.trim_end_matches('=')), "{kept}");
    assert!(kept.contains(r#"\"body\":\"«redacted token»\""#), "{kept}");
}
