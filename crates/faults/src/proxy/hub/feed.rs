//! What the hub is told, made steps for the fault.

use super::{Conn, Hub, Input, Origin};
use crate::fault::Step;
use crate::message::Message;
use crate::proxy::heard::Heard;
use crate::proxy::toxic::Way;
use goldenpath_history::{ClosedBy, Direction, RecordKind, Trial};
use serde_json::json;
use tokio::sync::OwnedSemaphorePermit;

/// What passes without being a step of a history.
const UNSEEN: RecordKind<'static> =
    RecordKind::Mark { name: std::borrow::Cow::Borrowed("unseen"), note: None };

impl Hub {
    pub(super) fn take(&mut self, now_ns: u64, input: Input) {
        match input {
            Input::Opened { conn, user, url, status, body, gate } => {
                // What was refused has no connection behind it.
                let known = Conn { user: user.clone(), ..Conn::default() };
                if matches!(status, 101 | 200) {
                    self.conns.insert(conn, known);
                }
                let kind = RecordKind::Open {
                    url: Some(url.into()),
                    status: Some(status),
                    intended_t_ns: Some(now_ns),
                    credential: None,
                    body: body.map(Into::into),
                };
                let step = Step { t_ns: now_ns, conn: Some(conn), user: user.map(Into::into), kind };
                self.injector.feed_with(step, Origin::Gate(gate));
            }
            Input::Joined { conn, link } => self.conns.entry(conn).or_default().link = Some(link),
            Input::Heard { conn, way, heard, shell, leave } => {
                self.hear(now_ns, conn, way, heard, shell, leave);
            }
            Input::Reader { conn, reads } => {
                let told = if reads { Trial::ReaderReads } else { Trial::ReaderStalled };
                let origin = Origin::Frames { way: Way::Down, frames: Vec::new(), shell: None, leave: None };
                self.injector.feed_with(self.step(now_ns, conn, told.mark()), origin);
            }
            Input::Ended { conn, way, broken } => self.ended(now_ns, conn, way, broken),
            Input::Store { conn, user, run_id, status, body, gate } => {
                let kind = self.told(user.as_deref(), &run_id, status, &body);
                let step = Step { t_ns: now_ns, conn: Some(conn), user: user.map(Into::into), kind };
                self.injector.feed_with(step, Origin::Gate(gate));
            }
        }
    }

    fn hear(
        &mut self,
        now_ns: u64,
        conn: u32,
        way: Way,
        heard: Heard,
        shell: Option<String>,
        leave: Option<OwnedSemaphorePermit>,
    ) {
        let Some(known) = self.conns.get_mut(&conn) else { return };
        match heard {
            Heard::Message { raw, opcode, frames } => {
                let dir = if way == Way::Up { Direction::Out } else { Direction::In };
                let kind = RecordKind::Frame { dir, raw: raw.into(), opcode: opcode.map(Into::into) };
                let step = self.step(now_ns, conn, kind);
                self.learn_user(conn, Message::of(&step));
                self.injector.feed_with(step, Origin::Frames { way, frames, shell, leave });
            }
            Heard::Close { code, reason, frame } => {
                let origin = Origin::Frames { way, frames: vec![frame], shell: None, leave };
                let answers = way == Way::Up || known.close_fed;
                if way == Way::Up {
                    known.client_closes = true;
                    if known.cut {
                        return self.part(conn);
                    }
                }
                if answers {
                    return self.injector.pass_with(self.step(now_ns, conn, UNSEEN), origin);
                }
                known.close_fed = true;
                let by = if known.client_closes { ClosedBy::Client } else { ClosedBy::Server };
                let reason = (!reason.is_empty()).then(|| reason.into());
                let kind = RecordKind::Close { code: Some(code), reason, by };
                self.injector.feed_with(self.step(now_ns, conn, kind), origin);
            }
            Heard::Other(frames) => {
                let origin = Origin::Frames { way, frames, shell, leave };
                self.injector.pass_with(self.step(now_ns, conn, UNSEEN), origin);
            }
        }
    }

    /// A greeting says whose connection it is, where the token did not.
    fn learn_user(&mut self, conn: u32, message: Option<Message>) {
        let Some(message) = message.filter(|message| message.is("connection_established")) else { return };
        if let (Some(known), Some(user)) = (self.conns.get_mut(&conn), message.text("user_id")) {
            known.user.get_or_insert_with(|| user.to_owned());
        }
    }

    fn ended(&mut self, now_ns: u64, conn: u32, way: Way, broken: bool) {
        let Some(known) = self.conns.get_mut(&conn) else { return };
        known.ended[way.index()] = true;
        if known.cut {
            if way == Way::Up {
                self.part(conn);
            }
            return;
        }
        let origin = Origin::End { way, broken };
        if std::mem::replace(&mut known.close_fed, true) {
            return self.injector.pass_with(self.step(now_ns, conn, UNSEEN), origin);
        }
        let by = if way == Way::Up { ClosedBy::Client } else { ClosedBy::Transport };
        let kind = RecordKind::Close { code: None, reason: None, by };
        self.injector.feed_with(self.step(now_ns, conn, kind), origin);
    }

    /// A read answer as a history tells it: what the store says, or what a stranger was told.
    fn told(&self, user: Option<&str>, run_id: &str, status: u16, body: &str) -> RecordKind<'static> {
        let owner = self.injector.scene().run(run_id).map(|run| run.user.as_str());
        let foreign = owner.is_some() && user.is_some() && owner != user;
        let (name, note) = if foreign {
            let (kind, target) = ("foreign_read", run_id);
            (
                "probe",
                json!({"kind": kind, "owner": owner, "target": target, "status": status, "answer": body}),
            )
        } else {
            ("store", json!({"run_id": run_id, "status": status, "body": body}))
        };
        RecordKind::Mark { name: name.into(), note: Some(note.to_string().into()) }
    }
}
