//! A log that keeps something of every connection that ever read it.

use super::LogFault;
use crate::faulty::desk::{Choice, Desk, locked};
use async_trait::async_trait;
use goldenpath_faults::Deed;
use goldenpath_protocol::UserId;
use std::net::UdpSocket;
use std::sync::Mutex;

/// Two buffers of a socket.
const LEAST: usize = 512 * 1024;

/// Enough to show on any machine that runs this, and not enough to hurt it.
const MOST_IN_ALL: usize = 256 * 1024 * 1024;
const MOST_DESCRIPTORS: usize = 400;

/// What is kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::faulty) enum Kept {
    /// Memory, written to.
    Memory,
    /// Descriptors.
    Descriptors,
}

#[derive(Debug)]
pub(in crate::faulty) struct Hoards {
    desk: Desk,
    what: Kept,
    /// Of each connection that leaves something, bytes.
    each: usize,
    /// One in so many does.
    one_in: usize,
    hoard: Mutex<Hoard>,
}

#[derive(Debug, Default)]
struct Hoard {
    joined: usize,
    memory: Vec<Vec<u8>>,
    descriptors: Vec<UdpSocket>,
}

impl Hoards {
    pub(in crate::faulty) fn new(desk: Desk, what: Kept, seed: u64) -> Self {
        let choice = Choice::all(seed);
        let one_in = 1 + choice.pick(3);
        let each = one_in * LEAST * (1 + choice.pick(3));
        Self { desk, what, each, one_in, hoard: Mutex::default() }
    }
}

#[async_trait]
impl LogFault for Hoards {
    fn joined(&self, user: &UserId) {
        let mut hoard = locked(&self.hoard);
        hoard.joined += 1;
        if !hoard.joined.is_multiple_of(self.one_in) {
            return;
        }
        let what = match self.what {
            Kept::Memory if (hoard.memory.len() + 1).saturating_mul(self.each) <= MOST_IN_ALL => {
                // Not zero: untouched pages would be nobody's.
                hoard.memory.push(vec![1; self.each]);
                "memory of a connection is kept"
            }
            Kept::Descriptors if hoard.descriptors.len() < MOST_DESCRIPTORS => {
                let Ok(socket) = UdpSocket::bind(("127.0.0.1", 0)) else { return };
                hoard.descriptors.push(socket);
                "a descriptor of a connection is kept"
            }
            Kept::Memory | Kept::Descriptors => return,
        };
        self.desk.sign(Deed::Added, Some(user.as_str()), None, what);
    }
}
