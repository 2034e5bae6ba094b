//! What a user tries after the last round: bad tokens, what belongs to others, and a token that ends.

use super::User;
use crate::clock::{MS, SECOND};
use crate::history::line;
use crate::tab::{PING_INTERVAL_NS, Pending, URL};
use goldenpath_history::{ClosedBy, Direction, RecordKind};
use goldenpath_protocol::{ClientFrame, CloseCode, ErrorCode, Recovered, ResumePoint, ServerFrame};
use rand::Rng;
use serde_json::json;

/// The bad tokens that are shown at the upgrade.
const BAD_CREDENTIALS: [&str; 10] = [
    "missing",
    "expired",
    "not_yet_valid",
    "bad_signature",
    "alg_none",
    "wrong_audience",
    "wrong_issuer",
    "tampered",
    "in_query",
    "garbage",
];

/// What every refused token gets.
fn refusal() -> String {
    json!({ "error": { "code": "unauthorized", "message": "the token is missing or not valid" } }).to_string()
}

impl User {
    pub(super) fn probes(&mut self, out: &mut Vec<Pending>) {
        let begin = self.schedule.probes_ns + u64::from(self.pen.user) * 3 * MS;
        if self.scenario.token_probes && self.pen.user == 0 {
            self.show_tokens(begin, out);
        }
        if self.scenario.token_probes && self.pen.user == 1 {
            // After all those failures somebody else gets in, too.
            self.show_good_token(begin + 330 * MS, out);
        }
        if self.scenario.foreign_probes && self.scenario.users > 1 && self.scenario.runs > 0 {
            self.try_foreign_ids(begin + 400 * MS, out);
        }
        if self.scenario.expiry_probe && self.pen.user == 0 {
            self.outlive_token(begin + 700 * MS, out);
        }
        if self.scenario.revocation_probe {
            self.outlive_revocation(begin + 900 * MS, out);
        }
        let mut sent = Vec::new();
        self.tried_after_rounds(begin, out, &mut sent);
        self.heartbeats(self.schedule.leave_ns, &mut sent);
        self.deliver(sent, &[], out);
    }

    fn show_tokens(&mut self, begin: u64, out: &mut Vec<Pending>) {
        let mut at = begin;
        for credential in BAD_CREDENTIALS {
            let conn = self.new_conn();
            let url =
                if credential == "in_query" { format!("{URL}?token=[redacted]") } else { URL.to_owned() };
            out.push(self.pen.open(at, conn, url, 401, Some(credential), Some(refusal())));
            at += 20 * MS;
        }
        self.show_good_token(at, out);
    }

    fn show_good_token(&mut self, at: u64, out: &mut Vec<Pending>) {
        let conn = self.new_conn();
        out.push(self.pen.open(at, conn, URL.to_owned(), 101, Some("valid"), None));
        let greeting = self.pen.greeting(conn, at, self.offset, Recovered::Fresh, 0, 0);
        out.push(self.pen.incoming(at + MS, conn, &greeting));
        out.push(self.pen.close(at + 10 * MS, conn, Some(1000), "", ClosedBy::Client));
    }

    /// Reads, continues and resumes what belongs to the next user.
    fn try_foreign_ids(&mut self, begin: u64, out: &mut Vec<Pending>) {
        let ids = self.pen.ids;
        let owner = (self.pen.user + 1) % self.scenario.users;
        let (run, thread) = (ids.run(owner, 0), ids.thread(owner, 0));
        let probe = |kind: &str, target: &str, status: Option<u16>, answer: Option<&str>| {
            json!({ "kind": kind, "owner": ids.user(owner), "target": target, "status": status, "answer": answer }).to_string()
        };
        let conn = self.tabs[0].conn;

        let unknown = json!({ "error": { "code": "unknown_run", "message": "no such run" } }).to_string();
        out.push(self.pen.mark(
            begin,
            "probe",
            probe("foreign_read", run.as_str(), Some(404), Some(&unknown)),
        ));

        let begin = begin + 20 * MS;
        let request_id = ids.request(self.pen.user, self.scenario.runs + 1);
        let frame = ClientFrame::AgentRequest {
            request_id: request_id.clone(),
            thread_id: Some(thread.clone()),
            agent: None,
            message: format!(
                "What is this thread about?\nReference: {}",
                ids.reference(self.pen.user, self.scenario.runs + 1)
            ),
        };
        out.push(self.pen.outgoing(begin, conn, &frame));
        let answer = line(&ServerFrame::error(ErrorCode::UnknownThread, "no such thread", Some(request_id)));
        let at = self.tabs[0].arrival(begin, MS);
        out.push(self.pen.frame(at, conn, Direction::In, answer.clone()));
        out.push(self.pen.mark(
            at + MS,
            "probe",
            probe("foreign_thread", thread.as_str(), None, Some(&answer)),
        ));

        let begin = begin + 20 * MS;
        let conn = self.new_conn();
        let resume = ResumePoint { epoch: ids.epoch(owner, 0), offset: 1 };
        out.push(self.pen.open(begin, conn, format!("{URL}?resume={resume}"), 101, None, None));
        let greeting = line(&self.pen.greeting(conn, begin, self.offset, Recovered::Failed, 0, 0));
        out.push(self.pen.frame(begin + MS, conn, Direction::In, greeting.clone()));
        let target = resume.to_string();
        out.push(self.pen.mark(
            begin + 3 * MS,
            "probe",
            probe("foreign_resume", &target, Some(101), Some(&greeting)),
        ));
        out.push(self.pen.close(begin + 5 * MS, conn, Some(1000), "", ClosedBy::Client));
    }

