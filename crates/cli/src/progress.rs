//! How far a run is: bars on a terminal, one plain line per ten seconds elsewhere. All on stderr.

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use std::io::{IsTerminal, Write};
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

/// How often a plain line is written.
const EVERY: Duration = Duration::from_secs(10);

/// Says how far a run is; cheap to clone. The last clone that is dropped ends it.
#[derive(Debug, Clone)]
pub(crate) struct Meter {
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    screen: Screen,
    lines: Option<Lines>,
}

#[derive(Debug)]
enum Screen {
    Bar(ProgressBar),
    Lines(Arc<State>),
}

#[derive(Debug, Default)]
struct State {
    now: Mutex<Now>,
    wake: Condvar,
}

#[derive(Debug, Default)]
struct Now {
    stage: String,
    done: u64,
    of: u64,
    begun: Option<Instant>,
    over: bool,
}

/// The thread that writes lines, joined when nobody reports any more.
#[derive(Debug)]
struct Lines {
    state: Arc<State>,
    thread: Option<JoinHandle<()>>,
}

impl Meter {
    /// On stderr: a bar when it is a terminal and nobody asked for plain lines.
    pub(crate) fn new(ci_mode: bool) -> Self {
        if ci_mode || !std::io::stderr().is_terminal() {
            return Self::lines();
        }
        let bar = ProgressBar::with_draw_target(None, ProgressDrawTarget::stderr());
        let template = "  {spinner} {prefix:<12} [{bar:28}] {pos}/{len} {elapsed} {wide_msg}";
        if let Ok(style) = ProgressStyle::with_template(template) {
            bar.set_style(style.progress_chars("=> "));
        }
        bar.enable_steady_tick(Duration::from_millis(120));
        Self { shared: Arc::new(Shared { screen: Screen::Bar(bar), lines: None }) }
    }

    fn lines() -> Self {
        let state = Arc::new(State::default());
        let of_thread = Arc::clone(&state);
        let thread = std::thread::Builder::new()
            .name("goldenpath-progress".to_owned())
            .spawn(move || tell(&of_thread));
        let lines = Lines { state: Arc::clone(&state), thread: thread.ok() };
        Self { shared: Arc::new(Shared { screen: Screen::Lines(state), lines: Some(lines) }) }
    }

    /// A stage begins, such as a category, of `of` steps (0: unknown).
    pub(crate) fn stage(&self, name: &str, of: u64) {
        match &self.shared.screen {
            Screen::Bar(bar) => {
                bar.set_length(of);
                bar.set_position(0);
                bar.reset_elapsed();
                bar.set_prefix(name.to_owned());
            }
            Screen::Lines(state) => {
                let begun = Some(Instant::now());
                state.change(|now| *now = Now { stage: name.to_owned(), of, begun, ..Now::default() })
            }
        }
    }

    /// One step of the stage is done.
    pub(crate) fn step(&self) {
        match &self.shared.screen {
            Screen::Bar(bar) => bar.inc(1),
            Screen::Lines(state) => state.change(|now| now.done += 1),
        }
    }

    /// Nothing more comes: clears the bar.
    pub(crate) fn finish(&self) {
        if let Screen::Bar(bar) = &self.shared.screen {
            bar.finish_and_clear();
        }
    }
}

impl State {
    fn change(&self, change: impl FnOnce(&mut Now)) {
        change(&mut self.now.lock().unwrap_or_else(PoisonError::into_inner));
    }
}

/// Writes a line every ten seconds until it is over.
fn tell(state: &State) {
    let mut now = state.now.lock().unwrap_or_else(PoisonError::into_inner);
    while !now.over {
        let waited = state
            .wake
            .wait_timeout_while(now, EVERY, |now| !now.over)
            .unwrap_or_else(PoisonError::into_inner);
        now = waited.0;
        if !now.over && !now.stage.is_empty() {
            let of = if now.of == 0 { String::new() } else { format!("/{}", now.of) };
            let since = now.begun.map_or(0, |begun| begun.elapsed().as_secs());
            // A closed stderr is nothing that a run should end for.
            let _ = writeln!(std::io::stderr(), "{}: {}{of}, {since} s", now.stage, now.done);
        }
    }
}

impl Drop for Lines {
    fn drop(&mut self) {
        self.state.change(|now| now.over = true);
        self.state.wake.notify_all();
        if let Some(thread) = self.thread.take() {
            // A panic of the thread has no consequence but missing lines.
            let _ = thread.join();
        }
    }
}

impl Drop for Shared {
    fn drop(&mut self) {
        if let Screen::Bar(bar) = &self.screen {
            bar.finish_and_clear();
        }
        drop(self.lines.take());
    }
}
