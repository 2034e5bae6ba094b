//! Epochs: the lives of a user's log. Offsets of one mean nothing in another.

use super::seams::{Case, Ruling};
use crate::check::Tally;
use crate::index::{Greeting, Index};
use crate::observation::{ConnIx, UserIx};
use crate::verdict::Finding;
use goldenpath_history::ClosedBy;
use rustc_hash::FxHashMap;

/// How long a socket may outlive its epoch: the Close may be on its way.
const GRACE_NS: u64 = 5_000_000_000;

/// Lives of one log that are kept; more is no log.
const KEPT: usize = 64;

/// 4010: what the client relies on is gone.
const INSUFFICIENT_STATE: u16 = 4010;

/// One life of a user's log, as greetings told it.
#[derive(Debug)]
struct Life {
    epoch: Box<str>,
    line: u64,
    t_ns: u64,
}

/// A connection that was greeted in a life.
#[derive(Debug, Clone, Copy)]
struct Socket {
    user: UserIx,
    conn: ConnIx,
    life: usize,
}

/// The lives of every user's log.
#[derive(Debug, Default)]
pub(super) struct Epochs {
    lives: FxHashMap<UserIx, Vec<Life>>,
    sockets: Vec<Socket>,
    /// Greetings that told an epoch which another had followed: the user, and the lines of both.
    returned: Vec<(UserIx, u64, u64)>,
    /// Whose epoch, and the line that told it.
    owners: FxHashMap<Box<str>, (UserIx, u64)>,
    /// Greetings that told an epoch of another user: the user, and the lines of both.
    shared: Vec<(UserIx, u64, u64)>,
}

impl Epochs {
    pub(super) fn greet(
        &mut self,
        user: UserIx,
        conn: ConnIx,
        epoch: &str,
        greeting: Greeting,
        index: &Index,
    ) {
        let lives = self.lives.entry(user).or_default();
        let life = match lives.iter().position(|life| *life.epoch == *epoch) {
            Some(known) => known,
            None if lives.len() >= KEPT => return,
            None => {
                lives.push(Life { epoch: epoch.into(), line: greeting.line, t_ns: greeting.t_ns });
                let (owner, line) = *self.owners.entry(epoch.into()).or_insert((user, greeting.line));
                if owner != user && self.shared.len() < KEPT {
                    self.shared.push((user, line, greeting.line));
                }
                lives.len() - 1
            }
        };
        self.sockets.push(Socket { user, conn, life });
        let Some(next) = lives.get(life + 1) else { return };
        // One that was under way when the log was lost may still be greeted in the old life.
        let asked_t_ns = index.conn(conn).map_or(0, |view| view.intended_t_ns.unwrap_or(view.opened_t_ns));
        if asked_t_ns > next.t_ns {
            self.returned.push((user, next.line, greeting.line));
        }
    }

    /// An epoch that was lost stays lost, and its sockets are closed with 4010.
    pub(super) fn judge(self, tally: &mut Tally, index: &Index) {
        for (user, next, line) in &self.returned {
            tally.broke(|| {
                Finding::new(
                    format!("user `{}`: an epoch came back", index.user_name(Some(*user))),
                    "once the log has begun anew, the old epoch is gone",
                    "a greeting tells the epoch from before the last one",
                    [*next, *line],
                )
            });
        }
        for (user, first, line) in &self.shared {
            tally.broke(|| {
                Finding::new(
                    format!("user `{}`: an epoch is another user's too", index.user_name(Some(*user))),
                    "an epoch of one's own: a foreign one can be told from it, and is refused",
                    "two users were greeted with the same epoch",
                    [*first, *line],
                )
            });
        }
        for socket in &self.sockets {
            let next = self.lives.get(&socket.user).and_then(|lives| lives.get(socket.life + 1));
            if let Some(fate) = next.and_then(|next| fate(*socket, next, index)) {
                tally.judge(fate);
            }
        }
    }
}

/// What became of a socket when the life `next` began; nothing is said of one that had ended by then.
fn fate(socket: Socket, next: &Life, index: &Index) -> Option<Option<Finding>> {
    let view = index.conn(socket.conn)?;
    let (end_t_ns, observed, line) = match view.closed {
        Some(closed) if closed.code == Some(INSUFFICIENT_STATE) => return Some(None),
        Some(closed) if closed.line < next.line => return None,
        Some(closed) => {
            let by = if closed.by == ClosedBy::Client { "its client" } else { "the server" };
            let code = closed.code.map_or_else(|| "no code".to_owned(), |code| code.to_string());
            (closed.t_ns, format!("it lived on, until {by} closed it ({code})"), closed.line)
        }
        None => (index.last_t_ns(), "it lived on until the history ended".to_owned(), 0),
    };
    // One that was greeted late in the old life is measured from its own greeting.
    let since = view.greeting.map_or(0, |greeting| greeting.t_ns).max(next.t_ns);
    let lived_on = end_t_ns.saturating_sub(since) > GRACE_NS;
    lived_on.then(|| {
        Some(Finding::new(
            format!("user `{}`: a connection outlived its epoch", index.user_name(Some(socket.user))),
            "when the log was lost, every live socket of the user is closed with 4010",
            observed,
            [view.joined_line(), next.line, line],
        ))
    })
}

/// A point of another life, or beyond the head, is refused.
pub(super) fn respected(case: &Case<'_>) -> Ruling {
    let back = &case.passage.back;
    if back.unreadable && back.full() {
        let expected = "`failed`, or a refusal at the upgrade: what cannot be read names no life of the log";
        let observed = "`full`, resumed from a point that cannot be read";
        return Ruling::Broken(case.finding("a point of no epoch was accepted", expected, observed, []));
    }
    let (Some(point), Some(told)) = (&back.point, &back.epoch) else { return Ruling::Nothing };
    let beyond = back.greeting.offset.filter(|head| *head < point.offset);
    let observed = match (back.full(), back.epochs_differ(), beyond) {
        (true, true, _) => format!("`full`, resumed from `{}` and told `{told}`", point.epoch),
        (true, false, Some(head)) => {
            format!("`full` from offset {}, which is beyond the head, {head}", point.offset)
        }
        _ => return Ruling::Kept,
    };
    let expected = "`failed`: the offset means nothing in this life of the log";
    Ruling::Broken(case.finding("an epoch that is no more was accepted", expected, observed, []))
}
