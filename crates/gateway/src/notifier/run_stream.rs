//! The numbering of one run: dense `seq`, time stamps that never go back, and what the log still lacks.

use crate::context::UserExecutionContext;
use goldenpath_protocol::{EventBody, EventHead, EventId, RunEvent, Timestamp};
use std::collections::VecDeque;
use std::time::Duration;
use tokio::time::Instant;

/// The state of one run's events. Its one owner is the run's bridge task, so numbers cannot collide.
#[derive(Debug)]
pub struct RunStream {
    pub(super) context: UserExecutionContext,
    pub(super) seq: u64,
    pub(super) last: Option<Timestamp>,
    pub(super) thoughts: u32,
    /// How far the run says it is, in percent.
    pub(super) progress: f64,
    pub(super) ended: bool,
    /// Stored events that the log did not take; they go first when it works again.
    pub(super) unlogged: VecDeque<(EventId, String)>,
    begun: Instant,
    earlier: Duration,
}

impl RunStream {
    /// A run without events.
    #[must_use]
    pub fn new(context: UserExecutionContext) -> Self {
        Self {
            context,
            seq: 0,
            last: None,
            thoughts: 0,
            progress: 0.0,
            ended: false,
            unlogged: VecDeque::new(),
            begun: Instant::now(),
            earlier: Duration::ZERO,
        }
    }

    /// A run that another process left: goes on after its last stored event, and owes the log all of them,
    /// since a log that died with its node lacks them (one that lives on knows them by their ids).
    #[must_use]
    pub fn resume(
        context: UserExecutionContext,
        stored: Vec<(RunEvent, String)>,
        created_at: Timestamp,
        now: Timestamp,
    ) -> Self {
        let mut stream = Self::new(context);
        for (event, envelope) in stored {
            stream.seq = stream.seq.max(event.head.seq);
            stream.last = stream.last.max(Some(event.head.timestamp));
            stream.ended |= event.body.event_type().is_terminal();
            if let EventBody::AgentThinking { step_number, progress_percentage, .. } = event.body {
                stream.thoughts = stream.thoughts.max(step_number);
                stream.advance(progress_percentage);
            }
            stream.unlogged.push_back((event.head.event_id, envelope));
        }
        let since = now.unix_ms().saturating_sub(created_at.unix_ms());
        stream.earlier = Duration::from_millis(u64::try_from(since).unwrap_or(0));
        stream
    }

    /// Whose run it is.
    #[must_use]
    pub fn context(&self) -> &UserExecutionContext {
        &self.context
    }

    /// The supervisor's name, once it says it: the same identity in another voice.
    pub(crate) fn set_speaker(&mut self, context: UserExecutionContext) {
        if context.same_identity(&self.context) {
            self.context = context;
        }
    }

    /// Events made so far.
    #[must_use]
    pub fn count(&self) -> u64 {
        self.seq
    }

    /// Whether the terminal was made.
    #[must_use]
    pub fn is_ended(&self) -> bool {
        self.ended
    }

    /// Stored events that the log still lacks.
    #[must_use]
    pub fn unlogged(&self) -> usize {
        self.unlogged.len()
    }

    /// How long the run has taken.
    #[must_use]
    pub fn elapsed(&self) -> Duration {
        self.earlier + self.begun.elapsed()
    }

    /// The next event; it counts only once [`commit`](Self::commit) says that it was stored.
    pub(super) fn next(&self, speaker: &UserExecutionContext, body: EventBody, now: Timestamp) -> RunEvent {
        let head = EventHead {
            event_id: EventId::from(uuid::Uuid::now_v7()),
            // Wall clocks step back; a run does not.
            timestamp: self.last.map_or(now, |last| last.max(now)),
            user_id: self.context.user_id().clone(),
            thread_id: self.context.thread_id().clone(),
            run_id: self.context.run_id().clone(),
            request_id: self.context.request_id().clone(),
            seq: self.seq + 1,
            offset: None,
            agent_name: speaker.agent_name().to_owned(),
            parent_agent: speaker.parent_agent().map(str::to_owned),
        };
        RunEvent { body, head }
    }

    pub(super) fn commit(&mut self, event: &RunEvent) {
        self.seq = event.head.seq;
        self.last = Some(event.head.timestamp);
        self.ended = event.body.event_type().is_terminal();
        if let EventBody::AgentThinking { progress_percentage, .. } = event.body {
            self.thoughts += 1;
            self.advance(progress_percentage);
        }
    }

    fn advance(&mut self, progress: Option<f64>) {
        self.progress = progress.map_or(self.progress, |progress| progress.max(self.progress));
    }
}
