//! What is due, written to where it belongs.

use super::{Answer, FAREWELL_NS, Hub, Layout, Origin, Out};
use crate::fault::Step;
use crate::injector::Due;
use crate::proxy::frame;
use crate::proxy::sse;
use crate::proxy::toxic::Way;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use goldenpath_history::{ClosedBy, Direction, RecordKind};
use http::StatusCode;
use rand::Rng;
use tokio::sync::OwnedSemaphorePermit;
use tokio_util::sync::CancellationToken;

impl Hub {
    pub(super) fn deliver(&mut self, due: Due<Origin>) {
        let Due { step, origin, as_it_came } = due;
        let Some(conn) = step.conn else { return };
        match origin {
            Some(Origin::Gate(gate)) => {
                let answer = if as_it_came { Some(Answer::AsItCame) } else { instead(&step) };
                if matches!(answer, Some(Answer::Instead { .. })) {
                    self.conns.remove(&conn);
                }
                if let Some(answer) = answer {
                    // Who asked may be gone.
                    let _ = gate.send(answer);
                }
            }
            Some(Origin::Frames { way, frames, leave, .. }) if as_it_came => {
                self.note_close(conn, &step);
                self.write(conn, way, Out::Bytes(frames, leave));
                self.finish(conn);
            }
            Some(Origin::End { way, broken }) if as_it_came => self.end(conn, way, broken, &step),
            Some(Origin::Frames { shell, leave, .. }) => self.show(conn, &step, shell.as_deref(), leave),
            Some(Origin::End { .. }) | None => self.show(conn, &step, None, None),
        }
    }

    fn write(&self, conn: u32, way: Way, out: Out) {
        if let Some(link) = self.conns.get(&conn).and_then(|known| known.link.as_ref()) {
            // A writer that has ended lost its socket; its reader says so.
            let _ = link.to[way.index()].send(out);
        }
    }

    fn note_close(&mut self, conn: u32, step: &Step) {
        if let (RecordKind::Close { .. }, Some(known)) = (&step.kind, self.conns.get_mut(&conn)) {
            known.closed = true;
        }
    }

    /// A socket ended: the other side hears of it, unless the fault kept the end of the connection from it.
    fn end(&mut self, conn: u32, way: Way, broken: bool, step: &Step) {
        self.note_close(conn, step);
        let Some(known) = self.conns.get(&conn) else { return };
        if broken && known.closed {
            return self.reset(conn, step.t_ns);
        }
        if known.closed || way == Way::Up {
            self.write(conn, way, Out::End);
        }
        self.finish(conn);
    }

    /// Once the end has arrived and the backend is gone, the client's socket ends too; once both are gone it is forgotten.
    fn finish(&mut self, conn: u32) {
        let Some(known) = self.conns.get(&conn) else { return };
        if known.closed && known.ended[Way::Down.index()] {
            self.write(conn, Way::Down, Out::End);
        }
        if known.ended == [true; 2] {
            self.conns.remove(&conn);
        }
    }

    /// Writes what the fault made of a step, or made up.
    fn show(&mut self, conn: u32, step: &Step, shell: Option<&str>, leave: Option<OwnedSemaphorePermit>) {
        match &step.kind {
            RecordKind::Frame { dir, raw, opcode } => {
                let way = if *dir == Direction::Out { Way::Up } else { Way::Down };
                let bytes = self.encoded(conn, way, raw, opcode.as_deref(), shell);
                if let Some(bytes) = bytes {
                    self.write(conn, way, Out::Bytes(vec![bytes], leave));
                }
            }
            // A client that gives up does so by itself, in its own time: all that a proxy does for it is to answer nothing.
            RecordKind::Close { code: None, by: ClosedBy::Client, .. } => {}
            RecordKind::Close { code, reason, .. } => {
                self.hang_up(conn, step.t_ns, *code, reason.as_deref().unwrap_or_default());
            }
            _ => {}
        }
    }

    fn encoded(
        &mut self,
        conn: u32,
        way: Way,
        raw: &str,
        opcode: Option<&str>,
        shell: Option<&str>,
    ) -> Option<Bytes> {
        let layout = self.conns.get(&conn)?.link.as_ref()?.layout;
        let payload = match opcode {
            None => raw.as_bytes().to_vec(),
            Some(_) => STANDARD.decode(raw).unwrap_or_else(|_| raw.as_bytes().to_vec()),
        };
        if layout == Layout::EventStream {
            return Some(sse::event(shell.unwrap_or_default(), &payload));
        }
        let mask = (way == Way::Up).then(|| self.masks.random());
        let opcode = if opcode == Some("binary") { frame::BINARY } else { frame::TEXT };
        Some(frame::whole(opcode, &payload, mask))
    }

    /// Ends a connection as the fault wants it ended. The backend sees its client vanish.
    fn hang_up(&mut self, conn: u32, now_ns: u64, code: Option<u16>, reason: &str) {
        let Some(known) = self.conns.get_mut(&conn) else { return };
        let Some(link) = &known.link else { return };
        (known.cut, known.closed, known.close_fed) = (true, true, true);
        link.stop[Way::Down.index()].cancel();
        let Some(code) = code else { return self.reset(conn, now_ns) };
        self.farewells.push((now_ns.saturating_add(FAREWELL_NS), link.kill.clone()));
        if link.layout == Layout::EventStream {
            return self.part(conn);
        }
        let farewell = frame::close(code, reason, None);
        let _ = link.to[Way::Down.index()].send(Out::Bytes(vec![farewell], None));
        if known.ended[Way::Up.index()] {
            self.part(conn);
        }
    }

    /// Resets the client's socket once it has what was written before.
    fn reset(&mut self, conn: u32, now_ns: u64) {
        if let Some(link) = self.conns.remove(&conn).and_then(|known| known.link) {
            link.ending.reset();
            link.stop.iter().for_each(CancellationToken::cancel);
            self.farewells.push((now_ns.saturating_add(FAREWELL_NS), link.kill));
        }
    }

    /// The client has answered the farewell, or is gone.
    pub(super) fn part(&mut self, conn: u32) {
        self.write(conn, Way::Down, Out::End);
        if let Some(link) = self.conns.remove(&conn).and_then(|known| known.link) {
            link.stop[Way::Up.index()].cancel();
        }
    }
}

/// The answer that an altered step tells of.
fn instead(step: &Step) -> Option<Answer> {
    let (status, body) = match &step.kind {
        RecordKind::Open { status, body, .. } => ((*status)?, body.as_deref().unwrap_or_default().to_owned()),
        RecordKind::Mark { note, .. } => {
            let note: serde_json::Value = serde_json::from_str(note.as_deref()?).ok()?;
            let body = note.get("body").or_else(|| note.get("answer"))?;
            let body = body.as_str().map_or_else(|| body.to_string(), str::to_owned);
            (u16::try_from(note.get("status")?.as_u64()?).ok()?, body)
        }
        _ => return None,
    };
    Some(Answer::Instead { status: StatusCode::from_u16(status).ok()?, body })
}