    /// A connection whose token ends one second later; it lives through the grace and is closed.
    fn outlive_token(&mut self, begin: u64, out: &mut Vec<Pending>) {
        let conn = self.new_conn();
        let expires_ns = begin + SECOND;
        let expires = self.pen.clock.server(expires_ns);
        out.push(self.pen.open(begin, conn, URL.to_owned(), 101, None, None));
        let joined = (Recovered::Fresh, 0, 0);
        let greeting = self.pen.greeting_until(conn, begin, self.offset, joined, expires);
        out.push(self.pen.incoming(begin + MS, conn, &greeting));
        let heartbeat = ServerFrame::Heartbeat { offset: self.offset };
        out.push(self.pen.incoming(begin + PING_INTERVAL_NS, conn, &heartbeat));
        let ends = expires_ns + 25 * SECOND;
        let code = CloseCode::TokenExpired;
        let closing = line(&ServerFrame::closing(code, 0));
        out.push(self.pen.frame(ends, conn, Direction::In, closing.clone()));
        out.push(self.pen.close(ends + MS, conn, Some(code.code()), code.reason(), ClosedBy::Server));
        let note = json!({
            "kind": "expiry",
            "owner": self.pen.name,
            "target": self.pen.ids.connection(self.pen.user, conn),
            "status": null,
            "answer": closing,
            "token_expires_at": expires,
        });
        out.push(self.pen.mark(ends + 2 * MS, "probe", note.to_string()));
    }

    /// A connection whose token is revoked: it is closed soon after, and the token opens nothing any more.
    fn outlive_revocation(&mut self, begin: u64, out: &mut Vec<Pending>) {
        let conn = self.new_conn();
        out.push(self.pen.open(begin, conn, URL.to_owned(), 101, None, None));
        let greeting = self.pen.greeting(conn, begin, self.offset, Recovered::Fresh, 0, 0);
        out.push(self.pen.incoming(begin + MS, conn, &greeting));
        let revoked = begin + 300 * MS;
        let note = json!({
            "kind": "revocation",
            "owner": self.pen.name,
            "target": self.pen.ids.connection(self.pen.user, conn),
            "status": 200,
            "answer": "",
        });
        let kind = RecordKind::Mark { name: "probe".into(), note: Some(note.to_string().into()) };
        out.push(self.pen.record(revoked, Some(conn), kind));
        let ends = revoked + self.rng.random_range(20..1_200) * MS;
        let code = CloseCode::Revoked;
        out.push(self.pen.frame(ends, conn, Direction::In, line(&ServerFrame::closing(code, 0))));
        out.push(self.pen.close(ends + MS, conn, Some(code.code()), code.reason(), ClosedBy::Server));
        let again = revoked + 2_500 * MS;
        let resume = ResumePoint { epoch: self.pen.ids.epoch(self.pen.user, self.pen.life), offset: 1 };
        let urls = [URL.to_owned(), format!("{URL}?resume={resume}")];
        for (url, at) in urls.into_iter().zip([again, again + 40 * MS]) {
            let conn = self.new_conn();
            out.push(self.pen.open(at, conn, url, 401, Some("revoked"), Some(refusal())));
        }
    }
}
