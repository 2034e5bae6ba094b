//! Looks at where watched streams stand: what heals a wake that was lost, and tells that a log was.
//!
//! One task alone looks, so what it finds comes in order, and it alone changes the epoch that watchers are told.

use super::Shared;
use crate::Head;
use goldenpath_protocol::Epoch;
use goldenpath_redis_link::Trouble;
use std::time::Duration;
use tokio::time::MissedTickBehavior;

/// Streams in one question: an answer holds up what comes behind it.
const STREAMS_AT_ONCE: usize = 256;
/// The parts of a stream's age after which a watched one is used, so that it does not expire.
const USES_PER_AGE: u128 = 16;

/// Looks at every watched stream once in a while, and at a suspect one at once, for as long as it is let.
pub(super) async fn look(shared: &Shared, every: Duration) {
    let mut clock = tokio::time::interval(every);
    clock.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let rounds_to_use = rounds_to_use(shared.limits.age_ms, every);
    let mut round: u32 = 0;
    loop {
        let (streams, using) = tokio::select! {
            _ = clock.tick() => {
                round = (round + 1) % rounds_to_use;
                (shared.watchers.sweep(), round == 0)
            }
            () = shared.watchers.suspected.notified() => (shared.watchers.take_suspects(), false),
        };
        for streams in streams.chunks(STREAMS_AT_ONCE) {
            let looked = if using { use_all(shared, streams).await } else { compare(shared, streams).await };
            match looked {
                Ok(()) => {}
                // One stream is not as we keep it. The others shall not pay for that.
                Err(Trouble::Failed(_)) => one_by_one(shared, streams).await,
                // The server does not answer; the next round asks of all again.
                Err(Trouble::Unavailable | Trouble::NoScript) => break,
            }
        }
    }
}

fn rounds_to_use(age_ms: i64, every: Duration) -> u32 {
    let between = u128::from(age_ms.unsigned_abs()) / USES_PER_AGE;
    u32::try_from(between / every.as_millis().max(1)).unwrap_or(u32::MAX).max(1)
}

/// Asks where streams stand, and tells what was not told.
async fn compare(shared: &Shared, streams: &[(String, Head)]) -> Result<(), Trouble> {
    let mut questions = redis::pipe();
    for (tag, _) in streams {
        questions.cmd("HMGET").arg(shared.names.key(tag, "stream")).arg("epoch").arg("offset");
    }
    let found: Vec<(Option<String>, Option<u64>)> = shared.commands.query_all(&questions).await?;
    for ((tag, told), found) in streams.iter().zip(found) {
        let found = match found {
            (Some(epoch), Some(offset)) => Epoch::new(epoch).ok().map(|epoch| Head { epoch, offset }),
            _ => None,
        };
        let found = match found {
            Some(found) if found.epoch != told.epoch || found.offset >= told.offset => found,
            // Emptied, or come back with less than was told: the script begins a new life.
            _ => shared.head(&shared.commands, tag).await?,
        };
        shared.watchers.settle(tag, told, found);
    }
    Ok(())
}

/// As [`compare`], by using the streams: what is out of date is dropped, and they do not expire.
async fn use_all(shared: &Shared, streams: &[(String, Head)]) -> Result<(), Trouble> {
    let script = &shared.scripts.head;
    let mut uses = redis::pipe();
    for (tag, _) in streams {
        uses.add_command(shared.call(script, tag)?);
    }
    let found = match shared.commands.query_all(&uses).await {
        Err(Trouble::NoScript) => {
            script.load(&shared.commands).await?;
            shared.commands.query_all(&uses).await?
        }
        found => found?,
    };
    for ((tag, told), (epoch, offset)) in streams.iter().zip(found) {
        shared.watchers.settle(tag, told, super::head(epoch, offset)?);
    }
    Ok(())
}

/// As [`compare`], for streams of which one cannot be read: who asks for that one is told why.
async fn one_by_one(shared: &Shared, streams: &[(String, Head)]) {
    for (tag, told) in streams {
        if let Ok(found) = shared.head(&shared.commands, tag).await {
            shared.watchers.settle(tag, told, found);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::rounds_to_use;
    use std::time::Duration;

    #[test]
    fn a_watched_stream_is_used_long_before_it_expires() {
        assert_eq!(rounds_to_use(15 * 60_000, Duration::from_secs(1)), 56);
        assert_eq!(rounds_to_use(2_000, Duration::from_secs(1)), 1, "at every look");
        assert_eq!(rounds_to_use(0, Duration::ZERO), 1);
    }
}
