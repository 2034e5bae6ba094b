//! What the server writes reaches a user's tabs: live, missed while a tab is away, replayed when it is back.

use super::breaks::Break;
use super::{Missed, User};
use crate::scenario::Resume;
use crate::tab::{Effect, PING_INTERVAL_NS, Pending, URL};
use goldenpath_history::{ClosedBy, Direction};
use goldenpath_protocol::{ClientFrame, CloseCode, Recovered, ResumePoint, ServerFrame};

/// What the server writes, before it is known when it arrives.
pub(super) struct Sent {
    pub(super) made_ns: u64,
    /// One tab, or all.
    pub(super) tab: Option<usize>,
    pub(super) what: What,
}

pub(super) enum What {
    Frame(String),
    Event {
        raw: String,
        offset: u64,
        ends: bool,
        acked_by: Option<usize>,
    },
    Heartbeat,
    /// The tab comes back.
    Rejoin,
}

/// The other node's address.
const OTHER_URL: &str = "ws://other-node.simulated.invalid/ws";

impl User {
    /// Heartbeats that are due before `end`.
    pub(super) fn heartbeats(&mut self, end: u64, sent: &mut Vec<Sent>) {
        for (i, tab) in self.tabs.iter_mut().enumerate() {
            while tab.heartbeat_ns < end {
                sent.push(Sent { made_ns: tab.heartbeat_ns, tab: Some(i), what: What::Heartbeat });
                tab.heartbeat_ns += PING_INTERVAL_NS;
            }
        }
    }

    /// Writes what was sent to every tab that it is for.
    pub(super) fn deliver(&mut self, mut sent: Vec<Sent>, breaks: &[Break], out: &mut Vec<Pending>) {
        sent.sort_by_key(|sent| sent.made_ns);
        let mut head = sent
            .iter()
            .find_map(|sent| if let What::Event { offset, .. } = sent.what { Some(offset - 1) } else { None })
            .unwrap_or(self.offset);
        let mut breaks = breaks.iter().peekable();
        for item in sent {
            if let What::Event { offset, .. } = item.what {
                head = offset;
            }
            if let (What::Rejoin, Some(tab)) = (&item.what, item.tab) {
                self.rejoin(tab, item.made_ns, head, out);
                continue;
            }
            for i in item.tab.map_or(0..self.tabs.len(), |tab| tab..tab + 1) {
                if !self.tabs[i].up {
                    self.miss(i, &item);
                } else if !self.tabs[i].gives_up(item.made_ns) {
                    self.hand_over(i, &item, out);
                }
            }
            if breaks.peek().is_some_and(
                |gap| matches!(item.what, What::Event { offset, .. } if offset == gap.after_offset),
            ) && let Some(gap) = breaks.next()
            {
                self.part(*gap, out);
            }
        }
    }

    /// A tab that is away misses what was sent.
    fn miss(&mut self, tab: usize, item: &Sent) {
        let What::Event { raw, offset, ends, .. } = &item.what else { return };
        if tab == 0 {
            let ends_unseen = *ends && self.tabs.iter().all(|tab| !tab.up);
            self.missed.push(Missed { raw: raw.clone(), offset: *offset, ends_unseen });
        }
    }

    /// A tab that is there receives what was sent.
    fn hand_over(&mut self, i: usize, item: &Sent, out: &mut Vec<Pending>) {
        let latency = self.latency();
        let tab = &mut self.tabs[i];
        let (conn, at) = (tab.conn, tab.arrival(item.made_ns, latency));
        match &item.what {
            What::Frame(raw) => out.push(self.pen.frame(at, conn, Direction::In, raw.clone())),
            What::Heartbeat => {
                let frame = ServerFrame::Heartbeat { offset: tab.offset };
                out.push(self.pen.incoming(at, conn, &frame));
            }
            What::Event { raw, offset, ends, acked_by } => {
                tab.offset = *offset;
                let mut record = self.pen.frame(at, conn, Direction::In, raw.clone());
                // Told once, by the first that reads it.
                let first = self.tabs.iter().position(|tab| tab.reads(item.made_ns)).unwrap_or(0);
                if *ends && i == first {
                    record.effect = Effect::RunEnded;
                }
                out.push(record);
                if i == 0 && self.scenario.resume.overlap() > 0 {
                    self.recent.push(Missed { raw: raw.clone(), offset: *offset, ends_unseen: false });
                }
                if *acked_by == Some(i) {
                    self.tabs[i].acked = *offset;
                    out.push(self.pen.outgoing(at + 100_000, conn, &ClientFrame::Ack { offset: *offset }));
                }
            }
            What::Rejoin => {}
        }
    }

