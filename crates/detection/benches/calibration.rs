//! How long the judge is judged before it decides: every `validate` and every `check` waits for it.
//!
//! `cargo bench -p goldenpath-detection --bench calibration`.

#![allow(clippy::disallowed_methods, reason = "a bench reads the clock")]

use goldenpath_detection::{Misjudged, calibrate};
use std::process::ExitCode;
use std::time::{Duration, Instant};

/// The quickest round counts: the others tell how busy the machine is.
const ROUNDS: usize = 20;
const MOST: Duration = Duration::from_millis(500);

fn main() -> Result<ExitCode, Misjudged> {
    let mut took = Vec::with_capacity(ROUNDS);
    for _ in 0..ROUNDS {
        let begun = Instant::now();
        calibrate()?;
        took.push(begun.elapsed());
    }
    took.sort_unstable();
    let least = took.first().copied().unwrap_or_default();
    let median = took.get(ROUNDS / 2).copied().unwrap_or_default();
    println!(
        "calibration: {least:.1?} at least, {median:.1?} at the median of {ROUNDS}   promised: {MOST:?}"
    );
    Ok(if least <= MOST { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}
