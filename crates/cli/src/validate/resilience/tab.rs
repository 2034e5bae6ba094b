//! A tab of one user: what it asks, how it goes away, and how it comes back.

use super::TrialPart;
use crate::validate::stage::{ANSWER, Stage, Trouble};
use crate::validate::stored;
use goldenpath_harness::{Client, Connect, Prompt, Prompts, Scenario, TestUser, View};
use goldenpath_protocol::ResumePoint;
use std::time::Duration;
use tokio::time::Instant;

/// How long something may take to come to somebody who came back, when it is known to be there already.
const CATCH_UP: Duration = Duration::from_secs(4);

/// How long a run is waited for in one go, before the store is asked about it.
const LOOK: Duration = Duration::from_secs(2);

/// How long a run that nobody watches may take.
const UNWATCHED: Duration = Duration::from_secs(3);

/// How long a run may take that is watched.
const WHOLE_ANSWER: Duration = Duration::from_secs(46);

/// Runs at once: below what a user may have.
const AT_ONCE: usize = 4;

/// One user in one part.
pub(super) struct Tab<'a> {
    pub(super) stage: &'a Stage,
    pub(super) user: &'a TestUser,
    part: TrialPart,
    scenarios: Vec<Scenario>,
    asked: usize,
    prompts: Prompts,
}

impl<'a> Tab<'a> {
    pub(super) fn new(stage: &'a Stage, user: &'a TestUser, n: usize, part: TrialPart) -> Self {
        let prompts = stage.prompts(&format!("resilience/{}", part.name()), user);
        Self { stage, user, part, scenarios: stage.scenarios(n), asked: 0, prompts }
    }

    /// The next question.
    pub(super) fn prompt(&mut self) -> Result<Prompt, Trouble> {
        let scenario = self.scenarios.get(self.asked % self.scenarios.len().max(1));
        let Some(scenario) = scenario else {
            return Err(Trouble::Unmet("there is nothing to ask".to_owned()));
        };
        self.asked += 1;
        Ok(self.prompts.next(scenario))
    }

    /// A name for itself that the seed fixes.
    pub(super) fn name(&self) -> String {
        let stream = format!("resilience/{}/tab", self.part.name());
        self.stage.prompts(&stream, self.user).next(&Scenario::new("tab", "")).request_id
    }

    /// Asks, and waits until the run shows itself.
    pub(super) async fn begin(&mut self, client: &Client) -> Result<String, Trouble> {
        let prompt = self.prompt()?;
        client.ask(&prompt, None).await?;
        Ok(client.wait_for_run(&prompt.request_id, ANSWER).await?)
    }

    /// Begins two runs at once, so that one of them goes on when the first has shown itself.
    pub(super) async fn begin_two(&mut self, client: &Client) -> Result<[String; 2], Trouble> {
        let prompts = [self.prompt()?, self.prompt()?];
        for prompt in &prompts {
            client.ask(prompt, None).await?;
        }
        let mut runs = [String::new(), String::new()];
        for (prompt, run) in prompts.iter().zip(&mut runs) {
            let id = &prompt.request_id;
            let what = format!("the acceptance of request `{id}`");
            let accepted = |view: &View| view.accepted(id).map(|taken| taken.run_id.clone());
            *run = client.wait_for(&what, ANSWER, accepted).await?;
        }
        let what = format!("an event of run `{}`", runs[0]);
        client.wait_for(&what, ANSWER, |view| view.run(&runs[0]).map(|_| ())).await?;
        Ok(runs)
    }

    /// Asks, and waits for the end.
    pub(super) async fn answer(&mut self, client: &Client) -> Result<(), Trouble> {
        let prompt = self.prompt()?;
        self.stage.answer(client, &prompt, None).await.map(|_| ())
    }

    /// Asks several questions at once, and waits for their ends; gives how many.
    pub(super) async fn answers(&mut self, client: &Client) -> Result<usize, Trouble> {
        let mut prompts = Vec::new();
        for _ in 0..AT_ONCE {
            let prompt = self.prompt()?;
            client.ask(&prompt, None).await?;
            prompts.push(prompt);
        }
        for prompt in &prompts {
            self.stage.end_of(client, prompt).await?;
        }
        Ok(prompts.len())
    }

    /// Connects where another connection left off.
    pub(super) async fn come_back(&self, point: &ResumePoint, how: Connect) -> Result<Client, Trouble> {
        self.stage.enter_as(self.user, how.resuming(point)).await
    }

    /// Waits for the end of a run that may have begun before this connection. Where the store says that it is over, it
    /// must come soon.
    pub(super) async fn see_out(&self, client: &Client, run: &str) -> Result<(), Trouble> {
        let what = format!("the end of run `{}`", run);
        let ended = async |within| {
            let look = |view: &View| view.run(run)?.ended.map(|_| ());
            client.wait_for(&what, within, look).await
        };
        let mut waited = Duration::ZERO;
        loop {
            let Err(why) = ended(LOOK).await else { return Ok(()) };
            waited += LOOK;
            if why.closed.is_some() || waited >= WHOLE_ANSWER {
                return Err(why.into());
            }
            if stored::ends(self.stage, self.user, run, Duration::ZERO).await {
                return Ok(ended(CATCH_UP).await?);
            }
        }
    }

    /// Waits until a run has ended that nobody reads: by the store's word, or for as long as one may take.
    pub(super) async fn ends_unwatched(&self, run: &str) {
        let until = Instant::now() + UNWATCHED;
        if !stored::ends(self.stage, self.user, run, UNWATCHED).await {
            tokio::time::sleep_until(until).await;
        }
    }

    /// After a resume that was refused, the store tells what the stream does not.
    pub(super) async fn fetch(&self, run: &str) {
        stored::ends(self.stage, self.user, run, ANSWER).await;
    }
}

/// Where to go on from.
pub(super) fn point(client: &Client) -> Result<ResumePoint, Trouble> {
    let point = client.view(View::resume_point);
    point.ok_or_else(|| {
        Trouble::Unmet("the greeting tells no epoch: there is nothing to resume from".to_owned())
    })
}
