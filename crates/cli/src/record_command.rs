//! `record`: a session folder with a history, judged by nobody.

use crate::args::{Format, GlobalArgs, RecordArgs};
use crate::config::{self, Environment};
use crate::exit::{CommandError, Exit};
use crate::interrupt::{ENDING, Interrupt};
use crate::live::Watch;
use crate::output::Output;
use crate::progress::Meter;
use crate::record::capture;
use crate::session::{HISTORY, SessionFolder};
use crate::target::{Reached, reach, scenarios};
use crate::validate::{Plan, Stop};
use goldenpath_harness::{Recording, Session, SessionClock};
use goldenpath_history::{HISTORY_VERSION, Header};
use serde_json::json;
use std::collections::BTreeMap;
use std::sync::Arc;
use time::OffsetDateTime;

/// Records a target's users.
pub(crate) async fn record(
    args: &RecordArgs,
    global: &GlobalArgs,
    environment: &Environment,
    output: &Output,
) -> Result<Exit, CommandError> {
    let interrupt = Interrupt::listen(*output, ENDING)?;
    let config = config::load(global.config.as_deref(), environment)?;
    let chosen = config::resolve_record(&args.target, &config, environment)?;
    let mut plan = Plan::new(chosen.seed);
    plan.users = chosen.users as usize;
    plan.timeout = chosen.timeout;
    plan.scenarios = scenarios(&chosen)?;
    let Reached { target, auth, embedded } = reach(&chosen, environment).await?;
    let folder = SessionFolder::create(&chosen.output_dir, OffsetDateTime::now_utc())?;
    let clock = SessionClock::start();
    let header = Header {
        history: HISTORY_VERSION,
        session_id: folder.id().to_owned(),
        target: target.safe_url(),
        profile: chosen.profile.clone(),
        seed: chosen.seed,
        limits: config.limits.clone(),
        t0_unix_ms: Some(clock.t0_unix_ms()),
        auth_mode: Some(auth.mode.name().to_owned()),
        categories: Vec::new(),
        sla: false,
        not_observable: BTreeMap::new(),
        witness: None,
    };
    output.note(&format!("{} · {} · seed {}", chosen.environment, header.target, chosen.seed));
    let recording = Recording::start_at(clock, &header, Some(&folder.path().join(HISTORY)), None)
        .map_err(|why| CommandError::Outside(why.to_string()))?;
    let meter = Meter::new(global.ci_mode);
    meter.stage("record", plan.users as u64 * plan.scenarios.len() as u64);
    let watch = Arc::new(Watch::new(meter.clone(), folder.log(), None));
    let session = Session::new(target, auth, recording.recorder());
    let stop = capture(plan, session, watch, interrupt.token()).await;
    meter.finish();
    if let Some(embedded) = embedded {
        embedded.end().await;
    }
    let finished = recording.finish().map_err(|why| CommandError::Outside(why.to_string()))?;
    if let Some(stop) = &stop {
        folder.log().line(&stop.to_string());
        output.note(&format!("the recording was cut off: {stop}"));
    }
    let path = folder.close()?.join(HISTORY);
    match output.format() {
        Format::Json => {
            output.document(&format!("{}\n", json!({"history": path, "records": finished.lines})))
        }
        Format::Text => output.text(&format!("history   {}\n", path.display())),
    }
    Ok(match stop {
        None => Exit::Approved,
        Some(Stop::Interrupted) => Exit::Interrupted,
        Some(Stop::TimedOut | Stop::TargetUnavailable(_) | Stop::FailFast(_)) => Exit::Inconclusive,
        Some(Stop::Broke(_)) => Exit::Bug,
    })
}
