//! Who cleans up when the tests cannot: their process may be killed, and what is static in it is never dropped.

use std::io::{self, Write};
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Child, ChildStdin, Command, Stdio};

/// Reads the number of the process to end, the last line counts, until nobody can write any more. Then that one is told to
/// end, after ten seconds killed, and the folder is removed.
const SCRIPT: &str = r#"
process=
while read -r line; do process=$line; done
if [ -n "$process" ]; then
    kill -s CONT "$process"
    kill -s "$1" "$process"
    waited=0
    while kill -s 0 "$process" && [ "$waited" -lt 100 ]; do
        sleep 0.1
        waited=$((waited + 1))
    done
    kill -s KILL "$process"
fi 2>/dev/null
rm -rf -- "$2"
"#;

/// A shell that waits for the end of this process, or of this value.
#[derive(Debug)]
pub(super) struct Warden {
    shell: Child,
    // Closing it is the sign; the kernel closes it for a process that dies. No child inherits it.
    orders: Option<ChildStdin>,
}

impl Warden {
    /// Watches over a folder, and over nobody yet.
    pub(super) fn over(folder: &Path, end: &str) -> io::Result<Self> {
        let mut shell = Command::new("/bin/sh")
            .args(["-c", SCRIPT, "warden", end])
            .arg(folder)
            .current_dir("/")
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            // Ctrl-C in a terminal is not for it.
            .process_group(0)
            .spawn()?;
        let orders = shell.stdin.take();
        Ok(Self { shell, orders })
    }

    /// Names the process to end, if any is left to.
    pub(super) fn watch(&mut self, process: Option<u32>) {
        let line = process.map_or_else(String::new, |process| process.to_string());
        if let Some(orders) = &mut self.orders {
            // A warden that was killed cannot clean up; what it watches is still ended by its owner.
            let _ = writeln!(orders, "{line}");
        }
    }
}

impl Drop for Warden {
    fn drop(&mut self) {
        drop(self.orders.take());
        let _ = self.shell.wait();
    }
}
