//! `selftest`: every known fault, every healthy variation and every fault of the tester's own, measured. Rows → sessions, judged side by
//! side → matrix → documents → exit code.

mod choice;
mod in_front;
mod keeping;
mod live;
mod measuring;

use crate::args::{Format, GlobalArgs, SelftestArgs};
use crate::config::{self, Environment};
use crate::exit::{CommandError, Exit};
use crate::interrupt::Interrupt;
use crate::output::Output;
use crate::progress::Meter;
use crate::session::SessionFolder;
use choice::Choice;
use goldenpath_detection::{FaultRow, Matrix, formats};
use live::Live;
use measuring::Measuring;
use std::collections::BTreeMap;

/// Attempts at each fault over generated sessions, unless `--seeds` says otherwise.
const SEEDS: u64 = 20;
/// For every two attempts at a fault, so many sessions of each healthy variation.
const HEALTHY_PER_TWO: u64 = 5;
/// What is said at the first signal.
const ENDING: &str = "interrupted: ending with what was measured (once more: at once, without a table)";

/// Measures what the checks catch, and says it.
pub(crate) async fn selftest(
    args: &SelftestArgs,
    global: &GlobalArgs,
    environment: &Environment,
    output: &Output,
) -> Result<Exit, CommandError> {
    let interrupt = Interrupt::listen(*output, ENDING)?;
    let config = config::load(global.config.as_deref(), environment)?;
    let chosen = config::resolve_record(&args.target, &config, environment)?;
    let choice = Choice::of(&args.faults)?;
    let folder = args.target.output_dir.as_deref().map(keeping::folder).transpose()?;
    let seeds = args.seeds.unwrap_or(SEEDS);
    let live_seeds = in_front::seeds(args.seeds, config::length(args.duration.as_deref(), &config)?);
    output.note(&format!("selftest · {} · {seeds} seed(s) from {}", choice.said(), chosen.seed));

    let meter = Meter::new(global.ci_mode);
    let rows = choice.faults.clone();
    let measuring = Measuring {
        choice,
        seed: chosen.seed,
        seeds,
        healthy_seeds: (seeds * HEALTHY_PER_TWO).div_ceil(2),
        witnesses: folder.is_some(),
        cancel: interrupt.token(),
        meter: meter.clone(),
    };
    let simulated = tokio::task::spawn_blocking(move || measuring.run())
        .await
        .map_err(|why| CommandError::Bug(format!("the measurement did not end: {why}")))?;
    let in_front = match args.simulated {
        true => None,
        false => {
            let (site, said) = in_front::site(&chosen, environment).await?;
            let live = Live {
                site,
                rows,
                healthy: true,
                seed: chosen.seed,
                seeds: live_seeds,
                witnesses: folder.is_some(),
                cancel: interrupt.token(),
                meter: meter.clone(),
            };
            Some((said, in_front::drive(live).await?))
        }
    };
    meter.finish();
    let mut matrix = Matrix {
        target: "simulated".to_owned(),
        seed: chosen.seed,
        seeds,
        live: false,
        faults: Vec::new(),
        healthy: simulated.healthy,
        trials: simulated.trials,
        tester: simulated.tester,
        interrupted: interrupt.token().is_cancelled(),
    };
    // What was seen in front of the target is the better witness.
    let live_witnesses = in_front.as_ref().map_or(&[][..], |(_, found)| &found.witnesses);
    let mut witnesses = match &folder {
        Some(folder) => keeping::witnesses(folder, &[&simulated.witnesses, live_witnesses].concat()),
        None => BTreeMap::new(),
    };
    for (info, column) in simulated.faults {
        let witness = witnesses.remove(info.id);
        matrix.faults.push(FaultRow { info, simulated: Some(column), live: None, witness });
    }
    simulated.without.iter().for_each(|why| output.note(&format!("no witness of {why}")));
    if let Some((said, found)) = in_front {
        (matrix.target, matrix.seeds, matrix.live) = (said, live_seeds, true);
        found.without.iter().for_each(|why| output.note(&format!("no live witness of {why}")));
        in_front::into_matrix(found, &mut matrix);
    }
    say(&matrix, folder, output)
}

/// Says the table or the document, keeps both, and gives the exit code.
fn say(matrix: &Matrix, folder: Option<SessionFolder>, output: &Output) -> Result<Exit, CommandError> {
    let document = formats::json(matrix).map_err(|why| CommandError::Bug(why.to_string()))?;
    match output.format() {
        Format::Json => output.document(&document),
        Format::Text => output.text(&formats::text(matrix)),
    }
    if let Some(folder) = folder {
        let path = folder.path().to_owned();
        keeping::documents(folder, matrix, &document)?;
        output.note(&format!("selftest  {}", path.display()));
    }
    Ok(match (matrix.interrupted, matrix.problems().is_empty(), matrix.unjudged().is_empty()) {
        (true, ..) => Exit::Interrupted,
        (false, false, _) => Exit::Blocked,
        (false, true, false) => Exit::Inconclusive,
        (false, true, true) => Exit::Approved,
    })
}
