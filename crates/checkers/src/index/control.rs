//! What both sides say beside the runs: greetings, the end of a replay, pings and the clock, cancels.

use super::{ConnView, Gap, Greeting, Index, Joined};
use crate::event_view::{ControlType, ControlView, Field, Seen};
use crate::instant::unix_ms_of;
use crate::observation::{ConnIx, UserIx, ms};

impl Index {
    pub(super) fn control(
        &mut self,
        line: u64,
        t_ns: u64,
        frame: &ControlView<'_>,
        user: Option<UserIx>,
        conn: Option<ConnIx>,
    ) {
        match frame.kind {
            ControlType::ConnectionEstablished => {
                let asked = conn.and_then(|conn| self.conn(conn)).and_then(|view| view.intended_t_ns);
                self.read_clock(frame, asked, t_ns);
                self.greet(line, t_ns, frame, user, conn);
            }
            ControlType::ReplayEnd => {
                if let Some(view) = self.conn_mut(conn) {
                    view.replaying = false;
                }
            }
            ControlType::Pong => {
                let asked = conn
                    .zip(frame.fields.whole(Field::N))
                    .and_then(|(conn, n)| self.pings.remove(&(conn, n)));
                self.read_clock(frame, asked, t_ns);
            }
            ControlType::RequestAccepted => self.accept(line, t_ns, frame, user),
            ControlType::Error => self.refuse(line, frame, user),
            ControlType::Heartbeat | ControlType::TokenRefreshed | ControlType::Closing => {}
        }
    }

    pub(super) fn sent(
        &mut self,
        line: u64,
        t_ns: u64,
        seen: Option<&Seen<'_>>,
        user: Option<UserIx>,
        conn: Option<ConnIx>,
    ) {
        let Some(Seen::Sent(frame)) = seen else { return };
        match frame.kind.as_deref() {
            Some("ping") => {
                if let (Some(conn), Some(n)) = (conn, frame.fields.whole(Field::N)) {
                    self.pings.insert((conn, n), t_ns);
                }
            }
            Some("agent_request") => self.name_thread(frame, user),
            Some("cancel") => {
                let run = frame.fields.text(Field::RunId).and_then(|id| self.run_named(&id));
                if let Some(view) = run.and_then(|run| self.runs.get_mut(&run))
                    && Some(view.owner) == user
                {
                    view.cancel_line.get_or_insert(line);
                    view.cancel_t_ns.get_or_insert(t_ns);
                }
            }
            _ => {}
        }
    }

    fn read_clock(&mut self, frame: &ControlView<'_>, asked_t_ns: Option<u64>, t_ns: u64) {
        let server = frame.fields.text(Field::ServerTime).and_then(|text| unix_ms_of(&text));
        if let Some(server) = server {
            self.clock.narrow(server, asked_t_ns.map(ms), ms(t_ns));
        }
    }

    fn greet(
        &mut self,
        line: u64,
        t_ns: u64,
        frame: &ControlView<'_>,
        user: Option<UserIx>,
        conn: Option<ConnIx>,
    ) {
        let joined = match frame.fields.text(Field::Recovered).as_deref() {
            Some("fresh") => Joined::Fresh,
            Some("full") => Joined::Full,
            Some("failed") => Joined::Failed,
            _ => Joined::Unknown,
        };
        if let Some(view) = self.conn_mut(conn) {
            // By a second greeting nobody comes back.
            if view.greeting.is_some() {
                return;
            }
            view.replaying = joined == Joined::Full;
            view.greeting = Some(Greeting {
                line,
                t_ns,
                joined,
                offset: frame.fields.whole(Field::Offset),
                replay: frame.fields.whole(Field::Replay),
            });
        }
        let Some(user) = user else { return };
        // One to whom nothing comes any more sees nothing of what this one misses.
        let hears = |other: ConnIx| Some(other) != conn && self.conn(other).is_some_and(ConnView::hears);
        let alone = !self.live_conns(user).any(hears);
        let gap = match joined {
            Joined::Failed => Gap::Signalled { line },
            Joined::Fresh | Joined::Unknown if alone => Gap::NotAsked { line },
            _ => return,
        };
        let Some(view) = self.user_mut(user) else { return };
        view.gap = Some(gap);
        let open = view.open_runs.clone();
        for run in open {
            if let Some(view) = self.runs.get_mut(&run)
                && view.terminal.is_none()
            {
                view.gap.get_or_insert(gap);
            }
        }
    }
}
