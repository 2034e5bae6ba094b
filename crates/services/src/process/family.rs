//! A process with all that it has started: a server that answers by a process per connection is paused only with them.

use super::{ENDS_WITHIN, LOOK};
use rustix::process::{Pid, Signal, kill_process};
use std::collections::HashMap;
use std::time::Instant;

/// A process and, at each look, its descendants.
#[derive(Debug, Clone, Copy)]
pub(super) struct Family {
    head: u32,
}

/// What the kernel says of a process.
#[derive(Debug, PartialEq, Eq)]
struct Seen {
    state: char,
    parent: u32,
}

impl Family {
    /// The family of a process that was started here and not waited for, so its number is still its own.
    pub(super) fn of(head: u32) -> Self {
        Self { head }
    }

    /// Stops all of them and waits until they stand still.
    pub(super) fn stop(self) -> Result<(), String> {
        // The head first: what it has started is then all that it will have.
        send(self.head, Signal::STOP);
        self.until("stopped", |members| {
            for (member, seen) in members {
                if !matches!(seen.state, 'T' | 't') {
                    send(*member, Signal::STOP);
                }
            }
        })
    }

    /// Lets all of them go on.
    pub(super) fn go_on(self) {
        let mut members: Vec<u32> = self.members().into_iter().map(|(member, _)| member).collect();
        // The head last: it finds the others awake.
        members.reverse();
        for member in members {
            send(member, Signal::CONT);
        }
    }

    /// Tells the head to end the family.
    pub(super) fn end(self, signal: Signal) {
        self.go_on();
        send(self.head, signal);
    }

    /// Kills all of them, and waits until they are gone.
    pub(super) fn kill(self) -> Result<(), String> {
        send(self.head, Signal::STOP);
        let members = self.members();
        for (member, _) in &members {
            send(*member, Signal::KILL);
        }
        let until = Instant::now() + ENDS_WITHIN;
        // A killed child that was not waited for is still listed, as a zombie.
        while members.iter().any(|(member, _)| look(*member).is_some_and(|seen| seen.state != 'Z')) {
            if Instant::now() >= until {
                return Err("it does not die".to_owned());
            }
            std::thread::sleep(LOOK);
        }
        Ok(())
    }

    /// Does `act` until every member stands still.
    fn until(self, what: &str, act: impl Fn(&[(u32, Seen)])) -> Result<(), String> {
        let until = Instant::now() + ENDS_WITHIN;
        loop {
            let members = self.members();
            if members.is_empty() {
                return Err("it is gone, or this system does not list processes in /proc".to_owned());
            }
            if members.iter().all(|(_, seen)| matches!(seen.state, 'T' | 't' | 'Z' | 'X')) {
                return Ok(());
            }
            if Instant::now() >= until {
                return Err(format!("not all of its processes {what}"));
            }
            act(&members);
            std::thread::sleep(LOOK);
        }
    }

    /// The head and its descendants, parents before children.
    fn members(self) -> Vec<(u32, Seen)> {
        let mut by_parent: HashMap<u32, Vec<(u32, Seen)>> = HashMap::new();
        for process in processes() {
            if let Some(seen) = look(process) {
                by_parent.entry(seen.parent).or_default().push((process, seen));
            }
        }
        let mut members: Vec<(u32, Seen)> =
            look(self.head).map(|seen| (self.head, seen)).into_iter().collect();
        let mut next = 0;
        while let Some(member) = members.get(next).map(|(member, _)| *member) {
            members.extend(by_parent.remove(&member).unwrap_or_default());
            next += 1;
        }
        members
    }
}

fn processes() -> impl Iterator<Item = u32> {
    let listed = std::fs::read_dir("/proc").into_iter().flatten();
    listed.flatten().filter_map(|entry| entry.file_name().to_str()?.parse().ok())
}

fn look(process: u32) -> Option<Seen> {
    seen(&std::fs::read_to_string(format!("/proc/{process}/stat")).ok()?)
}

/// `NUMBER (NAME) STATE PARENT …`; a name may hold anything, parentheses too.
fn seen(stat: &str) -> Option<Seen> {
    let mut fields = stat.rsplit_once(')')?.1.split_ascii_whitespace();
    Some(Seen { state: fields.next()?.chars().next()?, parent: fields.next()?.parse().ok()? })
}

/// A process that is gone needs no signal.
fn send(process: u32, signal: Signal) {
    let number = i32::try_from(process).ok().and_then(Pid::from_raw);
    let _ = number.map(|number| kill_process(number, signal));
}

#[cfg(test)]
mod tests {
    use super::{Seen, seen};

    #[test]
    fn a_line_of_the_kernel_is_read_whatever_the_process_is_called() {
        assert_eq!(seen("17 (sh) S 4 17 17 0"), Some(Seen { state: 'S', parent: 4 }));
        assert_eq!(seen("17 (a) T 9) (b) T 12 17 17 0"), Some(Seen { state: 'T', parent: 12 }));
        assert_eq!(seen("17 (sh"), None);
    }
}
