//! The `goldenpath` command; everything it does is in the library, so that tests can call it too.

use std::process::ExitCode;

fn main() -> ExitCode {
    goldenpath_cli::run(std::env::args_os())
}
