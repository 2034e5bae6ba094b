//! Every connection that ends leaves something behind.

use crate::{Act, Aim, Fault, Step};
use goldenpath_history::RecordKind;

/// What stays.
pub(super) enum What {
    Memory,
    Descriptors,
}

/// Adds to a figure of the backend what the connections that ended have left.
pub(super) struct Kept {
    what: What,
    /// Of each connection that leaves something.
    each: f64,
    /// One in so many does.
    one_in: u32,
    ended: u32,
}

impl Kept {
    pub(super) fn new(what: What, seed: u64) -> Self {
        let mut aim = Aim::new(seed);
        let one_in = 1 + u32::try_from(aim.pick(3)).unwrap_or_default();
        let each = match what {
            // At the least 128 KiB: two buffers of a socket.
            What::Memory => {
                f64::from(one_in) * 131_072.0 * f64::from(1 + u32::try_from(aim.pick(6)).unwrap_or_default())
            }
            What::Descriptors => 1.0,
        };
        Self { what, each, one_in, ended: 0 }
    }
}

impl Fault for Kept {
    fn rewrite(&mut self, step: &Step, act: &mut Act<'_>) {
        let (wanted, words) = match self.what {
            What::Memory => ("process_resident_memory_bytes", "memory of connections that ended"),
            What::Descriptors => ("process_open_fds", "descriptors of connections that ended"),
        };
        match &step.kind {
            RecordKind::Close { .. } => self.ended += 1,
            RecordKind::Sample { name, value } if name == wanted => {
                let left = f64::from(self.ended / self.one_in) * self.each;
                if left > 0.0 {
                    let kind = RecordKind::Sample { name: name.clone(), value: value + left };
                    act.alter(Step { kind, ..step.clone() }, words);
                }
            }
            _ => {}
        }
    }
}
