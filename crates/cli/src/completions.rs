//! `completions SHELL`.

use crate::args::{Cli, CompletionsArgs};
use crate::exit::Exit;
use clap::CommandFactory;

/// Prints the completions of one shell.
pub(crate) fn completions(args: &CompletionsArgs, out: &mut dyn std::io::Write) -> Exit {
    let mut text = Vec::new();
    clap_complete::generate(args.shell, &mut Cli::command(), "goldenpath", &mut text);
    // A reader that closed its end has all it wanted.
    let _ = out.write_all(&text);
    Exit::Approved
}
