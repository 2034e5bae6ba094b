//! The one connection on which the server tells that streams changed, for all users of this node.
//!
//! What is told while it is down is lost; whenever streams are subscribed anew they become suspect, and are looked at.

use super::names::Names;
use super::watchers::Watchers;
use crate::Head;
use futures_util::StreamExt;
use goldenpath_protocol::Epoch;
use redis::aio::{PubSubSink, PubSubStream};
use redis::{Client, Msg, RedisError, Value};
use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

/// Channels in one command: a command holds up what comes behind it.
const CHANNELS_AT_ONCE: usize = 256;
/// Between attempts to connect: at first, and at most.
const FIRST_WAIT: Duration = Duration::from_millis(50);
const LONGEST_WAIT: Duration = Duration::from_secs(1);
/// A connection that says nothing for so long is asked whether it still is one.
const SILENCE: Duration = Duration::from_secs(2);

/// The connection is over, whatever the reason: all there is to do is to make another one.
struct Over;

impl From<RedisError> for Over {
    fn from(_: RedisError) -> Self {
        Self
    }
}

/// Listens for as long as it is let.
pub(super) async fn listen(client: Client, names: Arc<Names>, watchers: Arc<Watchers>, patience: Duration) {
    let mut wait = FIRST_WAIT;
    loop {
        if let Ok(mut ear) = Ear::open(&client, &names, &watchers, patience).await {
            wait = FIRST_WAIT;
            let Over = ear.follow().await;
        }
        tokio::time::sleep(wait).await;
        wait = (wait * 2).min(LONGEST_WAIT);
    }
}

struct Ear<'a> {
    sink: PubSubSink,
    messages: PubSubStream,
    names: &'a Names,
    watchers: &'a Watchers,
    patience: Duration,
}

impl<'a> Ear<'a> {
    /// Connects and subscribes what is watched.
    async fn open(
        client: &Client,
        names: &'a Names,
        watchers: &'a Watchers,
        patience: Duration,
    ) -> Result<Self, Over> {
        let (sink, messages) = within(patience, client.get_async_pubsub()).await?.split();
        let mut ear = Self { sink, messages, names, watchers, patience };
        ear.subscribe(watchers.all()).await?;
        Ok(ear)
    }

    /// Passes on what is told, and follows who comes and goes, until the connection is over.
    async fn follow(&mut self) -> Over {
        loop {
            let next = tokio::select! {
                message = self.messages.next() => match message {
                    Some(message) => {
                        self.hear(&message);
                        Ok(())
                    }
                    None => Err(Over),
                },
                () = self.watchers.changed.notified() => self.change().await,
                () = tokio::time::sleep(SILENCE) => self.ping().await,
            };
            if let Err(over) = next {
                return over;
            }
        }
    }

    fn hear(&self, message: &Msg) {
        let told = self.names.tag_of(message.get_channel_name()).zip(head(message.get_payload_bytes()));
        // On channels of ours nobody else says anything; if somebody does, the looks at the positions go on.
        if let Some((tag, head)) = told {
            self.watchers.tell(tag, &head);
        }
    }

    async fn change(&mut self) -> Result<(), Over> {
        let (came, went): (Vec<_>, Vec<_>) =
            self.watchers.take_changed().into_iter().partition(|(_, watched)| *watched);
        let went: Vec<String> = went.iter().map(|(tag, _)| self.names.channel(tag)).collect();
        for channels in went.chunks(CHANNELS_AT_ONCE) {
            within(self.patience, self.sink.unsubscribe(channels)).await?;
        }
        self.subscribe(came.into_iter().map(|(tag, _)| tag).collect()).await
    }

    async fn subscribe(&mut self, tags: Vec<String>) -> Result<(), Over> {
        for tags in tags.chunks(CHANNELS_AT_ONCE) {
            let channels: Vec<String> = tags.iter().map(|tag| self.names.channel(tag)).collect();
            within(self.patience, self.sink.subscribe(&channels)).await?;
            // What was told before the server knew of us nobody heard.
            self.watchers.suspect(tags.iter().cloned());
        }
        Ok(())
    }

    async fn ping(&mut self) -> Result<(), Over> {
        let _: Value = within(self.patience, self.sink.ping()).await?;
        Ok(())
    }
}

async fn within<T>(
    patience: Duration,
    asked: impl Future<Output = Result<T, RedisError>>,
) -> Result<T, Over> {
    Ok(tokio::time::timeout(patience, asked).await.map_err(|_| Over)??)
}

/// `<epoch>:<offset>`.
fn head(payload: &[u8]) -> Option<Head> {
    let (epoch, offset) = std::str::from_utf8(payload).ok()?.rsplit_once(':')?;
    Some(Head { epoch: Epoch::new(epoch).ok()?, offset: offset.parse().ok()? })
}

#[cfg(test)]
mod tests {
    use super::head;

    #[test]
    fn a_wake_is_an_epoch_and_an_offset() {
        let told = head(b"00ff:17").unwrap();
        assert_eq!((told.epoch.as_str(), told.offset), ("00ff", 17));
        for payload in [&b""[..], b"00ff", b"00ff:", b":17", b"00ff:-1", b"00ff:1e3", b"\xff:1"] {
            assert_eq!(head(payload), None, "{payload:?}");
        }
    }
}
