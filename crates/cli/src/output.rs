//! Where things are said: results on stdout, everything else on stderr. With `--format json` stdout holds
//! exactly one document.

use crate::args::Format;
use std::io::Write;

/// The two streams of a command.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Output {
    format: Format,
}

impl Output {
    pub(crate) fn new(format: Format) -> Self {
        Self { format }
    }

    /// What stdout is for.
    pub(crate) fn format(&self) -> Format {
        self.format
    }

    /// A result for people; on stderr when stdout belongs to a document.
    pub(crate) fn text(&self, text: &str) {
        match self.format {
            Format::Text => write(&mut std::io::stdout(), text),
            Format::Json => write(&mut std::io::stderr(), text),
        }
    }

    /// The one document.
    pub(crate) fn document(&self, text: &str) {
        write(&mut std::io::stdout(), text);
    }

    /// One line beside the result.
    pub(crate) fn note(&self, line: &str) {
        write(&mut std::io::stderr(), &format!("{line}\n"));
    }
}

/// A reader that closed its end has all it wanted: no reason to change the verdict.
fn write(to: &mut dyn Write, text: &str) {
    let _ = to.write_all(text.as_bytes()).and_then(|()| to.flush());
}
