//! A user who does not give up: comes back whenever the connection is gone, and asks until each request is over.

use crate::driving::DEADLINE;
use goldenpath_harness::{Client, Connect, Probe, Prompt, Session, TestUser, View};
use goldenpath_protocol::{Recovered, ResumePoint};
use serde_json::Value;
use std::time::Duration;
use tokio::time::Instant;

/// Before the next attempt of somebody who was turned away, or cut off.
const BETWEEN: Duration = Duration::from_millis(100);

/// How long one look at the connection lasts before the store is asked whether the run is over.
const LOOK: Duration = Duration::from_secs(1);

/// One user, with one connection at a time.
pub(crate) struct Returning<'s> {
    session: &'s Session,
    pub(crate) user: TestUser,
    client: Option<Client>,
    point: Option<ResumePoint>,
    /// How often the stream could not be gone on with.
    gaps: usize,
}

/// A run that is over, seen over several connections, in their order.
#[derive(Debug)]
pub(crate) struct Asked {
    pub(crate) run_id: String,
    pub(crate) conns: Vec<u32>,
    /// How often the request was refused, or its answer lost with the connection, before it was taken.
    pub(crate) refused: usize,
    /// Whether a part of the stream was lost meanwhile, and said to be.
    pub(crate) gap: bool,
    pub(crate) ended: Instant,
    /// What the store says of it, once somebody has read that.
    pub(crate) state: String,
}

impl<'s> Returning<'s> {
    /// One who has not connected yet.
    pub(crate) fn new(session: &'s Session, user: TestUser) -> Self {
        Self { session, user, client: None, point: None, gaps: 0 }
    }

    /// Asks once, in a new thread, and sees the run to its end. A request that was refused, or whose answer was lost, is sent
    /// again under its id. `taken` is told when the run has begun.
    pub(crate) async fn ask(&mut self, prompt: &Prompt, taken: impl Fn()) -> Asked {
        let (begun, gaps) = (Instant::now(), self.gaps);
        let (mut conns, mut run_id, mut refused) = (Vec::new(), None::<String>, 0);
        let run_id = loop {
            assert!(
                begun.elapsed() < DEADLINE,
                "request `{}`, run {run_id:?}: not over after {refused} refusals on connections {conns:?}",
                prompt.request_id
            );
            // In this order: nothing comes on a connection that is closed.
            let closed = self.client.as_ref().is_some_and(|client| client.view(|view| view.closed.is_some()));
            if let Some(run) = self.seen_to_end(&prompt.request_id) {
                break run;
            }
            // What was lost of the stream, and said to be, is told by the store.
            if let Some(run) = run_id.as_ref().filter(|_| self.gaps > gaps)
                && self.is_over(run).await
            {
                break run.clone();
            }
            if closed {
                self.lose();
            }
            let Some(client) = self.connected().await else {
                tokio::time::sleep(BETWEEN).await;
                continue;
            };
            if conns.last() != Some(&client.conn()) {
                conns.push(client.conn());
            }
            if let Some(run) = &run_id {
                let _ = client.wait_for("the run's end", LOOK, |view| view.run(run)?.ended).await;
            } else if let Some(run) = answer(client, prompt).await {
                taken();
                run_id = Some(run);
            } else {
                refused += 1;
                tokio::time::sleep(BETWEEN).await;
            }
        };
        Asked { run_id, conns, refused, gap: self.gaps > gaps, ended: Instant::now(), state: String::new() }
    }

    /// The run of a request whose end came on this connection.
    fn seen_to_end(&self, request_id: &str) -> Option<String> {
        self.client.as_ref()?.view(|view| {
            let (run, seen) = view.run_of(request_id)?;
            seen.ended.map(|_| run.to_owned())
        })
    }

    /// The connection is gone; the next one goes on where it ended.
    fn lose(&mut self) {
        let lost = self.client.take();
        let point = lost.and_then(|client| client.view(View::resume_point));
        self.point = point.or(self.point.take());
    }

    /// The connection, or one try at a new one.
    async fn connected(&mut self) -> Option<&Client> {
        if self.client.is_none() {
            let how =
                self.point.as_ref().map_or_else(Connect::fresh, |point| Connect::fresh().resuming(point));
            let client = self.session.connect(&self.user, how).await.ok()?;
            // Torn before it was greeted: the next one may get further.
            let greeting = client.wait_for_greeting(DEADLINE).await.ok()?;
            self.gaps += usize::from(greeting.recovered == Some(Recovered::Failed));
            self.client = Some(client);
        }
        self.client.as_ref()
    }

    /// Whether the store says that a run is over; one that cannot be asked says nothing.
    async fn is_over(&self, run: &str) -> bool {
        let probe = Probe::new(self.session.target()).unwrap();
        let token = self.user.token().unwrap();
        let Ok(answer) = probe.get(&format!("runs/{run}"), token.as_ref()).await else { return false };
        let document: Value = serde_json::from_str(&answer.body).unwrap_or_default();
        answer.status == 200 && document["state"] != "running"
    }

    /// Leaves in good order.
    pub(crate) async fn leave(mut self) {
        if let Some(client) = self.client.take() {
            client.close().await;
        }
    }
}

/// Asks on this connection: the run, unless it was refused or the connection ended.
async fn answer(client: &Client, prompt: &Prompt) -> Option<String> {
    let refusals = |view: &View| {
        view.errors.iter().filter(|error| error.request_id.as_deref() == Some(&prompt.request_id)).count()
    };
    let before = client.view(refusals);
    client.ask(prompt, None).await.ok()?;
    let answer = client.wait_for("an answer to the request", DEADLINE, |view| {
        let run = view.accepted(&prompt.request_id).map(|accepted| Some(accepted.run_id.clone()));
        run.or_else(|| (refusals(view) > before).then_some(None))
    });
    answer.await.ok().flatten()
}
