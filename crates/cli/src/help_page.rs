//! `docs/cli.md` is what `--help` says, written out: a changed flag changes the page in the same commit.
//! `UPDATE_EXPECT=1 cargo test -p goldenpath-cli help_page` rewrites it.

use crate::args::Cli;
use clap::CommandFactory;
use expect_test::expect_file;
use std::fmt::Write;

const HEAD: &str = "\
# The command line

Generated from the command itself; `UPDATE_EXPECT=1 cargo test -p goldenpath-cli help_page` rewrites it.
Flags win over `GOLDENPATH_*` variables, those over `goldenpath.toml` (see `goldenpath.example.toml`), that over the defaults.
`GOLDENPATH_LOG` filters the log on stderr; `NO_COLOR` is respected.
";

/// The options of every command are told once, with the command itself.
const EVERYWHERE: [&str; 6] = ["config", "format", "verbose", "ci_mode", "help", "version"];

#[test]
fn the_page_of_the_command_line_is_its_help() {
    let mut root = Cli::command().term_width(100).disable_help_subcommand(true);
    root.build();
    let mut page = HEAD.to_owned();
    section(&mut page, "goldenpath", &mut root.clone());
    for command in root.get_subcommands() {
        let hidden =
            EVERYWHERE.into_iter().filter(|name| command.get_arguments().any(|arg| arg.get_id() == name));
        let mut command = hidden.fold(command.clone().term_width(100), |command, name| {
            command.mut_arg(name, |arg| arg.hide(true))
        });
        let name = format!("goldenpath {}", command.get_name());
        section(&mut page, &name, &mut command);
    }
    expect_file!["../../../docs/cli.md"].assert_eq(&page);
}

fn section(page: &mut String, name: &str, command: &mut clap::Command) {
    let help = command.render_long_help().to_string();
    let lines: Vec<&str> = help.lines().map(str::trim_end).collect();
    let _ = write!(page, "\n## {name}\n\n```text\n{}\n```\n", lines.join("\n").trim_end());
}