    /// The first tab goes away, or all tabs with the log.
    fn part(&mut self, gap: Break, out: &mut Vec<Pending>) {
        let leaving = if gap.new_epoch { self.tabs.len() } else { 1 };
        for tab in 0..leaving {
            self.go_away(tab, out);
        }
        if gap.new_epoch {
            self.pen.life += 1;
        }
    }

    /// A tab's connection ends.
    fn go_away(&mut self, tab: usize, out: &mut Vec<Pending>) {
        let tab = &mut self.tabs[tab];
        tab.up = false;
        let (conn, at) = (tab.conn, tab.last_ns + 300_000);
        let code = match self.scenario.resume {
            Resume::Drained | Resume::TakenOver => CloseCode::Draining,
            Resume::NewEpoch => CloseCode::InsufficientState,
            _ => {
                out.push(self.pen.close(at, conn, Some(1000), "", ClosedBy::Client));
                return;
            }
        };
        let after_ms = if code == CloseCode::Draining { 50 } else { 0 };
        out.push(self.pen.incoming(at, conn, &ServerFrame::closing(code, after_ms)));
        out.push(self.pen.close(at + 200_000, conn, Some(code.code()), code.reason(), ClosedBy::Server));
    }

    /// The address at which a tab comes back, with what it asks to resume from.
    fn return_address(&self, tab: usize, point: &ResumePoint) -> String {
        let node = match self.scenario.resume {
            Resume::Drained | Resume::TakenOver => OTHER_URL,
            _ => URL,
        };
        let client = self.pen.ids.client(self.pen.user, self.tabs[tab].number);
        format!("{node}?client_id={client}&resume={point}")
    }

    /// A tab resumes; what it missed is replayed, unless the server cannot.
    fn rejoin(&mut self, tab: usize, joined_ns: u64, head: u64, out: &mut Vec<Pending>) {
        let conn = self.new_conn();
        let refused = self.scenario.resume.refused();
        let left_in =
            if self.scenario.resume == Resume::NewEpoch { self.pen.life - 1 } else { self.pen.life };
        let epoch = self.pen.ids.epoch(self.pen.user, left_in);
        let overlap = self.recent.len().saturating_sub(self.scenario.resume.overlap());
        let mut replay = self.recent.split_off(overlap);
        let last = replay.first().map_or(self.tabs[tab].offset, |first| first.offset - 1);
        let missed = if tab == 0 { std::mem::take(&mut self.missed) } else { Vec::new() };
        let acked = if refused { 0 } else { self.tabs[tab].acked };
        let url = self.return_address(tab, &ResumePoint { epoch, offset: last });
        out.push(self.pen.open(joined_ns, conn, url, 101, None, None));

        replay.extend(missed);
        let unseen = replay.iter().filter(|missed| missed.ends_unseen).count();
        if refused {
            replay.clear();
        }
        let recovered = if refused { Recovered::Failed } else { Recovered::Full };
        let greeting = self.pen.greeting(conn, joined_ns, head, recovered, replay.len() as u64, acked);
        let latency = self.latency();
        let tab = &mut self.tabs[tab];
        (tab.conn, tab.up, tab.offset, tab.acked) = (conn, true, head, acked);
        tab.heartbeat_ns = tab.heartbeat_ns.max(joined_ns + PING_INTERVAL_NS);
        let mut at = tab.arrival(joined_ns, latency);
        out.push(self.pen.incoming(at, conn, &greeting));
        // Runs that ended although nobody saw it: the gauge must have fallen.
        let still = out.iter_mut().rev().filter(|pending| pending.effect == Effect::None);
        still.take(unseen).for_each(|pending| pending.effect = Effect::RunEnded);
        if refused {
            return;
        }
        for missed in replay {
            at = tab.arrival(at, 20_000);
            out.push(self.pen.frame(at, conn, Direction::In, missed.raw));
        }
        at = tab.arrival(at, 20_000);
        out.push(self.pen.incoming(at, conn, &ServerFrame::ReplayEnd { offset: head }));
    }
}
