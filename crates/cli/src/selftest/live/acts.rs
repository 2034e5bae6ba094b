//! What users do in a session, as little as brings a fault about. They act and wait; the record shows what came of it.

mod asked;
mod beside;
mod left;
mod returns;
mod talk;

pub(super) use asked::{failing_run, failing_tool, large, many_tools, refused_by_the_model, unicode};
pub(super) use returns::Away;

use super::site::Place;
use crate::validate::{Expiry, Stage, Trouble, foreign, readers, revocation, tokens};
use goldenpath_harness::{Client, Scenario, TestUser};
use std::time::Duration;

/// How long a user stays after the last answer, so that what comes late still reaches somebody.
const STAY: Duration = Duration::from_millis(1_700);

/// How long a user stays after a cancel, so that gauges show what goes on behind it.
const STAY_AFTER_CANCEL: Duration = Duration::from_millis(3_500);

/// One thing that users do.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Act {
    /// The known questions, one after the other, so many of them.
    Talk(usize),
    /// The same, with the wish to quote the reference of each.
    Quote(usize),
    /// These questions, one after the other.
    Ask(Vec<Scenario>),
    /// Questions in one tab, seen in two.
    Tabs(usize),
    /// Two questions at once, each in a thread of its own, so many times.
    Threads(usize),
    /// Questions whose runs are cancelled as soon as they show themselves, so many.
    Cancel(usize),
    /// So many runs that users leave and come back to.
    Return(Away, usize),
    /// Stays until heartbeats were due, with pings in between.
    Idle,
    /// Falls silent with everybody at a time since the session began, and waits to be given up.
    FallSilent(Duration),
    /// Stays until the backend, told to stop by one of them, has closed every connection.
    SeeItStop,
    /// The first user's runs fail, so many; the others ask the known questions.
    OneFails(usize),
    /// Requests in threads that nobody knows, so many, and as many that can be served.
    Unservable(usize),
    /// Requests that are sent again from another tab, so many.
    Retry(usize),
    /// Tabs that stop reading while more is asked for than buffers hold, beside one that reads.
    StopReading,
    /// Connections that come and go, so many.
    Cycles(usize),
    /// Stays on a connection whose token ends: one user, once.
    OutliveToken,
    /// Bad tokens, then good ones: by one user, once.
    Tokens,
    /// A token that its issuer revokes: by one user, once.
    Revocation,
    /// What belongs to another user: by one user, once.
    Foreign,
}

impl Act {
    /// Whether one user does it for all.
    fn once(&self) -> bool {
        matches!(self, Self::Tokens | Self::Revocation | Self::Foreign | Self::OutliveToken)
    }

    /// Lets every user do it at once, or one of them where that is enough.
    pub(super) async fn done(&self, stage: &Stage, place: &Place) -> Result<(), String> {
        let stopping = async {
            if *self == Self::SeeItStop {
                left::stop(stage, place).await;
            }
        };
        tokio::join!(stopping, self.users(stage)).1
    }

    async fn users(&self, stage: &Stage) -> Result<(), String> {
        if self.once() {
            let done = match self {
                Self::Tokens => tokens::probe(stage).await,
                Self::Revocation => revocation::probe(stage).await,
                Self::OutliveToken => Expiry::begin(stage).outcome().await,
                _ => foreign::probe(stage).await,
            };
            return stage.settle("driver", done);
        }
        stage
            .everybody(|stage, n| {
                let act = self.clone();
                async move {
                    let user = stage.users()[n].clone();
                    act.done_by(&stage, &user, n).await
                }
            })
            .await
    }

    async fn done_by(&self, stage: &Stage, user: &TestUser, n: usize) -> Result<(), Trouble> {
        match self {
            Self::Talk(turns) => talk::talk(stage, user, &talk::known(stage, n, *turns)).await,
            Self::Quote(turns) => {
                let known = talk::known(stage, n, *turns);
                let quoting: Vec<Scenario> = known.iter().map(asked::quoting).collect();
                talk::talk(stage, user, &quoting).await
            }
            Self::Ask(scenarios) => talk::talk(stage, user, scenarios).await,
            Self::Tabs(turns) => beside::tabs(stage, user, &talk::known(stage, n, *turns)).await,
            Self::Threads(times) => beside::threads(stage, user, &talk::known(stage, n, times * 2)).await,
            Self::Cancel(times) => beside::cancel(stage, user, &talk::known(stage, n, *times)).await,
            Self::Return(away, runs) => returns::returns(stage, user, n, *away, *runs).await,
            Self::Idle => left::idle(stage, user).await,
            Self::FallSilent(at) => left::silent(stage, user, *at).await,
            Self::SeeItStop => left::stopped(stage, user, n).await,
            Self::OneFails(turns) if n == 0 => {
                talk::talk(stage, user, &vec![asked::refused_by_the_model(); *turns]).await
            }
            Self::OneFails(turns) => talk::talk(stage, user, &talk::known(stage, n, *turns)).await,
            Self::Unservable(times) => beside::unservable(stage, user, &talk::known(stage, n, *times)).await,
            Self::Retry(times) => beside::retry(stage, user, &talk::known(stage, n, *times)).await,
            Self::StopReading => readers::slow(stage, user, n).await,
            Self::Cycles(times) => left::cycles(stage, user, *times).await,
            Self::Tokens | Self::Revocation | Self::Foreign | Self::OutliveToken => Ok(()),
        }
    }
}

/// Stays a while, then leaves as one does.
async fn leave(client: &Client) {
    // A connection that ends meanwhile has its record.
    let _ = client.wait_for_close(STAY).await;
    client.close().await;
}

fn is_over(client: &Client) -> bool {
    client.view(|view| view.closed.is_some())
}
