//! What the server writes reaches a user's tabs: live, missed while a tab is away, replayed when it is back.

use super::User;
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
    /// The first tab comes back.
    Rejoin,
}

/// The first tab goes away after an offset and comes back.
pub(super) struct Break {
    pub(super) after_offset: u64,
    pub(super) rejoin_ns: u64,
}

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
    pub(super) fn deliver(&mut self, mut sent: Vec<Sent>, gap: Option<Break>, out: &mut Vec<Pending>) {
        sent.sort_by_key(|sent| sent.made_ns);
        let mut head = sent
            .iter()
            .find_map(|sent| if let What::Event { offset, .. } = sent.what { Some(offset - 1) } else { None })
            .unwrap_or(self.offset);
        for item in sent {
            if let What::Event { offset, .. } = item.what {
                head = offset;
            }
            if let (What::Rejoin, Some(gap)) = (&item.what, &gap) {
                self.rejoin(gap.rejoin_ns, head, out);
                continue;
            }
            let targets = item.tab.map_or(0..self.tabs.len(), |tab| tab..tab + 1);
            for i in targets {
                if !self.tabs[i].up {
                    if let What::Event { raw, offset, ends, .. } = &item.what {
                        self.missed.push((raw.clone(), *offset));
                        if *ends && self.tabs.len() == 1 {
                            // The run ends although nobody sees it: the gauge must fall.
                            self.note_run_end(out);
                        }
                    }
                    continue;
                }
                if self.tabs[i].gives_up(item.made_ns) {
                    continue;
                }
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
                        let counted =
                            if self.tabs[0].reads(item.made_ns) { 0 } else { self.tabs.len().min(2) - 1 };
                        if *ends && i == counted {
                            record.effect = Effect::RunEnded;
                        }
                        out.push(record);
                        if *acked_by == Some(i) {
                            self.tabs[i].acked = *offset;
                            out.push(self.pen.outgoing(
                                at + 100_000,
                                conn,
                                &ClientFrame::Ack { offset: *offset },
                            ));
                        }
                        if i == 0 && gap.as_ref().is_some_and(|gap| gap.after_offset == *offset) {
                            self.go_away(at + 300_000, out);
                        }
                    }
                    What::Rejoin => {}
                }
            }
        }
    }

    fn note_run_end(&mut self, out: &mut [Pending]) {
        if let Some(last) = out.last_mut()
            && last.effect == Effect::None
        {
            last.effect = Effect::RunEnded;
        }
    }

    /// The first tab's connection ends.
    fn go_away(&mut self, at: u64, out: &mut Vec<Pending>) {
        let tab = &mut self.tabs[0];
        tab.up = false;
        let conn = tab.conn;
        if self.scenario.resume == Resume::Drained {
            out.push(self.pen.incoming(at, conn, &ServerFrame::closing(CloseCode::Draining, 50)));
            let code = CloseCode::Draining;
            out.push(self.pen.close(at + 200_000, conn, Some(code.code()), code.reason(), ClosedBy::Server));
        } else {
            out.push(self.pen.close(at, conn, Some(1000), "", ClosedBy::Client));
        }
    }

    /// The first tab resumes; what it missed is replayed, unless the server cannot.
    fn rejoin(&mut self, joined_ns: u64, head: u64, out: &mut Vec<Pending>) {
        let conn = self.new_conn();
        let epoch = self.pen.ids.epoch(self.pen.user);
        let refused = self.scenario.resume == Resume::GapSignalled;
        let missed = std::mem::take(&mut self.missed);
        let (number, last, acked) = (self.tabs[0].number, self.tabs[0].offset, self.tabs[0].acked);
        let resume = ResumePoint { epoch, offset: last };
        let url = format!("{URL}?client_id={}&resume={resume}", self.pen.ids.client(self.pen.user, number));
        out.push(self.pen.open(joined_ns, conn, url, 101, None, None));

        let replayed = if refused { 0 } else { missed.len() as u64 };
        let recovered = if refused { Recovered::Failed } else { Recovered::Full };
        let greeting = self.pen.greeting(conn, joined_ns, head, recovered, replayed, acked);
        let latency = self.latency();
        let tab = &mut self.tabs[0];
        (tab.conn, tab.up, tab.offset) = (conn, true, head);
        tab.heartbeat_ns = tab.heartbeat_ns.max(joined_ns + PING_INTERVAL_NS);
        let mut at = tab.arrival(joined_ns, latency);
        out.push(self.pen.incoming(at, conn, &greeting));
        if refused {
            return;
        }
        for (raw, _) in missed {
            at = self.tabs[0].arrival(at, 20_000);
            out.push(self.pen.frame(at, conn, Direction::In, raw));
        }
        at = self.tabs[0].arrival(at, 20_000);
        out.push(self.pen.incoming(at, conn, &ServerFrame::ReplayEnd { offset: head }));
    }
}
