//! A leg: one connection's stretch of its user's stream, with what was open when it was left.

use crate::address::Address;
use crate::index::{Index, RunView};
use crate::observation::{ConnIx, RequestIx, RunIx, UserIx};

/// One connection.
#[derive(Debug, Default)]
pub(super) struct Leg {
    /// What its address asked for.
    pub(super) asked: Address,
    /// The life of the log that its greeting told.
    pub(super) epoch: Option<Box<str>>,
    /// The last offset it showed.
    pub(super) last: Option<u64>,
    /// The line of its end; 0 while it lives.
    pub(super) closed_line: u64,
    /// The runs that were open on it then.
    pub(super) left: Vec<Left>,
}

/// A run that was open when its reader went away.
#[derive(Debug, Clone)]
pub(super) struct Left {
    pub(super) run: RunIx,
    /// Its id, for findings: by then the run may be settled.
    pub(super) id: Box<str>,
    pub(super) request: Option<RequestIx>,
    /// The last `seq` that was seen of it here; none when only its acceptance was.
    pub(super) seq: Option<u64>,
    /// The last line that showed it.
    pub(super) line: u64,
    /// When the plan wanted it asked for, or it was first heard of.
    pub(super) asked_t_ns: u64,
}

/// Every connection's leg.
#[derive(Debug, Default)]
pub(super) struct Legs(Vec<Leg>);

impl Legs {
    pub(super) fn leg(&mut self, conn: ConnIx) -> &mut Leg {
        let at = conn.0 as usize;
        if at >= self.0.len() {
            self.0.resize_with(at + 1, Leg::default);
        }
        &mut self.0[at]
    }

    /// The connection that `conn` goes on from: the one of the same client, else the one whose stream ended where this one
    /// asks to begin, else the last one that ended.
    pub(super) fn left_by(
        &self,
        user: UserIx,
        conn: ConnIx,
        asked: &Address,
        index: &Index,
    ) -> Option<ConnIx> {
        let leg = |conn: ConnIx| self.0.get(conn.0 as usize);
        let greeted =
            |conn: ConnIx| index.conn(conn).is_some_and(|view| view.greeting.is_some() && !view.probe);
        let conns = index.user(user).map_or(&[][..], |view| &view.conns);
        let earlier: Vec<(ConnIx, &Leg)> = conns
            .iter()
            .rev()
            .filter(|other| **other != conn && greeted(**other))
            .filter_map(|other| Some((*other, leg(*other)?)))
            .collect();
        let same_client = |leg: &Leg| asked.client.is_some() && leg.asked.client == asked.client;
        if let Some((found, _)) = earlier.iter().find(|(_, leg)| same_client(leg)) {
            return Some(*found);
        }
        let epoch = asked.point.as_ref().map(|point| &point.epoch);
        let ended = |leg: &Leg| leg.closed_line > 0 && (epoch.is_none() || leg.epoch.as_ref() == epoch);
        let ended: Vec<&(ConnIx, &Leg)> = earlier.iter().filter(|(_, leg)| ended(leg)).collect();
        let offset = asked.point.as_ref().map(|point| point.offset);
        let stood_there = ended.iter().find(|(_, leg)| offset.is_some() && leg.last == offset);
        stood_there.or_else(|| ended.iter().max_by_key(|(_, leg)| leg.closed_line)).map(|(found, _)| *found)
    }
}

/// The runs that are open on a connection: begun or accepted there, and not ended there.
pub(super) fn open_runs(conn: ConnIx, index: &Index) -> Vec<Left> {
    let user = index.conn(conn).and_then(|view| index.user(view.user?));
    let runs = user.map_or(&[][..], |user| &user.open_runs);
    runs.iter().filter_map(|run| left_open(conn, *run, index.run(*run)?, index)).collect()
}

fn left_open(conn: ConnIx, run: RunIx, view: &RunView, index: &Index) -> Option<Left> {
    let request = index.request_of_run(view);
    let (seq, line) = match view.sights.iter().find(|sight| sight.conn == conn) {
        Some(sight) if sight.terminal.is_none() => (sight.last_seq, sight.last_line),
        Some(_) => return None,
        None => {
            let asked_here = request.is_some_and(|request| request.conn == Some(conn));
            (None, Some(view.first_line).filter(|_| asked_here && view.terminal.is_none())?)
        }
    };
    Some(Left {
        run,
        id: view.id.clone(),
        request: view.request,
        seq,
        line,
        asked_t_ns: request.map_or(view.first_t_ns, |request| request.intended_t_ns),
    })
}
