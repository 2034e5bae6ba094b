//! The `goldenpath` command as a library: [`run`] takes the arguments and gives the exit code, so that test
//! tiers can put a command of their own around it.

mod exit;

pub mod args;
mod config;
#[cfg(test)]
mod deployed;
#[cfg(test)]
mod help_page;
mod nearest;

mod output;
mod progress;
mod session;

mod calibration;
mod clock;
mod failure;
mod interrupt;
mod live;
mod target;
mod witnesses;

pub mod validate;
mod validate_command;

pub mod record;
mod record_command;

mod check;
mod completions;
mod data_dir;
mod explain;
mod proxy;
mod selftest;
mod serve;
mod services;
mod thinking;

pub use exit::{CommandError, Exit};

use args::{Cli, Command};
use clap::Parser;
use output::Output;
use std::ffi::OsString;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::process::ExitCode;
use tracing_subscriber::EnvFilter;

/// Does what the arguments (the program's name first) ask for, and gives the exit code.
pub fn run<I, T>(arguments: I) -> ExitCode
where
    I: IntoIterator<Item = T>,
    T: Into<OsString> + Clone,
{
    let cli = match Cli::try_parse_from(arguments) {
        Ok(cli) => cli,
        Err(why) => {
            // Help and version are answers and go to stdout, a wrong call to stderr; a closed stream is no reason to fail.
            let _ = why.print();
            return if why.use_stderr() { Exit::Usage.into() } else { Exit::Approved.into() };
        }
    };
    listen_to_logs(&cli);
    let done = catch_unwind(AssertUnwindSafe(|| dispatch(&cli)));
    let exit = match done {
        Ok(Ok(exit)) => exit,
        Ok(Err(why)) => {
            Output::new(cli.global.format).note(&format!("error: {why}"));
            why.exit()
        }
        Err(_) => {
            Output::new(cli.global.format).note("error: goldenpath panicked; this is a bug of ours");
            Exit::Bug
        }
    };
    exit.into()
}

fn dispatch(cli: &Cli) -> Result<Exit, CommandError> {
    let output = Output::new(cli.global.format);
    let environment = config::process_environment();
    match &cli.command {
        Command::Validate(args) => {
            runtime()?.block_on(validate_command::validate(args, &cli.global, &environment, &output))
        }
        Command::Check(args) => check::check(args, &output),
        Command::Record(args) => {
            runtime()?.block_on(record_command::record(args, &cli.global, &environment, &output))
        }
        Command::Serve(args) => runtime()?.block_on(serve::serve(args)),
        Command::Services(args) => runtime()?.block_on(services::services(args, &output)),
        Command::Proxy(args) => runtime()?.block_on(proxy::proxy(args)),
        Command::Selftest(args) => {
            runtime()?.block_on(selftest::selftest(args, &cli.global, &environment, &output))
        }
        Command::Explain(args) => explain::explain(args, cli.global.format, &mut std::io::stdout()),
        Command::Completions(args) => Ok(completions::completions(args, &mut std::io::stdout())),
    }
}

fn runtime() -> Result<tokio::runtime::Runtime, CommandError> {
    tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .map_err(|why| CommandError::Outside(format!("failed to start the runtime: {why}")))
}

/// Logs go to stderr: a server tells what it does, the others only what went wrong, unless asked for more.
fn listen_to_logs(cli: &Cli) {
    let default = match (&cli.command, cli.global.verbose) {
        (_, true) => {
            "info,goldenpath_cli=debug,goldenpath_harness=debug,goldenpath_gateway=debug,goldenpath_faults=debug"
        }
        (Command::Serve(_) | Command::Services(_) | Command::Proxy(_), false) => "info",
        (_, false) => "error",
    };
    let filter = EnvFilter::try_from_env("GOLDENPATH_LOG").unwrap_or_else(|_| EnvFilter::new(default));
    let colour = !cli.global.ci_mode
        && std::env::var_os("NO_COLOR").is_none()
        && std::io::IsTerminal::is_terminal(&std::io::stderr());
    let logs =
        tracing_subscriber::fmt().with_env_filter(filter).with_ansi(colour).with_writer(std::io::stderr);
    // A test that calls `run` twice has a subscriber already.
    let _ = logs.try_init();
}
