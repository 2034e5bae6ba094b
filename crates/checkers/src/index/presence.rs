//! Who is there: users and connections by their names, as connections open and close.

use super::{Closed, ConnView, Index, Ordeal, Stall, UserView};
use crate::observation::{ConnIx, UserIx};
use goldenpath_history::{ClosedBy, Record, RecordKind, Trial};

impl Index {
    pub(super) fn intern_user(&mut self, name: &str) -> UserIx {
        if let Some(known) = self.user_by_name.get(name) {
            return *known;
        }
        let user = UserIx(u32::try_from(self.users.len()).unwrap_or(u32::MAX));
        self.users.push(UserView {
            name: name.into(),
            conns: Vec::new(),
            open_runs: Vec::new(),
            asked: false,
            gap: None,
        });
        self.user_by_name.insert(name.into(), user);
        user
    }

    pub(super) fn intern_conn(&mut self, number: u32, user: Option<UserIx>) -> ConnIx {
        let conn = *self.conn_by_number.entry(number).or_insert_with(|| {
            self.conns.push(ConnView::default());
            ConnIx(u32::try_from(self.conns.len() - 1).unwrap_or(u32::MAX))
        });
        if let (Some(user), Some(view)) = (user, self.conns.get_mut(conn.0 as usize))
            && view.user.is_none()
        {
            view.user = Some(user);
            if let Some(owner) = self.user_mut(user) {
                owner.conns.push(conn);
            }
        }
        conn
    }

    pub(super) fn open(&mut self, line: u64, record: &Record<'_>, conn: Option<ConnIx>) {
        let RecordKind::Open { status, intended_t_ns, credential, .. } = &record.kind else { return };
        let probe = credential.as_deref().is_some_and(|case| case != "valid");
        if !probe {
            self.trouble.target_down = status.is_none();
        }
        if let Some(view) = self.conn_mut(conn) {
            view.opened_line = line;
            view.opened_t_ns = record.t_ns;
            view.intended_t_ns = *intended_t_ns;
            view.status = *status;
            view.probe = probe;
            view.closed = None;
        }
    }

    pub(super) fn close(
        &mut self,
        line: u64,
        t_ns: u64,
        conn: Option<ConnIx>,
        code: Option<u16>,
        by: ClosedBy,
    ) {
        if let Some(view) = self.conn_mut(conn) {
            view.closed = Some(Closed { line, t_ns, code, by });
            view.replaying = false;
        }
    }

    /// What a driver did to a connection.
    pub(super) fn tried(&mut self, line: u64, record: &Record<'_>, conn: Option<ConnIx>) {
        let Some(step) = Trial::of(&record.kind) else { return };
        let Some(view) = self.conn_mut(conn) else { return };
        match step {
            Trial::ReaderStalled => {
                view.stall = Some(Stall { line, from_ns: record.t_ns, until_ns: None });
            }
            Trial::ReaderReads => {
                if let Some(stall) = &mut view.stall {
                    stall.until_ns.get_or_insert(record.t_ns);
                }
            }
            Trial::PeerSilent | Trial::PeerVanished | Trial::LinkCut => {
                view.ordeal = Some(Ordeal { step, line, t_ns: record.t_ns });
            }
            _ => {}
        }
    }
}
