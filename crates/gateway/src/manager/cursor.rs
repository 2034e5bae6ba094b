//! A place in a user's stream: the one path of replayed and live events to a socket.

use goldenpath_protocol::{Epoch, Recovered, ResumePoint, UserId};
use goldenpath_storage::{AppendError, EventLog, Head, LogEntry, Replay};
use std::sync::Arc;
use tokio::sync::watch;

/// Reads a user's stream in order, from where the connection joined.
#[derive(Debug)]
pub struct StreamCursor {
    log: Arc<dyn EventLog>,
    user: UserId,
    epoch: Epoch,
    offset: u64,
    heads: watch::Receiver<Head>,
}

/// A cursor that joined, and what its client missed.
#[derive(Debug)]
pub struct Joined {
    /// Stands before the first missed event, or at the head.
    pub cursor: StreamCursor,
    /// Where the stream stood when it was joined.
    pub head: Head,
    /// How it was joined.
    pub recovered: Recovered,
    /// The missed events: all of them after `Full`, none otherwise.
    pub missed: Vec<LogEntry>,
}

/// The stream cannot be read on.
#[derive(Debug, thiserror::Error)]
pub enum CursorError {
    /// What comes next is not kept any more, or the log was lost.
    #[error("the events after the cursor are gone")]
    Gone,
    /// The log did not answer; trying again may help.
    #[error(transparent)]
    Log(#[from] AppendError),
}

impl StreamCursor {
    /// Joins a stream at its head, or where the client left it.
    ///
    /// # Errors
    /// [`AppendError`] when the log does not answer.
    pub async fn join(
        log: Arc<dyn EventLog>,
        user: UserId,
        resume: Option<&ResumePoint>,
        most: u64,
    ) -> Result<Joined, AppendError> {
        // Subscribed before the head is read: what comes in between is seen by either.
        let heads = log.subscribe(&user).await?;
        let head = log.head(&user).await?;
        let (recovered, missed) = match resume {
            None => (Recovered::Fresh, Vec::new()),
            Some(point) => match missed(&*log, &user, point, &head, most).await? {
                Some(missed) => (Recovered::Full, missed),
                None => (Recovered::Failed, Vec::new()),
            },
        };
        let offset = head.offset - missed.len() as u64;
        let cursor = Self { log, user, epoch: head.epoch.clone(), offset, heads };
        Ok(Joined { cursor, head, recovered, missed })
    }

    /// The offset of the last event that was taken.
    #[must_use]
    pub fn offset(&self) -> u64 {
        self.offset
    }

    /// The life of the log it reads.
    #[must_use]
    pub fn epoch(&self) -> &Epoch {
        &self.epoch
    }

    /// Whether the stream has grown beyond the cursor, as far as it was told.
    ///
    /// # Errors
    /// [`CursorError::Gone`] when the log lives another life.
    pub fn is_behind(&mut self) -> Result<bool, CursorError> {
        let head = self.heads.borrow_and_update();
        if head.epoch != self.epoch {
            return Err(CursorError::Gone);
        }
        Ok(head.offset > self.offset)
    }

    /// At most `most` events after the cursor, which stays: [`advance`](Self::advance) moves it.
    ///
    /// # Errors
    /// [`CursorError`] says whether trying again may help.
    pub async fn peek(&self, most: usize) -> Result<Vec<LogEntry>, CursorError> {
        match self.log.read(&self.user, &self.epoch, self.offset, most).await? {
            Replay::Gone(_) => Err(CursorError::Gone),
            Replay::Events(events) => {
                let dense =
                    events.iter().zip(self.offset + 1..).all(|(event, offset)| event.offset == offset);
                // A hole would reach the client as a broken promise; a lost stream is at least said.
                if dense { Ok(events) } else { Err(CursorError::Gone) }
            }
        }
    }

    /// Moves past an event.
    pub fn advance(&mut self, event: &LogEntry) {
        self.offset = event.offset;
    }

    /// Waits until the log says that it changed.
    pub async fn changed(&mut self) {
        if self.heads.changed().await.is_err() {
            // The log let go of its readers; polls of the head go on by the writer's timer.
            std::future::pending::<()>().await;
        }
    }
}

/// The events after `point`, if all are kept and they are not too many.
async fn missed(
    log: &dyn EventLog,
    user: &UserId,
    point: &ResumePoint,
    head: &Head,
    most: u64,
) -> Result<Option<Vec<LogEntry>>, AppendError> {
    let Some(count) = head.offset.checked_sub(point.offset) else { return Ok(None) };
    if point.epoch != head.epoch || count > most {
        return Ok(None);
    }
    if count == 0 {
        return Ok(Some(Vec::new()));
    }
    let wanted = usize::try_from(count).unwrap_or(usize::MAX);
    match log.read(user, &point.epoch, point.offset, wanted).await? {
        Replay::Events(events) if events.len() == wanted => Ok(Some(events)),
        _ => Ok(None),
    }
}
