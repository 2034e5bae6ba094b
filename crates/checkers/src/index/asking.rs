//! What becomes of a request: asked once or more, accepted, refused.

use super::{Index, RequestView, fingerprint, hash_of, reference_number};
use crate::event_view::{ControlView, Field, SentView};
use crate::observation::{ConnIx, RequestIx, UserIx};
use goldenpath_history::{Record, RecordKind};

impl Index {
    pub(super) fn ask(&mut self, line: u64, record: &Record<'_>, user: Option<UserIx>, conn: Option<ConnIx>) {
        let RecordKind::Request { request_id, intended_t_ns, scenario, reference, prompt, expect } =
            &record.kind
        else {
            return;
        };
        let Some(user) = user else { return };
        let key = hash_of((user, &**request_id));
        if let Some(known) = self.request_by_user.get(&key).copied().and_then(|at| self.request_mut(at)) {
            known.attempts = known.attempts.saturating_add(1);
            return;
        }
        let request = RequestIx(u32::try_from(self.requests.len()).unwrap_or(u32::MAX));
        self.requests.push(RequestView {
            user,
            conn,
            id: (&**request_id).into(),
            line,
            t_ns: record.t_ns,
            intended_t_ns: *intended_t_ns,
            scenario: (&**scenario).into(),
            reference: reference.as_deref().and_then(reference_number),
            prompt: prompt.as_deref().map(Into::into),
            expect: expect.clone(),
            attempts: 1,
            thread: None,
            run: None,
            accepted_line: None,
            refused_line: None,
        });
        self.request_by_user.insert(key, request);
        if let Some(view) = self.user_mut(user) {
            view.asked = true;
        }
        self.request_by_id.entry(hash_of(&**request_id)).or_insert(request);
    }

    /// The frame of a request was sent: it may name a thread.
    pub(super) fn name_thread(&mut self, frame: &SentView<'_>, user: Option<UserIx>) {
        let request =
            frame.fields.text(Field::RequestId).zip(user).and_then(|(id, user)| self.request_of(user, &id));
        let thread = frame.fields.text(Field::ThreadId).map(|thread| fingerprint(&thread));
        if let (Some(view), Some(thread)) = (request.and_then(|request| self.request_mut(request)), thread) {
            view.thread.get_or_insert(thread);
        }
    }

    pub(super) fn accept(&mut self, line: u64, t_ns: u64, frame: &ControlView<'_>, user: Option<UserIx>) {
        let Some(user) = user else { return };
        let request = frame.fields.text(Field::RequestId).and_then(|id| self.request_of(user, &id));
        // It is accepted, though by a name of its run that is none.
        if let Some(view) = request.and_then(|request| self.request_mut(request)) {
            view.accepted_line.get_or_insert(line);
        }
        let Some(run_id) = frame.fields.text(Field::RunId) else { return };
        // Told to somebody who never asked, it is still the run of who did.
        let asked = request.or_else(|| {
            let id = frame.fields.text(Field::RequestId)?;
            self.request_by_id.get(&hash_of(&*id)).copied()
        });
        let owner = asked.and_then(|asked| self.request(asked)).map_or(user, |asked| asked.user);
        let run = match self.run_named(&run_id) {
            Some(known) => known,
            None => self.begin(&run_id, owner, asked, line, t_ns),
        };
        if let Some(view) = self.runs.get_mut(&run).filter(|view| view.owner == user && view.thread.is_none())
        {
            view.thread = frame.fields.text(Field::ThreadId).as_deref().map(Into::into);
        }
        if let Some(asked) = asked.filter(|_| request.is_some() || self.owner(run) == Some(owner)) {
            self.link(run, asked);
        }
    }

    pub(super) fn refuse(&mut self, line: u64, frame: &ControlView<'_>, user: Option<UserIx>) {
        let request =
            frame.fields.text(Field::RequestId).zip(user).and_then(|(id, user)| self.request_of(user, &id));
        if let Some(view) = request.and_then(|request| self.request_mut(request)) {
            view.refused_line.get_or_insert(line);
        }
    }
}
