//! What a greeting tells of limits and times, and the protocol's defaults where it tells nothing.

use goldenpath_harness::Greeting;
use serde::Deserialize;
use std::time::Duration;

/// The limits of a connection.
#[derive(Debug, Clone, Deserialize)]
#[serde(default)]
pub(super) struct Told {
    pub(super) replay_events: u64,
    pub(super) connections_per_user: usize,
    pub(super) message_bytes: usize,
    pub(super) message_burst: usize,
    pub(super) refusals_to_close: usize,
    pong_timeout_ms: u64,
    write_stall_ms: u64,
    drain_ms: u64,
    #[serde(skip)]
    ping: Option<Duration>,
}

impl Default for Told {
    fn default() -> Self {
        Self {
            replay_events: 500,
            connections_per_user: 10,
            message_bytes: 64 * 1024,
            message_burst: 60,
            refusals_to_close: 60,
            pong_timeout_ms: 8_000,
            write_stall_ms: 10_000,
            drain_ms: 35_000,
            ping: None,
        }
    }
}

impl Told {
    pub(super) fn by(greeting: &Greeting) -> Self {
        #[derive(Deserialize)]
        struct Frame {
            #[serde(default)]
            limits: Told,
        }
        let read = serde_json::from_str(&greeting.raw).map(|frame: Frame| frame.limits);
        Self { ping: greeting.ping_interval, ..read.unwrap_or_default() }
    }

    /// Between two heartbeats.
    pub(super) fn ping(&self) -> Duration {
        self.ping.filter(|ping| !ping.is_zero()).unwrap_or(Duration::from_secs(20))
    }

    /// Within this a ping is answered.
    pub(super) fn pong(&self) -> Duration {
        Duration::from_millis(self.pong_timeout_ms)
    }

    /// A reader that takes nothing for so long is given up.
    pub(super) fn stall(&self) -> Duration {
        Duration::from_millis(self.write_stall_ms)
    }

    /// A target that was told to stop is gone after this.
    pub(super) fn drain(&self) -> Duration {
        Duration::from_millis(self.drain_ms)
    }
}

#[cfg(test)]
mod tests {
    use super::Told;
    use goldenpath_harness::Greeting;
    use std::time::Duration;

    #[test]
    fn what_is_not_told_is_as_the_protocol_says() {
        let told = |raw: &str, ping| {
            let greeting = Greeting {
                connection_id: None,
                epoch: None,
                offset: 0,
                recovered: None,
                replay: 0,
                ping_interval: ping,
                token_grace: None,
                raw: raw.to_owned(),
            };
            Told::by(&greeting)
        };
        let some = told(r#"{"limits":{"pong_timeout_ms":3000,"more":1}}"#, Some(Duration::from_secs(5)));
        assert_eq!((some.ping(), some.pong()), (Duration::from_secs(5), Duration::from_secs(3)));
        assert_eq!(some.replay_events, 500);
        for none in ["", "{}", r#"{"limits":null}"#, r#"{"limits":{"pong_timeout_ms":"soon"}}"#] {
            assert_eq!(told(none, None).pong(), Duration::from_secs(8), "{none}");
        }
        assert_eq!(told("{}", Some(Duration::ZERO)).ping(), Duration::from_secs(20));
    }
}
