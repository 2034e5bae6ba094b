//! Readers that stop reading, beside one that reads: it waits for nobody, and they get all of it or are told.

use super::TrialPart;
use super::tab::{Tab, point};
use super::told::Told;
use crate::validate::stage::{ANSWER, Stage, Trouble};
use goldenpath_harness::{Client, Connect, TestUser};
use std::time::Duration;

/// What is written to a stalled reader: more than a target's own buffers hold, and both kernels'.
const PAST_BUFFERS: u64 = 384 << 10;

/// The most runs that are spent on it.
const MOST_RUNS: usize = 80;

/// Between two rounds of requests: below the rate that a connection may send at.
const PACE: Duration = Duration::from_millis(200);

/// How long beyond the time for a write the late reader waits.
const GIVEN_UP: Duration = Duration::from_secs(2);

/// Two tabs stop reading at once. One reads on as soon as enough waits for it, the other when it must have been given up.
pub(crate) async fn slow(stage: &Stage, user: &TestUser, n: usize) -> Result<(), Trouble> {
    let mut tab = Tab::new(stage, user, n, TrialPart::SlowReader);
    let quick = stage.enter(user).await?;
    let told = Told::by(&quick.wait_for_greeting(ANSWER).await?);
    let patient = stage.enter_as(user, Connect::fresh().stalling()).await?;
    let late = stage.enter_as(user, Connect::fresh().stalling()).await?;
    patient.stop_reading();
    late.stop_reading();
    let much = fill(&mut tab, &quick).await;
    patient.read_on();
    catches_up(&patient, &quick).await?;
    // Both are judged by what they get from here on, however much it was.
    much?;
    tokio::time::sleep(told.stall() + GIVEN_UP).await;
    late.read_on();
    if late.wait_for_close(GIVEN_UP).await.is_err() {
        catches_up(&late, &quick).await?;
        late.close().await;
    } else {
        // Given up is not lost: what it missed is replayed, or it is told that it is too much.
        let back = tab.come_back(&point(&late)?, Connect::fresh()).await?;
        catches_up(&back, &quick).await?;
        back.close().await;
    }
    // The others are served as before.
    tab.answer(&quick).await?;
    catches_up(&patient, &quick).await?;
    patient.close().await;
    quick.close().await;
    Ok(())
}

/// Asks until more was made than buffers hold.
async fn fill(tab: &mut Tab<'_>, quick: &Client) -> Result<(), Trouble> {
    let before = quick.view(|view| view.bytes);
    let made = || quick.view(|view| view.bytes) - before;
    let mut runs = 0;
    while made() < PAST_BUFFERS {
        if runs >= MOST_RUNS {
            return Err(Trouble::Unmet(format!(
                "{runs} runs made {} bytes: too few to fill a buffer",
                made()
            )));
        }
        let slot = tokio::time::Instant::now() + PACE;
        runs += tab.answers(quick).await?;
        tokio::time::sleep_until(slot).await;
    }
    Ok(())
}

/// Waits until a tab has what another one has, or is told why not.
async fn catches_up(tab: &Client, other: &Client) -> Result<(), Trouble> {
    let head = other.view(|view| view.offset);
    let what = format!("offset {head}");
    match tab.wait_for(&what, ANSWER, |view| (view.offset >= head).then_some(())).await {
        Err(why) if why.closed.is_none() => Err(why.into()),
        _ => Ok(()),
    }
}
